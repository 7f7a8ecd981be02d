//! Bodies of both directions: decoded, bounded, as streams.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_compression::tokio::write::{BrotliEncoder, GzipEncoder};
use tokio::io::AsyncWriteExt as _;
use warren_engine::capability::{Caller as _, Capability as _, Charge, Step};
use warren_kernel::{Error, Kind};
use warren_values::Value;

use super::server::{Reply, Server, ok, with};
use super::{World, carried_out, fields, in_time, status, table, text};
use crate::streams::{Stream, Streams, pipe};
use crate::test::of;

async fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzipEncoder::new(Vec::new());
    encoder.write_all(bytes).await.unwrap();
    encoder.shutdown().await.unwrap();
    encoder.into_inner()
}

async fn brotli(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = BrotliEncoder::new(Vec::new());
    encoder.write_all(bytes).await.unwrap();
    encoder.shutdown().await.unwrap();
    encoder.into_inner()
}

/// Counts the bytes of a charge.
fn counting() -> (Charge, Arc<AtomicUsize>) {
    let count = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&count);
    let charge = Charge::new(move |bytes| {
        counted.fetch_add(bytes, Ordering::SeqCst);
        Ok(())
    });
    (charge, count)
}

async fn world(
    reply: impl Fn(&super::server::Seen) -> Reply + Send + Sync + 'static,
) -> (World, Server) {
    let server = Server::start(reply).await;
    let world = World::new(&["http://site.org"]);
    world.publish("site.org", &server);
    (world, server)
}

const URL: &str = "http://site.org/";

#[tokio::test]
async fn the_parts_of_an_answer_arrive() {
    let (mut world, _server) =
        world(|_| with("x-a: 1\r\nX-A: 2\r\nset-cookie: s=7; Path=/\r\n", b"\xff\0")).await;
    let answer = world.get(URL).await.unwrap();
    assert_eq!(answer.get("body"), Some(&Value::Bytes(b"\xff\0".to_vec())));
    assert_eq!(fields(&answer, "X-A"), [of("1"), of("2")]);
    assert_eq!(answer.get("cookies"), Some(&table(&[("s", "7")])));
}

#[tokio::test]
async fn an_answer_to_head_has_no_body() {
    let (mut world, server) = world(|seen| match seen.head.starts_with("HEAD") {
        true => Reply::Whole(
            b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\ncontent-encoding: gzip\r\n\r\n".to_vec(),
        ),
        false => ok("x"),
    })
    .await;
    let answer = world.request("HEAD", URL, vec![]).await.unwrap();
    assert_eq!(
        (status(&answer), answer.get("body")),
        (200, Some(&Value::Nil))
    );
    assert_eq!(fields(&answer, "Content-Length"), [of("9")]);
    assert_eq!(text(&world.get(URL).await.unwrap(), "body"), "x");
    assert_eq!(server.all().len(), 2);
}

#[tokio::test]
async fn encoded_bodies_are_decoded() {
    let (zipped, pressed) = (gzip(b"hello gzip").await, brotli(b"hello brotli").await);
    let plain = zipped.clone();
    let (mut world, server) = world(move |seen| match seen.target() {
        "/gzip" => with("content-encoding: gzip\r\n", &zipped),
        "/br" => with("content-encoding: br\r\n", &pressed),
        "/none" => with("content-encoding: gzip\r\n", ""),
        "/broken" => with("content-encoding: gzip\r\n", "not gzip at all"),
        _ => with("content-encoding: zstd\r\n", "as it is"),
    })
    .await;
    for (path, expected) in [
        ("gzip", "hello gzip"),
        ("br", "hello brotli"),
        ("x", "as it is"),
    ] {
        let answer = world.get(&format!("{URL}{path}")).await.unwrap();
        assert_eq!(text(&answer, "body"), expected);
        let encoding = fields(&answer, "Content-Encoding");
        assert_eq!(encoding.is_empty(), path != "x", "{encoding:?}");
    }
    let empty = world.get(&format!("{URL}none")).await.unwrap();
    assert_eq!(empty.get("body"), Some(&Value::Nil));
    let error = world.get(&format!("{URL}broken")).await.unwrap_err();
    assert_eq!(error.kind, Kind::Unavailable);
    assert_eq!(
        server.all()[0].field("accept-encoding").as_deref(),
        Some("gzip, br")
    );
    // A program that asks by itself gets what it asks for.
    let own = vec![("headers", table(&[("Accept-Encoding", "gzip")]))];
    let answer = world
        .request("GET", &format!("{URL}gzip"), own)
        .await
        .unwrap();
    assert_eq!(answer.get("body"), Some(&Value::Bytes(plain)));
    assert_eq!(fields(&answer, "Content-Encoding"), [of("gzip")]);
}

