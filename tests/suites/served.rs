//! Components of `wasi:http/proxy` that tools of others have built, served unchanged.

#![allow(clippy::expect_used, reason = "a test program")]

use warren_tests::{Program, Session, Site, Warren, served};

use crate::web::client::{Answer, Client};

/// A program that is served.
struct Served {
    session: Session,
    address: String,
    /// The other server, which the grants of programs name.
    site: Site,
    program: Program,
}

/// Starts a program of a component, further files and a manifest.
#[track_caller]
fn serve(files: &[(&str, &[u8])], manifest: &str) -> Served {
    let site = Site::start();
    let manifest = site.put_into(manifest);
    let manifest = [("warren.toml", manifest.as_bytes())];
    let files = [files, &manifest[..]].concat();
    let program = Program::of(&files);
    let mut session = Warren::tool("serve", ".")
        .current_dir(program.path())
        .env("GREETING", "hello")
        .start();
    let address = session.wait_for_error_with("listening on http://");
    Served {
        session,
        address,
        site,
        program,
    }
}

impl Served {
    /// Sends a request without a body.
    #[track_caller]
    fn get(&self, path: &str) -> Answer {
        Client::of(&self.address).get(path)
    }

    /// Has the component ask the other server for a path.
    #[track_caller]
    fn proxy(&self, path: &str) -> Answer {
        let url = self.site.put_into(&format!("http://127.0.0.1:8080{path}"));
        self.get(&format!("/proxy?to={url}"))
    }
}

/// A manifest whose component may ask for one path of the other server. A busy machine may take
/// long to compile an engine of JavaScript.
const MANIFEST: &str = r#"
[listeners."app:web"]
bind = "127.0.0.1:0"
timeouts = { write = "20m" }

[routes."app:web"]
"* /{path...}" = "app:handler"

[grants."app:handler"]
http = [{ origin = "http://127.0.0.1:8080/status/", private = true }]
"#;

/// Asserts that a component answers as all handlers of `tests/guests/served` do. Its answer to a
/// request that was refused to it has this text, in small letters and without dashes.
#[track_caller]
fn answers(component: &[u8], refused: &str) {
    let served = serve(&[("handler.wasm", component)], MANIFEST);

    let answer = served.get("/nothing?query");
    assert_eq!(answer.status, 404, "{answer:?}");
    assert_eq!(answer.text(), "/nothing");

    let mut client = Client::of(&served.address);
    client.send("GET /fields HTTP/1.1\r\nHost: a\r\nX-Kind: tea\r\nAccept: text/*\r\n\r\n");
    let answer = client.answer();
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.text(), "x-kind: tea\n");

    echoes(&served.address);

    let granted = served.proxy("/status/202");
    assert_eq!(granted.status, 200, "{}", granted.text());
    assert_eq!(granted.text(), "202 202");
    let denied = served.proxy("/count");
    assert_eq!(denied.status, 502, "{}", denied.text());
    let text = denied.text().to_ascii_lowercase().replace('-', "");
    assert!(text.contains(refused), "{text}");
    served.session.kill();
}

/// Asserts that a body comes back part by part: each before the next one is sent.
#[track_caller]
fn echoes(address: &str) {
    let mut client = Client::of(address);
    client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
    let part = |text: &str| format!("{:x}\r\n{text}\r\n", text.len());
    let long = "long ".repeat(12_000);
    for (number, text) in ["first", "second", long.as_str()].into_iter().enumerate() {
        client.send(part(text));
        if number == 0 {
            let head = client.head();
            assert_eq!(head.status, 200, "{head:?}");
            assert_eq!(head.header("x-method"), Some("post"), "{head:?}");
        }
        let mut back = Vec::new();
        while back.len() < text.len() {
            let chunk = client.chunk();
            assert!(!chunk.is_empty(), "the answer ended before {text:.9}");
            back.extend(chunk);
        }
        assert!(back == text.as_bytes(), "{text:.9}");
    }
    client.send(part(""));
    assert_eq!(client.chunk(), b"", "the answer ends with the request");
}

