//! Tenants that come, change and go while the server runs.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use http_body_util::Full;
use hyper::{Method, Request, StatusCode};
use serde_json::{Value, json};
use warren_server::Config;

use crate::client::{Answer, Client, ask, get, request};
use crate::setup::{APP, Serving, config, in_time, run};

/// Starts the example with the pages of the operator.
async fn start() -> (Serving, SocketAddr) {
    Serving::start_with_admin(Config {
        admin: Some(SocketAddr::from(([127, 0, 0, 1], 0))),
        ..config(APP)
    })
    .await
}

async fn put(admin: SocketAddr, name: &str, body: Value) -> Answer {
    let request = Request::builder()
        .method(Method::PUT)
        .uri(format!("/tenants/{name}"))
        .header("host", "localhost")
        .header("content-type", "application/json")
        .body(Full::new(Bytes::from(body.to_string())))
        .unwrap();
    ask(admin, request).await.unwrap()
}

async fn delete(admin: SocketAddr, name: &str) -> StatusCode {
    let request = request(Method::DELETE, &format!("/tenants/{name}"), "");
    ask(admin, request).await.unwrap().status
}

fn says(text: &str) -> Value {
    json!({ "http": format!("return function() return {{ body = '{text}' }} end") })
}

#[test]
fn a_tenant_comes_changes_and_goes() {
    run(async {
        let (server, admin) = start().await;
        assert_eq!(
            get(server.address, "/new").await.status,
            StatusCode::NOT_FOUND
        );
        assert_eq!(
            put(admin, "new", says("one")).await.status,
            StatusCode::CREATED
        );
        assert_eq!(get(server.address, "/new").await.text(), "one");
        let names = get(admin, "/tenants").await;
        assert_eq!(names.json(), json!(["acme", "globex", "new"]));
        // It has a room, of which its users see nothing when its code is replaced.
        let mut ada = Client::enter(server.address, "new", "ada").await;
        assert_eq!(
            put(admin, "new", says("two")).await.status,
            StatusCode::NO_CONTENT
        );
        assert_eq!(get(server.address, "/new").await.text(), "two");
        ada.say("still there").await;
        assert_eq!(ada.hear().await, "ada: still there");
        assert_eq!(get(server.address, "/healthz").await.status, StatusCode::OK);

        assert_eq!(delete(admin, "new").await, StatusCode::NO_CONTENT);
        assert_eq!(
            get(server.address, "/new").await.status,
            StatusCode::NOT_FOUND
        );
        assert_eq!(delete(admin, "new").await, StatusCode::NOT_FOUND);
        // Its processes are asked to end: the room and the chat's session and socket.
        let inspector = server.runtime.inspector();
        in_time(async {
            while inspector.totals().processes > 2 {
                tokio::task::yield_now().await;
            }
        })
        .await;
        assert_eq!(get(server.address, "/healthz").await.status, StatusCode::OK);
    });
}

#[test]
fn a_refused_change_of_a_tenant_changes_nothing() {
    run(async {
        let (server, admin) = start().await;
        put(admin, "new", says("one")).await;
        let answer = put(admin, "new", json!({ "http": "return function( end" })).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(
            answer.text().starts_with("new/http.lua:1:"),
            "{}",
            answer.text()
        );
        assert_eq!(get(server.address, "/new").await.text(), "one");
        for name in ["metrics", "a.b", "a%20b"] {
            let answer = put(admin, name, says("one")).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{name}");
        }
        // A tenant of the program is hidden, and is there again; it cannot be removed.
        assert_eq!(delete(admin, "acme").await, StatusCode::CONFLICT);
        assert_eq!(
            put(admin, "acme", says("mine")).await.status,
            StatusCode::NO_CONTENT
        );
        assert_eq!(get(server.address, "/acme").await.text(), "mine");
        assert_eq!(delete(admin, "acme").await, StatusCode::NO_CONTENT);
        assert_eq!(
            get(server.address, "/acme").await.text(),
            "hello from acme\n"
        );
        let answer = put(admin, "new", json!({ "https": "" })).await;
        assert!(answer.status.is_client_error());
    });
}

#[test]
fn a_new_tenant_is_kept_from_the_others_too() {
    run(async {
        let (server, admin) = start().await;
        let spy = "return function()
            local sent, err = process.send('acme:room', 'line', 'from a stranger')
            return { body = err and err:kind() == errors.PERMISSION_DENIED and 'refused' or 'sent' }
        end";
        let answer = put(admin, "spy", json!({ "http": spy })).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{}", answer.text());
        assert_eq!(get(server.address, "/spy").await.text(), "refused");
    });
}

#[test]
fn no_request_of_others_fails_while_tenants_come_and_go() {
    const TENANTS: usize = 40;
    run(async {
        let (server, admin) = start().await;
        let is_done = Arc::new(AtomicBool::new(false));
        let asking: Vec<_> = ["/acme", "/globex"]
            .into_iter()
            .map(|path| {
                let (is_done, address) = (Arc::clone(&is_done), server.address);
                tokio::spawn(async move {
                    let mut answered = 0;
                    while !is_done.load(Ordering::Relaxed) {
                        let answer = get(address, path).await;
                        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text());
                        answered += 1;
                    }
                    answered
                })
            })
            .collect();
        for n in 0..TENANTS {
            let name = format!("t{n}");
            for text in ["one", "two"] {
                assert!(put(admin, &name, says(text)).await.status.is_success());
                assert_eq!(get(server.address, &format!("/{name}")).await.text(), text);
            }
            assert_eq!(delete(admin, &name).await, StatusCode::NO_CONTENT);
        }
        is_done.store(true, Ordering::Relaxed);
        for asking in asking {
            assert!(asking.await.unwrap() > 0);
        }
    });
}
