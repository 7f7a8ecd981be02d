//! The handler that the README begins with.

use std::fs;

use warren_tests::{Program, Warren, project};

use super::client::{Request, Server};

#[test]
fn the_handler_of_the_readme_answers_as_the_page_says() {
    let readme = fs::read_to_string(project().join("README.md")).expect("the page is there");
    let (_, block) = readme.split_once("```lua\n-- web.lua").expect("a handler");
    let (handler, rest) = block.split_once("```\n").expect("an end of the block");
    let (_, console) = rest.split_once("```console\n").expect("commands");
    let (console, _) = console.split_once("```\n").expect("an end of the block");

    let program = Program::of(&[("web.lua", format!("-- web.lua{handler}"))]);
    let server = Server::start(Warren::tool("serve", program.path().join("web.lua")));
    let greeting = server.ask(&Request::new("GET", "/?name=ada")).has(200);
    assert_eq!(
        greeting.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
    let crash = server.ask(&Request::new("GET", "/?name=")).has(500);
    let id = crash.header("x-request-id").expect("an id").to_owned();
    let shown = format!(
        "$ warren serve web.lua &\n\
         listening on http://127.0.0.1:8080\n\
         $ curl 'localhost:8080/?name=ada'\n{}\
         $ curl 'localhost:8080/?name='\n{}",
        greeting.body, crash.body
    );
    let of_the_page = console.rsplit(' ').next().unwrap_or_default().trim_end();
    assert_eq!(of_the_page.len(), id.len(), "an id as they are: {id}");
    assert_eq!(console, shown.replace(&id, of_the_page));
    server.end().says(&["a name is not empty", &id]);
}