#[tokio::test]
async fn a_small_text_that_becomes_a_large_one_stops_at_the_limit() {
    let bomb = gzip(&vec![0; 64 << 20]).await;
    assert!(bomb.len() < 1 << 17, "{}", bomb.len());
    let (mut world, server) = world(move |_| with("content-encoding: gzip\r\n", &bomb)).await;
    let (charge, count) = counting();
    let limited = vec![("max_response_body", (1 << 20).into())];
    let step = world.begin("GET", URL, limited);
    let error = carried_out(step, charge).await.unwrap_err();
    assert_eq!(error.kind, Kind::Invalid, "{error}");
    assert!(
        error.message.contains("max_response_body = 1048576"),
        "{error}"
    );
    assert!(count.load(Ordering::SeqCst) < 3 << 20, "{count:?}");
    // Without a limit of its own the process meets that of all its bodies.
    let error = world.get(URL).await.unwrap_err();
    assert!(
        error.message.contains("max_response_body = 16777216"),
        "{error}"
    );
    assert!(world.http.client.flights.is_empty());
    drop(server);
}

#[tokio::test]
async fn the_process_is_charged_before_the_body_is_held() {
    let (mut world, _server) = world(|_| ok(vec![b'x'; 1 << 20])).await;
    let full = Charge::new(|_| Err(Error::new(Kind::RateLimited, "no memory")));
    let step = world.begin("GET", URL, vec![]);
    let error = carried_out(step, full).await.unwrap_err();
    assert_eq!(error.message, "no memory");
}

#[tokio::test]
async fn a_length_beyond_the_limit_is_refused_before_the_body_comes() {
    let (mut world, server) =
        world(|_| Reply::Hang(b"HTTP/1.1 200 OK\r\ncontent-length: 99999999999\r\n\r\n".to_vec()))
            .await;
    let error = world.get(URL).await.unwrap_err();
    assert_eq!(error.kind, Kind::Invalid, "{error}");
    in_time(server.gone.notified()).await;
}

/// Calls an operation on a stream of the process.
async fn on_stream(
    world: &mut World,
    operation: &str,
    arguments: &[Value],
) -> Result<Value, Error> {
    let request = warren_values::to_value(arguments).unwrap();
    let step = Stream::default().call(&mut world.tester, operation, request.as_slice());
    carried_out(step, Charge::new(|_| Ok(()))).await
}

#[track_caller]
fn number(answer: &Value) -> Value {
    answer.get("stream").cloned().expect("a stream")
}

