//! Listeners of the embedder: their start, their changes, and their end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use warren::app::web::{ListenerSettings, RouteSettings, WebSettings, parse_bind};
use warren::security::{Authorizer, Decision, Request, Reuse, Scope};
use warren::{ApplyError, Change, ListenError, Object, Runtime, StartError};

use crate::setup::{builder, in_time, run};

/// A listener at a port that the system chooses, with these routes to definitions.
fn web(id: &str, routes: &[(&str, &str)]) -> WebSettings {
    at("127.0.0.1:0", id, routes)
}

fn at(bind: &str, id: &str, routes: &[(&str, &str)]) -> WebSettings {
    let routes = routes.iter();
    let routes = routes.map(|(route, definition)| RouteSettings::new(id, route, *definition));
    WebSettings {
        listeners: vec![ListenerSettings::new(id, parse_bind(bind).unwrap())],
        routes: routes.map(Result::unwrap).collect(),
        ..WebSettings::default()
    }
}

fn start(web: WebSettings) -> Runtime {
    builder()
        .native("app:one", |_| async { Ok("one") })
        .native("app:two", |_| async { Ok("two") })
        .web(web)
        .start()
        .unwrap()
}

async fn only(runtime: &Runtime) -> SocketAddr {
    let bound = in_time(runtime.serve()).await.unwrap();
    assert_eq!(bound.len(), 1);
    bound[0].address
}

/// Sends a request on a connection of its own. Returns the status and the body.
async fn get(address: SocketAddr, path: &str) -> (u16, String) {
    let mut stream = in_time(TcpStream::connect(address)).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    in_time(stream.read_to_string(&mut answer)).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head[9..12].parse().unwrap(), body.to_owned())
}

async fn is(address: SocketAddr, path: &str, body: &str) {
    assert_eq!(get(address, path).await, (200, body.to_owned()));
}

/// Waits until nobody listens at an address any more.
async fn is_closed(address: SocketAddr) {
    in_time(async { while TcpStream::connect(address).await.is_ok() {} }).await;
}

#[test]
fn a_route_answers_with_the_result_of_its_definition() {
    run(async {
        let runtime = start(web("app:web", &[("GET /one", "app:one")]));
        assert!(runtime.listeners().is_empty());
        let address = only(&runtime).await;
        is(address, "/one", "one").await;
        assert_eq!(get(address, "/two").await.0, 404);
        // A second call opens nothing further.
        assert_eq!(only(&runtime).await, address);
        assert_eq!(&*runtime.listeners()[0].listener, "app:web");
        let metrics = runtime.metrics();
        let line = "warren_http_requests_total{listener=\"app:web\",status=\"2xx\"} 1";
        assert!(metrics.contains(line), "{metrics}");
        runtime.shutdown(Duration::from_secs(5)).await;
        is_closed(address).await;
        let error = runtime.serve().await.unwrap_err();
        assert!(matches!(error, ListenError::Ending), "{error}");
    });
}

#[test]
fn connections_wait_until_the_program_has_started() {
    run(async {
        let is_served = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&is_served);
        let runtime = builder()
            .native("app:one", move |_| {
                let is_served = flag.load(Ordering::SeqCst);
                async move { Ok(if is_served { "served" } else { "early" }) }
            })
            .web(web("app:web", &[("GET /", "app:one")]))
            .start()
            .unwrap();
        let bound = runtime.listen().await.unwrap();
        let mut waiting = TcpStream::connect(bound[0].address).await.unwrap();
        waiting.write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap();
        is_served.store(true, Ordering::SeqCst);
        runtime.serve().await.unwrap();
        let mut answer = String::new();
        in_time(waiting.read_to_string(&mut answer)).await.unwrap();
        assert!(answer.ends_with("served"), "{answer}");
    });
}