#[test]
fn a_fetch_handler_of_componentize_js_is_served_unchanged() {
    // A `fetch` of the web tells no reason.
    answers(&served::js("fetch"), "error");
}

#[test]
fn a_handler_of_componentize_js_is_served_unchanged() {
    answers(&served::js("handler"), "httprequestdenied");
}

#[test]
fn a_handler_of_componentize_py_is_served_unchanged() {
    answers(&served::python("handler", "proxy"), "httprequestdenied");
}

#[test]
fn a_handler_of_the_crate_wasip2_is_served_unchanged() {
    answers(&served::rust(), "httprequestdenied");
}

/// A manifest whose component has a store and a variable.
const COUNTS: &str = r#"
[stores."app:counts"]

[listeners."app:web"]
bind = "127.0.0.1:0"
timeouts = { write = "20m" }

[routes."app:web"]
"* /{path...}" = "app:count"

[grants."app:count"]
store = ["counts"]
env = ["GREETING"]
"#;

#[test]
fn stores_and_variables_are_those_of_wasi() {
    let component = served::python("count", "count");
    let served = serve(&[("count.wasm", component.as_slice())], COUNTS);
    let path = served.program.path().join("count.wasm");
    let inspected = Warren::tool("inspect", path).outcome().ends_with(0);
    for text in [
        "It answers requests of a route",
        "wasi:keyvalue/store@0.2.0-draft: store = [\"ID\"], or --store ID",
        "wasi:config/store@0.2.0-rc.1: env = [\"NAME\"], or --env NAME",
    ] {
        assert!(inspected.text().contains(text), "{text:?}: {inspected}");
    }
    for number in 1..=3 {
        let answer = served.get("/count/x");
        assert_eq!(answer.status, 200, "{answer:?}");
        let expected = format!("hello, number {number} for /count/x");
        assert_eq!(answer.text(), expected);
    }
    served.session.kill();
}

/// A manifest whose component has a database and a queue.
const ORDERS: &str = r#"
[databases."app:shop"]
migrations = "sql"

[queues."app:tasks"]

[listeners."app:web"]
bind = "127.0.0.1:0"
timeouts = { write = "20m" }

[routes."app:web"]
"* /{path...}" = "app:orders"

[grants."app:orders"]
sql = ["shop"]
queue = ["tasks"]
"#;

const TABLE: &[u8] = b"CREATE TABLE orders (
    id INTEGER PRIMARY KEY, item TEXT NOT NULL, note TEXT, picture BLOB, price REAL, paid INTEGER
);";

#[test]
fn databases_and_queues_have_interfaces_with_types() {
    let component = served::python("orders", "orders");
    let files = [
        ("orders.wasm", component.as_slice()),
        ("sql/001_orders.sql", TABLE),
    ];
    let served = serve(&files, ORDERS);
    let path = served.program.path().join("orders.wasm");
    let inspected = Warren::tool("inspect", path).outcome().ends_with(0);
    for text in [
        "warren:process/sql@0.1.0: sql = [\"ID\"], or --sql ID",
        "warren:process/queue@0.1.0: queue = [\"ID\"], or --queue ID",
    ] {
        assert!(inspected.text().contains(text), "{text:?}: {inspected}");
    }
    // A field that is NULL is left out.
    let expected = "sqlite: 1 row, id 1: id integer 1, item text 'tea', \
                    picture blob b'\\xff\\x00', price real 2.5, paid integer 1";
    assert_eq!(served.get("/order").text(), expected);
    let undone = served.get("/undone").text();
    assert!(undone.starts_with("Invalid: "), "{undone}");
    let work = served.get("/work").text();
    let [numbers, malformed, message, ack] = work.split("; ").collect::<Vec<_>>()[..] else {
        panic!("other parts: {work}");
    };
    assert_eq!(numbers, "1 message, 1 ready, 0 consumers");
    assert!(malformed.contains("`request`"), "{malformed}");
    for failed in [message, ack] {
        assert!(failed.contains("works on no message"), "{failed}");
    }
    served.session.kill();
}