#[tokio::test]
async fn an_answer_is_read_as_a_stream() {
    let zipped = gzip(&[b'x'; 100_000]).await;
    let (mut world, server) = world(move |_| with("content-encoding: gzip\r\n", &zipped)).await;
    let answer = world
        .request("GET", URL, vec![("stream", true.into())])
        .await
        .unwrap();
    assert_eq!(answer.get("body"), None);
    let stream = number(&answer);
    let mut read = 0;
    loop {
        match on_stream(&mut world, "read", &[stream.clone(), 10_000.into()])
            .await
            .unwrap()
        {
            Value::String(part) => {
                assert!((1..=10_000).contains(&part.len()));
                read += part.len();
            }
            Value::Nil => break,
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(read, 100_000);
    assert_eq!(
        on_stream(&mut world, "read", std::slice::from_ref(&stream)).await,
        Ok(Value::Nil)
    );
    let stat = on_stream(&mut world, "stat", &[stream]).await.unwrap();
    assert_eq!(stat.get("position"), Some(&Value::Integer(100_000)));
    // The request has ended with its body, while the stream is still open.
    assert!(world.http.client.flights.is_empty());
    assert_eq!(
        server.all()[0].field("accept-encoding").as_deref(),
        Some("gzip")
    );
}

#[tokio::test]
async fn a_stream_that_is_closed_ends_the_connection() {
    let (mut world, server) =
        world(|_| Reply::Endless(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), &[b'x'; 4096])).await;
    for ends_code in [false, true] {
        let options = vec![("stream", true.into())];
        let answer = world.request("GET", URL, options).await.unwrap();
        let stream = number(&answer);
        let read = on_stream(&mut world, "read", std::slice::from_ref(&stream)).await;
        assert!(matches!(read, Ok(Value::String(_))), "{read:?}");
        match ends_code {
            false => {
                let closed = on_stream(&mut world, "close", &[stream]).await;
                assert_eq!(closed, Ok(Value::Boolean(true)));
            }
            true => world.tester.end_code(),
        }
        in_time(server.gone.notified()).await;
        assert!(world.http.client.flights.is_empty());
    }
}

#[tokio::test]
async fn a_stream_has_limits_of_its_own() {
    let (mut world, server) = world(|seen| match seen.target() {
        "/endless" => Reply::Endless(b"HTTP/1.1 200 OK\r\n\r\n".to_vec(), &[b'x'; 4096]),
        _ => Reply::Hang(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx".to_vec()),
    })
    .await;
    let options = vec![
        ("stream", true.into()),
        ("max_response_body", 50_000.into()),
    ];
    let answer = world
        .request("GET", &format!("{URL}endless"), options)
        .await
        .unwrap();
    let stream = number(&answer);
    let error = loop {
        if let Err(error) = on_stream(&mut world, "read", std::slice::from_ref(&stream)).await {
            break error;
        }
    };
    assert!(
        error.message.contains("max_response_body = 50000"),
        "{error}"
    );
    in_time(server.gone.notified()).await;
    // Two seconds without a byte.
    let options = vec![("stream", true.into()), ("timeout", 2_000_000_000.into())];
    let answer = world.request("GET", URL, options).await.unwrap();
    let stream = number(&answer);
    assert_eq!(
        on_stream(&mut world, "read", std::slice::from_ref(&stream)).await,
        Ok(of("x"))
    );
    let error = on_stream(&mut world, "read", &[stream]).await.unwrap_err();
    assert_eq!(error.kind, Kind::Timeout);
    in_time(server.gone.notified()).await;
}

#[tokio::test]
async fn a_stream_is_the_body_of_a_request() {
    let (mut world, server) = world(|seen| ok(&seen.body)).await;
    let streams = world.tester.kept().state(Streams::default).unwrap();
    let (writer, reader) = pipe();
    let number = streams.open(Arc::new(reader)).unwrap();
    let options = vec![("body_stream", i64::from(number).into())];
    let step = world.begin("POST", URL, options);
    // The client has the stream now.
    assert!(streams.get(number).is_err());
    let writing = tokio::spawn(async move {
        for _ in 0..10 {
            writer.write(vec![b'x'; 20_000]).await.unwrap();
        }
        writer.finish();
    });
    let answer = carried_out(step, Charge::new(|_| Ok(()))).await.unwrap();
    in_time(writing).await.unwrap();
    assert_eq!(text(&answer, "body").len(), 200_000);
    assert_eq!(
        server.all()[0].field("transfer-encoding").as_deref(),
        Some("chunked")
    );
}

#[tokio::test]
async fn a_stream_that_fails_fails_the_request() {
    let (mut world, _server) = world(|_| ok("")).await;
    let streams = world.tester.kept().state(Streams::default).unwrap();
    let (writer, reader) = pipe();
    let number = streams.open(Arc::new(reader)).unwrap();
    let options = vec![("body_stream", i64::from(number).into())];
    let step = world.begin("POST", URL, options);
    writer.fail(Error::invalid("no more"));
    let error = carried_out(step, Charge::new(|_| Ok(())))
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind.clone(), error.message.as_str()),
        (Kind::Invalid, "no more"),
        "{error}"
    );
    // A refused request leaves the stream to the program.
    let (_writer, reader) = pipe();
    let number = streams.open(Arc::new(reader)).unwrap();
    let options = vec![("body_stream", i64::from(number).into())];
    let Step::Done(Err(error)) = world.begin("POST", "http://other.org/", options) else {
        panic!("it is not refused");
    };
    assert_eq!(error.kind, Kind::PermissionDenied);
    assert!(streams.get(number).is_ok());
}
