//! Effects of one tenant on another: none.

use std::pin::pin;
use std::time::Duration;

use hyper::{Method, StatusCode};
use tokio::time::timeout;
use warren_server::Config;

use crate::client::{Client, ask, get, request};
use crate::setup::{APP, Serving, config, ended, run, started};

#[test]
fn a_loop_is_terminated_at_its_deadline() {
    run(async {
        let server = Serving::start(Config {
            deadline: Duration::from_millis(100),
            ..config(APP)
        });
        let server = server.await;
        let mut changes = server.observe();
        // On a busy machine the deadline may pass before the process has started.
        let pid = {
            let mut starts = pin!(started(&mut changes, "app.globex:http"));
            loop {
                let answer = get(server.address, "/globex/loop").await;
                assert_eq!(answer.status, StatusCode::GATEWAY_TIMEOUT);
                if let Ok(pid) = timeout(Duration::ZERO, starts.as_mut()).await {
                    break pid;
                }
            }
        };
        ended(&mut changes, &pid).await;
    });
}

#[test]
fn beside_a_loop_others_answer_and_it_ends_when_its_client_hangs_up() {
    run(async {
        let server = Serving::example().await;
        let mut changes = server.observe();
        // More loops than there are cores.
        let loops: Vec<_> = (0..4)
            .map(|_| {
                tokio::spawn(ask(
                    server.address,
                    request(Method::GET, "/globex/loop", ""),
                ))
            })
            .collect();
        let mut pids = Vec::new();
        for _ in &loops {
            pids.push(started(&mut changes, "app.globex:http").await);
        }
        for path in ["/acme", "/globex", "/acme/members"] {
            assert_eq!(get(server.address, path).await.status, StatusCode::OK);
        }
        for (pid, asking) in pids.iter().zip(&loops) {
            assert!(server.runtime.find(pid).is_ok());
            asking.abort();
        }
        for pid in &pids {
            if let Ok(process) = server.runtime.find(pid) {
                process.wait().await;
            }
        }
    });
}

#[test]
fn a_process_that_eats_memory_fails_at_its_limit_alone() {
    run(async {
        let server = Serving::example().await;
        let mut ada = Client::enter(server.address, "acme", "ada").await;
        for _ in 0..2 {
            let answer = get(server.address, "/globex/hog").await;
            assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
            assert_eq!(get(server.address, "/acme").await.status, StatusCode::OK);
        }
        ada.say("still there").await;
        assert_eq!(ada.hear().await, "ada: still there");
    });
}

#[test]
fn a_tenant_cannot_reach_what_is_another_s() {
    run(async {
        let server = Serving::example().await;
        let mut ada = Client::enter(server.address, "acme", "ada").await;
        let answer = get(server.address, "/globex/spy").await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", answer.text());
        let lines: Vec<&str> = answer.text().lines().collect();
        let tried = ["host", "monitor", "send", "spawn", "terminate"];
        assert_eq!(lines.len(), tried.len());
        for (line, what) in lines.iter().zip(tried) {
            let denied = format!("{what}: not allowed: process.{what}");
            assert!(line.starts_with(&denied), "{line}");
        }
        // The room was not affected.
        ada.say("alone").await;
        assert_eq!(ada.hear().await, "ada: alone");
        let members = get(server.address, "/acme/members").await;
        assert_eq!(members.json(), serde_json::json!(["ada"]));
    });
}

#[test]
fn each_tenant_has_a_room_of_its_own() {
    run(async {
        let server = Serving::example().await;
        let mut ada = Client::enter(server.address, "acme", "ada").await;
        let mut eve = Client::enter(server.address, "globex", "eve").await;
        eve.say("who hears me").await;
        assert_eq!(eve.hear().await, "eve: who hears me");
        ada.say("nobody").await;
        assert_eq!(ada.hear().await, "ada: nobody");
    });
}
