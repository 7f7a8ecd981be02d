//! Requests and their answers.

use hyper::{Method, StatusCode};

use crate::client::{ask, get, request};
use crate::setup::{Serving, app, config, ended, run, started};

#[test]
fn a_handler_gets_the_request_and_its_answer_is_the_response() {
    run(async {
        let server = Serving::example().await;
        let echo = request(Method::POST, "/acme/echo?x=1&y=a%20b", "a body");
        let echo = ask(server.address, echo).await.unwrap();
        assert_eq!(echo.status, StatusCode::CREATED);
        assert_eq!(echo.headers["content-type"], "application/json");
        assert_eq!(
            echo.json(),
            serde_json::json!({
                "query": { "x": "1", "y": "a b" }, "body": "a body", "agent": "a test",
            })
        );
        for (path, status, text) in [
            ("/acme", 200, "hello from acme\n"),
            ("/acme/", 200, "hello from acme\n"),
            ("/globex/", 200, "hello from globex\n"),
            ("/acme/nothing", 404, "acme does not have that\n"),
        ] {
            let answer = get(server.address, path).await;
            assert_eq!((answer.status.as_u16(), answer.text()), (status, text));
        }
    });
}

#[test]
fn each_request_is_a_process_that_ends_with_it() {
    run(async {
        let server = Serving::example().await;
        let mut changes = server.observe();
        let before = server.runtime.live();
        for _ in 0..3 {
            get(server.address, "/acme").await;
            let pid = started(&mut changes, "app.acme:http").await;
            ended(&mut changes, &pid).await;
        }
        assert_eq!(server.runtime.live(), before);
    });
}

#[test]
fn a_handler_that_fails_is_a_500_with_an_id() {
    run(async {
        let server = Serving::example().await;
        let mut ids = Vec::new();
        for path in ["/globex/crash", "/globex/nonsense", "/globex/crash"] {
            let answer = get(server.address, path).await;
            assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
            let told = answer.json();
            assert_eq!(told["error"], "internal error");
            assert!(
                !answer.text().contains("stock"),
                "nothing of the error itself"
            );
            ids.push(told["id"].as_str().unwrap().to_owned());
        }
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 3);
        assert_eq!(get(server.address, "/globex").await.status, StatusCode::OK);
    });
}

#[test]
fn requests_for_nobody_or_too_large_reach_no_process() {
    run(async {
        let server = Serving::example().await;
        let spawned = || server.runtime.inspector().totals().spawned;
        let before = spawned();
        for path in ["/", "/nobody", "/nobody/chat", "//acme"] {
            let answer = get(server.address, path).await;
            assert!(answer.status.is_client_error(), "{path}: {answer:?}");
        }
        let large = request(Method::POST, "/acme/echo", vec![b'x'; 600 << 10]);
        let large = ask(server.address, large).await.unwrap();
        assert_eq!(large.status, StatusCode::PAYLOAD_TOO_LARGE);
        assert_eq!(spawned(), before);
        let fits = request(Method::POST, "/acme/echo", vec![b'x'; 500 << 10]);
        let fits = ask(server.address, fits).await.unwrap();
        assert_eq!(fits.status, StatusCode::CREATED);
        assert_eq!(fits.json()["body"].as_str().unwrap().len(), 500 << 10);
    });
}

#[test]
fn a_body_of_any_bytes_comes_back_as_it_was() {
    let handler = "return function(request) return { body = request.body:reverse() } end";
    let app = one_tenant(handler, 10);
    run(async {
        let server = Serving::start(config(app.path())).await;
        let bytes: Vec<u8> = (0..=255).collect();
        let answer = request(Method::POST, "/one", bytes.clone());
        let answer = ask(server.address, answer).await.unwrap();
        assert_eq!(answer.body, bytes.into_iter().rev().collect::<Vec<u8>>());
    });
}

#[test]
fn a_tenant_whose_processes_are_all_busy_is_overloaded() {
    let handler = "return function() process.inbox():receive() end";
    let app = one_tenant(handler, 1);
    run(async {
        let server = Serving::start(config(app.path())).await;
        let mut changes = server.observe();
        let first = tokio::spawn(ask(server.address, request(Method::GET, "/one", "")));
        let pid = started(&mut changes, "app.one:http").await;
        let second = get(server.address, "/one").await;
        assert_eq!(second.status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(second.headers["retry-after"], "1");
        server.runtime.inspector().terminate(&pid).unwrap();
        let first = first.await.unwrap().unwrap();
        assert_eq!(first.status, StatusCode::INTERNAL_SERVER_ERROR);
    });
}

/// Returns a program with a tenant `one`, whose host has room for so many
/// processes.
fn one_tenant(handler: &str, max_processes: usize) -> tempfile::TempDir {
    let manifest = format!("[hosts.\"tenants:one\"]\nmax_processes = {max_processes}\n");
    app(&[
        ("warren.toml", &manifest),
        ("main.lua", "return function() end"),
        ("one/http.lua", handler),
        ("one/chat.lua", "return function() end"),
        ("one/room.lua", "return function() end"),
    ])
}