#[test]
fn an_apply_changes_routes_and_keeps_the_socket() {
    run(async {
        let runtime = start(web("app:web", &[("GET /", "app:one")]));
        let address = only(&runtime).await;
        let mut kept = TcpStream::connect(address).await.unwrap();
        is(address, "/", "one").await;
        let change = Change::new().web(web("app:web", &[("GET /", "app:two")]));
        let planned = in_time(runtime.plan(change)).await.unwrap();
        let lines: Vec<_> = planned
            .plan()
            .steps
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(lines, ["~ route app:web GET /: process"]);
        in_time(planned.apply()).await.unwrap();
        assert_eq!(runtime.listeners()[0].address, address);
        is(address, "/", "two").await;
        // A connection from before has what is in place now.
        kept.write_all(b"GET / HTTP/1.0\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        in_time(kept.read_to_string(&mut answer)).await.unwrap();
        assert!(answer.ends_with("two"), "{answer}");
        in_time(runtime.rollback(Duration::ZERO)).await.unwrap();
        is(address, "/", "one").await;
        // The same again changes nothing.
        let same = Change::new().web(web("app:web", &[("GET /", "app:one")]));
        assert!(
            in_time(runtime.apply(same))
                .await
                .unwrap()
                .plan
                .is_nothing()
        );
    });
}

#[test]
fn an_apply_opens_and_closes_listeners() {
    run(async {
        let runtime = start(web("app:web", &[("GET /", "app:one")]));
        let first = only(&runtime).await;
        let both = web("app:web", &[("GET /", "app:one")])
            .with(&web("app:admin", &[("GET /", "app:two")]));
        in_time(runtime.apply(Change::new().web(both)))
            .await
            .unwrap();
        let bound = runtime.listeners();
        assert_eq!(bound.len(), 2);
        let second = bound
            .iter()
            .find(|one| &*one.listener == "app:admin")
            .unwrap();
        is(first, "/", "one").await;
        is(second.address, "/", "two").await;
        let one = Change::new().web(web("app:admin", &[("GET /", "app:two")]));
        in_time(runtime.apply(one)).await.unwrap();
        is_closed(first).await;
        is(second.address, "/", "two").await;
        let none = Change::new().web(WebSettings::default());
        in_time(runtime.apply(none)).await.unwrap();
        is_closed(second.address).await;
        assert!(runtime.listeners().is_empty());
    });
}

#[test]
fn what_cannot_be_opened_changes_nothing() {
    run(async {
        let runtime = start(web("app:web", &[("GET /", "app:one")]));
        let address = only(&runtime).await;
        let taken = at(&address.to_string(), "app:other", &[("GET /", "app:two")]);
        let change = || Change::new().web(web("app:web", &[("GET /", "app:two")]).with(&taken));
        let error = in_time(runtime.apply(change())).await.unwrap_err();
        assert!(
            matches!(&error, ApplyError::Listen(error) if error.is_in_use()),
            "{error}"
        );
        is(address, "/", "one").await;
        assert_eq!(runtime.version(), 1);
        let missing = Change::new().web(web("app:web", &[("GET /", "app:none")]));
        let error = in_time(runtime.apply(missing)).await.unwrap_err();
        let ApplyError::Missing {
            object,
            needs,
            needed,
            ..
        } = error
        else {
            panic!("{error}");
        };
        assert_eq!((object, needs), (Object::Route, Object::Definition));
        assert_eq!(needed, "app:none");
        // A definition that a route needs stays.
        let gone = Change::new().remove_definition("app:one");
        assert!(in_time(runtime.apply(gone)).await.is_err());
        is(address, "/", "one").await;
    });
}

#[test]
fn a_start_finds_what_routes_need() {
    run(async {
        let started = builder()
            .web(web("app:web", &[("GET /", "app:none")]))
            .start();
        let error = started.unwrap_err();
        assert!(matches!(error, StartError::Missing { .. }), "{error}");
        assert_eq!(
            error.to_string(),
            "route app:web GET / needs definition app:none, which is not there"
        );
    });
}

/// Permits everything but to listen.
struct Deaf;

impl Authorizer for Deaf {
    fn decide(&self, request: &Request<'_>) -> Decision {
        Decision {
            allowed: request.action != "http.listen",
            because: "deaf".into(),
            reason: None,
            reuse: Reuse::Subject,
        }
    }

    fn generation(&self) -> u64 {
        0
    }

    fn has_policy(&self, _: &str) -> bool {
        false
    }

    fn named_scope(&self, _: &str) -> Option<Scope> {
        None
    }
}

#[test]
fn a_listener_needs_the_permission() {
    run(async {
        let runtime = builder()
            .native("app:one", |_| async { Ok("one") })
            .web(web("app:web", &[("GET /", "app:one")]))
            .authorizer(Arc::new(Deaf))
            .start()
            .unwrap();
        let error = in_time(runtime.serve()).await.unwrap_err();
        assert_eq!(error.to_string(), "not allowed: http.listen on app:web");
        assert!(runtime.listeners().is_empty());
    });
}

#[test]
fn a_runtime_that_is_dropped_listens_no_more() {
    run(async {
        let runtime = start(web("app:web", &[("GET /", "app:one")]));
        let address = only(&runtime).await;
        let mut idle = TcpStream::connect(address).await.unwrap();
        is(address, "/", "one").await;
        drop(runtime);
        is_closed(address).await;
        // Ended, or reset.
        let mut rest = Vec::new();
        let _ = in_time(idle.read_to_end(&mut rest)).await;
        assert!(rest.is_empty());
    });
}
