//! Components of `wasi:http/proxy` that tools of others have built, served unchanged.

#![allow(clippy::expect_used, reason = "a test program")]

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use warren_tests::{Program, Warren, served};

/// Longer than the server takes to start and to answer on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// Returns an address at which nobody listens.
fn free() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
    listener.local_addr().expect("it is bound")
}

/// Connects as soon as the server listens.
#[track_caller]
fn connect(server: SocketAddr) -> TcpStream {
    let begun = Instant::now();
    loop {
        match TcpStream::connect(server) {
            Ok(stream) => return stream,
            Err(error) => assert!(begun.elapsed() < PATIENCE, "no server: {error}"),
        }
        thread::yield_now();
    }
}

/// Sends a request, and returns the head and the body of the answer.
#[track_caller]
fn ask(server: SocketAddr, method: &str, path: &str, body: &str) -> (String, String) {
    let mut stream = connect(server);
    stream.set_read_timeout(Some(PATIENCE)).expect("a timeout");
    let len = body.len();
    // Version 1.0: the answer ends with the connection, and is not in chunks.
    let request = format!(
        "{method} {path} HTTP/1.0\r\nhost: {server}\r\ncontent-length: {len}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).expect("it is sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).expect("it is answered");
    let (head, body) = answer.split_once("\r\n\r\n").expect("an answer has a head");
    (head.to_ascii_lowercase(), body.to_owned())
}

/// Returns the status in the head of an answer.
fn status(head: &str) -> &str {
    head.split(' ').nth(1).unwrap_or_default()
}

fn manifest(server: SocketAddr) -> String {
    format!(
        r#"
[stores."app:counts"]

[listeners."app:web"]
bind = "{server}"

[routes."app:web"]
"* /count/{{path...}}" = "app:count"
"* /{{path...}}" = "app:echo"

[grants."app:count"]
store = ["counts"]
env = ["GREETING"]

[grants."app:echo"]
http = [{{ origin = "http://{server}", private = true }}]
"#
    )
}

#[test]
fn components_of_other_tools_are_served_unchanged() {
    let (echo, count) = (served::js("echo"), served::python("count"));
    let server = free();
    let manifest = manifest(server);
    let program = Program::of(&[
        ("warren.toml", manifest.as_bytes()),
        ("main.lua", b"return function() end".as_slice()),
        ("echo.wasm", &echo[..]),
        ("count.wasm", &count[..]),
    ]);
    let inspected = Warren::tool("inspect", program.path().join("count.wasm")).outcome();
    let inspected = inspected.ends_with(0);
    for text in [
        "It answers requests of a route",
        "wasi:keyvalue/store@0.2.0-draft: store = [\"ID\"], or --store ID",
        "wasi:config/store@0.2.0-rc.1: env = [\"NAME\"], or --env NAME",
    ] {
        assert!(inspected.text().contains(text), "{text:?}: {inspected}");
    }
    let session = program.command().env("GREETING", "hello").start();

    let (head, body) = ask(server, "POST", "/path?query", "the body");
    assert_eq!(status(&head), "201", "{head}");
    assert!(head.contains("x-answered: js"), "{head}");
    assert_eq!(body, "POST /path the body");

    for number in 1..=3 {
        let (head, body) = ask(server, "GET", "/count/x", "");
        assert_eq!(status(&head), "200", "{head}");
        assert_eq!(body, format!("hello, number {number} for /count/x"));
    }

    // The component asks the server itself.
    let (_, body) = ask(
        server,
        "GET",
        &format!("/proxy?to=http://{server}/inner"),
        "",
    );
    assert_eq!(body, "got 201: GET /inner ");
    let (head, _) = ask(server, "GET", "/proxy?to=http://192.0.2.1/", "");
    assert_eq!(status(&head), "500", "it is not granted: {head}");
    session.kill();
}
