//! Requests of a process that belongs to a trace over several programs.

use std::sync::Arc;

use http::{HeaderMap, Method};
use warren_engine::TraceContext;
use warren_engine::capability::http::{Outgoing as _, OutgoingRequest, Timeouts};

use super::super::payload::Payload;
use super::server::{Server, ok, redirect};
use super::{World, in_time, table};

const FIELD: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

/// A process that belongs to a trace.
fn traced() -> World {
    let mut world = World::new(&["http://site.org", "http://other.org"]);
    let context = TraceContext::parse(FIELD.as_bytes()).unwrap();
    world.tester.trace = Some(Arc::new(context.with_state("a=1")));
    world
}

#[tokio::test]
async fn requests_belong_to_the_trace_of_their_process() {
    let server = Server::start(|seen| match seen.target() {
        "/moved" => redirect(302, "http://other.org/end"),
        _ => ok(""),
    })
    .await;
    let mut world = traced();
    for name in ["site.org", "other.org"] {
        world.publish(name, &server);
    }
    world.get("http://site.org/moved").await.unwrap();
    for seen in server.all() {
        assert_eq!(seen.field("traceparent").as_deref(), Some(FIELD));
        assert_eq!(seen.field("tracestate").as_deref(), Some("a=1"));
    }
    assert_eq!(server.all().len(), 2);

    // A field of the program counts.
    let own = vec![("headers", table(&[("Traceparent", "own")]))];
    world.request("GET", "http://site.org/", own).await.unwrap();
    let last = server.all().pop().unwrap();
    assert_eq!(last.field("traceparent").as_deref(), Some("own"));

    let component = OutgoingRequest {
        method: Method::GET,
        uri: "http://site.org/component".parse().unwrap(),
        headers: HeaderMap::new(),
        timeouts: Timeouts::default(),
    };
    let sending = world.http.begin(&mut world.tester, &component).unwrap();
    in_time(sending(Payload::default().into_body()))
        .await
        .unwrap();
    let last = server.all().pop().unwrap();
    assert_eq!(last.target(), "/component");
    assert_eq!(last.field("traceparent").as_deref(), Some(FIELD));

    world.tester.trace = None;
    world.get("http://site.org/").await.unwrap();
    let last = server.all().pop().unwrap();
    assert_eq!(last.field("traceparent"), None);
}
