//! The requests of components.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method};
use http_body_util::BodyExt as _;
use warren_engine::capability::http::{Outgoing as _, OutgoingRequest, Timeouts, reason};
use warren_kernel::{Error, Kind};

use super::super::payload::{Part, Payload};
use super::server::{Reply, Server, ok, redirect, with};
use super::{World, in_time, public};

fn request(method: Method, url: &str) -> OutgoingRequest {
    OutgoingRequest {
        method,
        uri: url.parse().unwrap(),
        headers: HeaderMap::new(),
        timeouts: Timeouts::default(),
    }
}

/// Sends a request, and returns status, fields and body of the answer.
async fn sent(
    world: &mut World,
    request: &OutgoingRequest,
    body: &'static str,
) -> Result<(u16, HeaderMap, Bytes), Error> {
    let sending = world.http.begin(&mut world.tester, request)?;
    let body = Payload::new([Part::Bytes(Bytes::from(body))]).into_body();
    let response = in_time(sending(body)).await?;
    let (head, body) = response.into_parts();
    let body = in_time(body.collect()).await?.to_bytes();
    Ok((head.status.as_u16(), head.headers, body))
}

#[tokio::test]
async fn a_request_is_sent_as_it_is() {
    let server = Server::start(|seen| match seen.target() {
        "/moved" => redirect(302, "/end"),
        "/encoded" => with("content-encoding: gzip\r\n", "as it is"),
        _ => ok(&seen.body),
    })
    .await;
    let mut world = World::new(&["http://site.org"]);
    world.publish("site.org", &server);
    let mut post = request(Method::POST, "http://site.org/x?y");
    post.headers.insert("x-own", HeaderValue::from_static("1"));
    let (status, _, body) = sent(&mut world, &post, "hello").await.unwrap();
    assert_eq!((status, &body[..]), (200, &b"hello"[..]));
    let head = server.all()[0].head.to_lowercase();
    assert!(head.starts_with("post /x?y "), "{head}");
    assert!(
        head.contains("x-own: 1\r\n") && head.contains("host: site.org\r\n"),
        "{head}"
    );
    assert!(
        !head.contains("accept") && !head.contains("user-agent"),
        "{head}"
    );
    let moved = request(Method::GET, "http://site.org/moved");
    let (status, headers, _) = sent(&mut world, &moved, "").await.unwrap();
    assert_eq!(
        (status, headers["location"].as_bytes()),
        (302, &b"/end"[..])
    );
    let encoded = request(Method::GET, "http://site.org/encoded");
    let (_, headers, body) = sent(&mut world, &encoded, "").await.unwrap();
    assert_eq!(
        (headers["content-encoding"].as_bytes(), &body[..]),
        (&b"gzip"[..], &b"as it is"[..])
    );
    assert!(world.http.client.flights.is_empty());
}

#[tokio::test]
async fn a_request_is_judged() {
    let mut world = World::new(&["http://site.org", "http://0x7f.1"]);
    world.tester.denied_on = vec!["http://site.org".to_owned()];
    for (url, kind) in [
        ("http://other.org/", Kind::PermissionDenied),
        ("http://site.org/", Kind::PermissionDenied),
        ("http://user@site.org/", Kind::Invalid),
        ("http://0x7f.1/", Kind::PermissionDenied),
        ("http://[::ffff:127.0.0.1]/", Kind::PermissionDenied),
    ] {
        let error = sent(&mut world, &request(Method::GET, url), "")
            .await
            .unwrap_err();
        assert_eq!(error.kind, kind, "{url}: {error}");
    }
    for method in [Method::CONNECT, Method::TRACE] {
        let error = sent(&mut world, &request(method, "http://0x7f.1/"), "").await;
        assert_eq!(error.unwrap_err().kind, Kind::Invalid);
    }
    assert!(world.names.connected.lock().is_empty());
    assert!(world.names.asked.lock().is_empty());
}

#[tokio::test]
async fn a_request_has_the_times_of_its_component() {
    let server = Server::start(|_| Reply::Hang(Vec::new())).await;
    let mut world = World::new(&["http://site.org"]);
    world.publish("site.org", &server);
    let mut late = request(Method::GET, "http://site.org/");
    late.timeouts.first_byte = Some(Duration::from_millis(50));
    let error = sent(&mut world, &late, "").await.unwrap_err();
    assert_eq!(error.kind, Kind::Timeout, "{error}");
    *world.names.silent.lock() = Some(public());
    let mut unconnected = request(Method::GET, "http://site.org/");
    unconnected.timeouts.connect = Some(Duration::from_millis(50));
    let error = sent(&mut world, &unconnected, "").await.unwrap_err();
    assert_eq!(error.kind, Kind::Timeout, "{error}");
    assert!(
        format!("{:?}", error.details).contains(reason::CONNECT_TIMEOUT),
        "{error:?}"
    );
    assert!(world.http.client.flights.is_empty());
}

#[tokio::test]
async fn a_request_counts_until_its_body_is_dropped() {
    let server =
        Server::start(|_| Reply::Hang(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx".to_vec()))
            .await;
    let mut world = World::new(&["http://site.org"]);
    world.publish("site.org", &server);
    let get = request(Method::GET, "http://site.org/");
    let sending = world.http.begin(&mut world.tester, &get).unwrap();
    let response = in_time(sending(Payload::default().into_body()))
        .await
        .unwrap();
    assert!(!world.http.client.flights.is_empty());
    drop(response);
    assert!(world.http.client.flights.is_empty());
    in_time(server.gone.notified()).await;
}
