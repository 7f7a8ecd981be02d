//! Time, size and number of requests, and requests that nobody waits for any more.

use warren_engine::capability::{Charge, Step, Waiting};
use warren_kernel::{Details, Field, Kind};
use warren_values::Value;

use super::server::{Reply, Server, ok};
use super::{World, carried_out, in_time};

const URL: &str = "http://site.org/";

async fn world(
    reply: impl Fn(&super::server::Seen) -> Reply + Send + Sync + 'static,
) -> (World, Server) {
    let server = Server::start(reply).await;
    let world = World::new(&["http://site.org"]);
    world.publish("site.org", &server);
    (world, server)
}

#[tokio::test]
async fn a_slow_answer_is_too_late() {
    for sent in [
        "",
        "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nx",
    ] {
        let (mut world, server) = world(move |_| Reply::Hang(sent.into())).await;
        let options = vec![("timeout", 50_000_000.into())];
        let error = world.request("GET", URL, options).await.unwrap_err();
        assert_eq!(
            (error.kind.clone(), error.retryable),
            (Kind::Timeout, Some(true))
        );
        let expected = ("value", Field::Number(50_000_000));
        let Some(Details::Fields(fields)) = &error.details else {
            panic!("{error:?}");
        };
        assert!(fields.contains(&expected), "{fields:?}");
        assert!(world.http.client.flights.is_empty());
        drop(server);
    }
}

#[tokio::test]
async fn a_request_that_nobody_waits_for_closes_its_connection() {
    let (mut world, server) = world(|_| Reply::Hang(Vec::new())).await;
    let Step::Wait(Waiting { run, .. }) = world.begin("GET", URL, vec![]) else {
        panic!("it does not wait");
    };
    let call = tokio::spawn(run(Charge::new(|_| Ok(()))));
    in_time(async {
        while server.all().is_empty() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(!world.http.client.flights.is_empty());
    call.abort();
    in_time(server.gone.notified()).await;
    assert!(in_time(call).await.unwrap_err().is_cancelled());
    assert!(world.http.client.flights.is_empty());
}

#[tokio::test]
async fn a_call_that_never_begins_counts_no_more() {
    let mut world = World::new(&["*"]);
    let step = world.begin("GET", URL, vec![]);
    assert!(!world.http.client.flights.is_empty());
    drop(step);
    assert!(world.http.client.flights.is_empty());
}

#[tokio::test]
async fn answers_that_break_the_protocol_are_refused() {
    let long = format!("HTTP/1.1 200 OK\r\nx: {}\r\n\r\n", "y".repeat(100_000));
    let many = format!("HTTP/1.1 200 OK\r\n{}\r\n", "x: y\r\n".repeat(200));
    for sent in [
        "not http\r\n\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello".to_owned(),
        "HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\nhello".to_owned(),
        "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhello".to_owned(),
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n".to_owned(),
        "HTTP/1.1 200 OK\r\na b: c\r\n\r\n".to_owned(),
        String::new(),
        long,
        many,
    ] {
        let shown = sent.chars().take(60).collect::<String>();
        let (mut world, _server) = world(move |_| Reply::Close(sent.clone().into_bytes())).await;
        let error = world.get(URL).await.unwrap_err();
        assert_eq!(error.kind, Kind::Unavailable, "{shown:?}: {error}");
        assert!(world.http.client.flights.is_empty());
    }
}

#[tokio::test]
async fn bytes_behind_an_answer_answer_nothing() {
    let two = "HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\naHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nb";
    let (mut world, _server) = world(move |seen| match seen.target() {
        "/two" => Reply::Whole(two.into()),
        _ => ok("c"),
    })
    .await;
    let first = world.get(&format!("{URL}two")).await.unwrap();
    assert_eq!(super::text(&first, "body"), "a");
    let second = world.get(URL).await.unwrap();
    assert_eq!(super::text(&second, "body"), "c");
}

#[tokio::test]
async fn a_process_has_sixteen_requests_at_a_time() {
    let (mut world, server) = world(|_| ok("x")).await;
    let open: Vec<_> = (0..16).map(|_| world.begin("GET", URL, vec![])).collect();
    assert!(open.iter().all(|step| matches!(step, Step::Wait(_))));
    let Step::Done(Err(error)) = world.begin("GET", URL, vec![]) else {
        panic!("it is not refused");
    };
    assert_eq!(error.kind, Kind::RateLimited);
    assert!(error.message.contains("max_requests = 16"), "{error}");
    for step in open {
        let answer = carried_out(step, Charge::new(|_| Ok(()))).await.unwrap();
        assert_eq!(super::status(&answer), 200);
    }
    assert_eq!(server.all().len(), 16);
    assert!(matches!(world.begin("GET", URL, vec![]), Step::Wait(_)));
}

#[tokio::test]
async fn the_bodies_of_a_process_have_a_limit_together() {
    let (mut world, server) = world(|_| ok(vec![b'x'; 10 << 20])).await;
    let begun = [
        world.begin("GET", URL, vec![]),
        world.begin("GET", URL, vec![]),
    ];
    let [first, second] = begun.map(|step| carried_out(step, Charge::new(|_| Ok(()))));
    let (first, second) = tokio::join!(first, second);
    let failed: Vec<_> = [first, second]
        .into_iter()
        .filter_map(Result::err)
        .collect();
    // They meet the limit if they overlap, which the network decides.
    for error in &failed {
        assert_eq!(error.kind, Kind::RateLimited);
        assert!(error.message.contains("max_bodies"), "{error}");
    }
    assert!(failed.len() < 2, "{failed:?}");
    assert_eq!(server.all().len(), 2);
    assert_eq!(super::status(&world.get(URL).await.unwrap()), 200);
}

#[tokio::test]
async fn arguments_are_checked_before_anything_else() {
    let mut world = World::new(&[]);
    for (method, url, options) in [
        ("GET", "", vec![]),
        ("GET", "ftp://a.org", vec![]),
        ("G\r\nT", URL, vec![]),
        ("GET", URL, vec![("unknown", Value::Boolean(true))]),
        ("GET", URL, vec![("timeout", Value::Integer(0))]),
        ("POST", URL, vec![("body_stream", Value::Integer(7))]),
    ] {
        let Step::Done(Err(error)) = world.begin(method, url, options) else {
            panic!("{method} {url} is not refused");
        };
        assert_eq!(error.kind, Kind::Invalid, "{error}");
    }
}
