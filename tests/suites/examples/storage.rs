//! The first program of docs/storage.md.

use std::fs;

use warren_tests::{Program, project};

#[test]
fn the_first_program_of_the_page_about_storage_counts_its_runs() {
    let page = fs::read_to_string(project().join("docs/storage.md")).expect("the page is there");
    let block = |start: &str| {
        let (_, rest) = page.split_once(start).expect("a block of the page");
        let (content, _) = rest.split_once("```\n").expect("an end of the block");
        content.to_owned()
    };
    let program = Program::of(&[
        ("main.lua", block("```lua\n-- main.lua\n")),
        ("warren.toml", block("```toml\n# warren.toml\n")),
    ]);
    let mut shown = String::new();
    for _ in 0..2 {
        let ended = program
            .command()
            .options(["--data", "data"])
            .outcome()
            .ends_with(0)
            .says_nothing();
        shown += &format!("$ warren run --data data visits\n{}", ended.text());
    }
    assert_eq!(block("```console\n"), shown);
}
