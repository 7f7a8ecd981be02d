//! `wasi:http`: requests that components send, and requests that they answer.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body::Frame;
use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot};
use warren_engine::capability::http::{
    Body, Exchange, Incoming, Outgoing, OutgoingRequest, ResponseFuture, Sending, reason,
};
use warren_engine::capability::{Caller, Capability, Kept, Step};
use warren_engine::{Grants, Running, Start, Uses};
use warren_kernel::{Error, Kind, Outcome};

use crate::permissions::Denies;
use crate::support::http::http_component;
use crate::support::{HOST, Setup, World, error, in_time};

/// Items of a component: the header field `x-test`, and functions for bodies.
const BODIES: &str = r#"
  (data (i32.const 0) "x-test") (data (i32.const 16) "example.com") (data (i32.const 32) "/p")
  (data (i32.const 48) "ping")
  (global $to (mut i32) (i32.const 0))
  (global $body (mut i32) (i32.const 0))
  ;; Sends the head of a response, whose body is `$to` from now on.
  (func $answer (param $out i32) (param $status i32)
    (local $fields i32) (local $response i32)
    (local.set $fields (call $fields))
    (call $append (local.get $fields) (i32.const 0) (i32.const 6) (i32.const 2) (i32.const 4) (i32.const 112))
    (if (i32.load8_u (i32.const 112)) (then unreachable))
    (local.set $response (call $new-response (local.get $fields)))
    (if (call $set-status (local.get $response) (local.get $status)) (then unreachable))
    (call $response-body (local.get $response) (i32.const 120))
    (call $begin-body)
    (call $respond (local.get $out) (i32.const 0) (local.get $response) (i32.const 0) (i64.const 0)
      (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)))
  ;; Begins the body that a call has returned at 120.
  (func $begin-body
    (if (i32.load8_u (i32.const 120)) (then unreachable))
    (global.set $body (i32.load (i32.const 124)))
    (call $write-body (global.get $body) (i32.const 128))
    (if (i32.load8_u (i32.const 128)) (then unreachable))
    (global.set $to (i32.load (i32.const 132))))
  (func $send-bytes (param $at i32) (param $len i32)
    (call $write (global.get $to) (local.get $at) (local.get $len) (i32.const 160))
    (if (i32.load8_u (i32.const 160)) (then unreachable)))
  (func $end
    (call $finish-body (global.get $body) (i32.const 0) (i32.const 0) (i32.const 168))
    (if (i32.load8_u (i32.const 168)) (then unreachable)))
  ;; Copies a stream to the body until it is closed.
  (func $copy (param $from i32)
    (loop $more
      (call $read (local.get $from) (i64.const 4096) (i32.const 144))
      (if (i32.eqz (i32.load8_u (i32.const 144))) (then
        (call $send-bytes (i32.load (i32.const 148)) (i32.load (i32.const 152)))
        (br $more)))
      ;; It is closed, and has not failed.
      (if (i32.ne (i32.load8_u (i32.const 148)) (i32.const 1)) (then unreachable))))"#;

/// A handler that answers with the path and the body of its request.
fn echo() -> String {
    http_component(
        BODIES,
        Some(
            "(call $path (local.get $request) (i32.const 64))
             (call $consume (local.get $request) (i32.const 96))
             (call $stream (i32.load (i32.const 100)) (i32.const 104))
             (call $answer (local.get $out) (i32.const 201))
             (call $send-bytes (i32.load (i32.const 68)) (i32.load (i32.const 72)))
             (call $copy (i32.load (i32.const 108)))
             (call $end)",
        ),
        None,
    )
}

/// A process that sends `ping` to `https://example.com/p`, and ends with the body of the
/// answer, or with the number of the error code.
fn sender() -> String {
    http_component(
        BODIES,
        None,
        Some(
            "(local $request i32)
             (local.set $request (call $new-request (call $fields)))
             (if (call $set-authority (local.get $request) (i32.const 1) (i32.const 16) (i32.const 11)) (then unreachable))
             (if (call $set-path (local.get $request) (i32.const 1) (i32.const 32) (i32.const 2)) (then unreachable))
             (call $request-body (local.get $request) (i32.const 120))
             (call $begin-body)
             (call $send (local.get $request) (i32.const 0) (i32.const 0) (i32.const 176))
             (if (i32.load8_u (i32.const 176)) (then (call $finish-bytes (i32.const 184) (i32.const 1)) (return)))
             ;; Fails if the server reads no body.
             (call $write (global.get $to) (i32.const 48) (i32.const 4) (i32.const 160))
             (call $end)
             (call $block (call $subscribe (i32.load (i32.const 184))))
             (call $get (i32.load (i32.const 184)) (i32.const 192))
             (if (i32.load8_u (i32.const 208)) (then (call $finish-bytes (i32.const 216) (i32.const 1)) (return)))
             (if (i32.ne (call $status (i32.load (i32.const 216))) (i32.const 202)) (then unreachable))
             (call $consume-response (i32.load (i32.const 216)) (i32.const 240))
             (call $stream (i32.load (i32.const 244)) (i32.const 248))
             (call $read (i32.load (i32.const 252)) (i64.const 4096) (i32.const 144))
             (if (i32.load8_u (i32.const 144)) (then unreachable))
             (call $finish-bytes (i32.load (i32.const 148)) (i32.load (i32.const 152)))",
        ),
    )
}

/// The numbers of error codes.
const CONNECTION_REFUSED: u8 = 6;
const REQUEST_DENIED: u8 = 15;

/// A body of these parts.
struct Parts(VecDeque<Bytes>);

impl Parts {
    fn of(parts: impl IntoIterator<Item = Bytes>) -> Body {
        Box::pin(Parts(parts.into_iter().collect()))
    }
}

impl http_body::Body for Parts {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        Poll::Ready(self.0.pop_front().map(|part| Ok(Frame::data(part))))
    }
}

async fn part(body: &mut Body) -> Option<Result<Frame<Bytes>, Error>> {
    let frame = poll_fn(|cx| http_body::Body::poll_frame(body.as_mut(), cx));
    in_time(frame).await
}

/// Reads a body to its end.
async fn whole(mut body: Body) -> Result<Vec<u8>, Error> {
    let mut whole = Vec::new();
    while let Some(frame) = part(&mut body).await {
        if let Ok(bytes) = frame?.into_data() {
            whole.extend_from_slice(&bytes);
        }
    }
    Ok(whole)
}

type Answer = Result<Response<Body>, Error>;

/// A request that a test sends.
struct Call {
    request: Mutex<Option<Request<Body>>>,
    answer: Mutex<Option<oneshot::Sender<Answer>>>,
}

impl Exchange for Call {
    fn take(&self) -> Option<Request<Body>> {
        self.request.lock().take()
    }

    fn respond(&self, response: Answer) {
        let answer = self.answer.lock().take().expect("it responds once");
        // The test may not wait for it.
        let _ = answer.send(response);
    }
}

/// Starts a process that answers a request.
async fn ask(
    world: &World,
    id: &str,
    request: Request<Body>,
) -> (Running, oneshot::Receiver<Answer>) {
    let (sender, answer) = oneshot::channel();
    let call = Arc::new(Call {
        request: Mutex::new(Some(request)),
        answer: Mutex::new(Some(sender)),
    });
    let kept = Arc::new(Kept::default());
    kept.state(|| Incoming::new(call)).unwrap();
    let start = Start {
        kept: Some(kept),
        ..Start::new(id, HOST)
    };
    let running = in_time(world.node.start_process(start, None, false)).await;
    (running.unwrap(), answer)
}

fn request(parts: impl IntoIterator<Item = Bytes>) -> Request<Body> {
    let request = Request::post("http://localhost/path?query");
    request.body(Parts::of(parts)).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_answers_a_request_with_a_body_of_any_length() {
    let world = World::new(&[("t:echo", echo())]);
    for parts in [0, 1, 10] {
        let part = Bytes::from(vec![b'a'; 30_000]);
        let sent = std::iter::repeat_n(part, parts);
        let (mut running, answer) = ask(&world, "t:echo", request(sent)).await;
        let response = in_time(answer).await.unwrap().unwrap();
        assert_eq!(response.status(), StatusCode::CREATED);
        assert_eq!(response.headers()["x-test"], "test");
        let body = whole(response.into_body()).await.unwrap();
        assert!(body.starts_with(b"/path?query"));
        assert_eq!(body.len(), "/path?query".len() + parts * 30_000);
        let end = in_time(running.wait()).await;
        assert!(matches!(&*end.outcome, Outcome::Returned(None)), "{end:?}");
    }
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_body_that_nobody_reads_stops_its_component() {
    let endless = http_component(
        BODIES,
        Some(
            "(call $answer (local.get $out) (i32.const 200))
             (loop $more (call $send-bytes (i32.const 0) (i32.const 4096)) (br $more))",
        ),
        None,
    );
    let world = World::new(&[("t:endless", endless)]);
    let (mut running, answer) = ask(&world, "t:endless", request([])).await;
    let mut body = in_time(answer).await.unwrap().unwrap().into_body();
    for _ in 0..100 {
        let frame = part(&mut body).await.unwrap().unwrap();
        assert!(frame.into_data().unwrap().len() <= 64 << 10);
    }
    drop(body);
    // Its stream is closed, which it does not expect.
    let failed = error(&in_time(running.wait()).await);
    assert_eq!(failed.kind, Kind::Internal, "{failed}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_that_is_cut_off_is_no_whole_answer() {
    let handler = |body: &str| http_component(BODIES, Some(body), None);
    let world = World::new(&[
        ("t:silent", handler("")),
        ("t:trap", handler("unreachable")),
        (
            "t:part",
            handler(
                "(call $answer (local.get $out) (i32.const 200))
                 (call $send-bytes (i32.const 0) (i32.const 6))",
            ),
        ),
        (
            "t:error",
            handler(
                "(call $respond (local.get $out) (i32.const 1) (i32.const 36) (i32.const 0) (i64.const 0)
                   (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))",
            ),
        ),
    ]);
    for id in ["t:silent", "t:trap"] {
        let (mut running, answer) = ask(&world, id, request([])).await;
        assert!(in_time(answer).await.is_err(), "{id}: nobody responds");
        in_time(running.wait()).await;
    }
    let (_running, answer) = ask(&world, "t:part", request([])).await;
    let mut body = in_time(answer).await.unwrap().unwrap().into_body();
    let first = part(&mut body).await.unwrap().unwrap();
    assert_eq!(first.into_data().unwrap(), "x-test");
    let cut = part(&mut body).await.unwrap().unwrap_err();
    assert_eq!(cut.kind, Kind::Canceled);
    let (_running, answer) = ask(&world, "t:error", request([])).await;
    let Err(error) = in_time(answer).await.unwrap() else {
        panic!("the component answers with an error");
    };
    assert!(error.message.contains("LoopDetected"), "{error}");
    in_time(world.idle()).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_that_only_answers_is_no_process_by_itself() {
    let world = World::new(&[("t:echo", echo())]);
    let failed = world.failure("t:echo").await;
    assert_eq!(failed.kind, Kind::Invalid);
    assert!(failed.message.contains("answers requests"), "{failed}");
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn header_fields_have_a_limit() {
    let greedy = http_component(
        BODIES,
        None,
        Some(
            "(local $fields i32)
             (local.set $fields (call $fields))
             (loop $more
               (call $append (local.get $fields) (i32.const 0) (i32.const 6) (i32.const 2) (i32.const 4) (i32.const 112))
               (br_if $more (i32.eqz (i32.load8_u (i32.const 112)))))",
        ),
    );
    let world = World::new(&[("t:greedy", greedy), ("t:echo", echo())]);
    let failed = world.failure("t:greedy").await;
    assert_eq!(failed.kind, Kind::RateLimited, "{failed}");
    assert!(failed.message.contains("header fields"), "{failed}");
    let mut large = request([]);
    let value = "a".repeat(200_000).parse().unwrap();
    large.headers_mut().insert("x-large", value);
    let (mut running, answer) = ask(&world, "t:echo", large).await;
    assert!(in_time(answer).await.unwrap().is_err());
    let failed = error(&in_time(running.wait()).await);
    assert_eq!(failed.kind, Kind::RateLimited, "{failed}");
    world.close().await;
}

/// A client whose server answers with the path and the body of a request.
#[derive(Default)]
struct Client {
    /// The heads of the requests that were sent.
    sent: Arc<Mutex<Vec<OutgoingRequest>>>,
    /// An error in place of each answer.
    failure: Mutex<Option<Error>>,
    /// True if the server never answers.
    is_slow: bool,
    begun: Arc<Notify>,
    ended: Arc<Notify>,
}

/// Tells when a request is dropped.
struct Ends(Arc<Notify>);

impl Drop for Ends {
    fn drop(&mut self) {
        self.0.notify_one();
    }
}

struct Http(Arc<Client>);

impl Capability for Http {
    fn name(&self) -> &'static str {
        "http"
    }

    fn call(&self, _: &mut dyn Caller, _: &str, _: &[u8]) -> Step {
        Step::Unknown
    }

    fn outgoing(&self) -> Option<&dyn Outgoing> {
        Some(self)
    }
}

impl Outgoing for Http {
    fn begin(&self, caller: &mut dyn Caller, request: &OutgoingRequest) -> Result<Sending, Error> {
        let host = request.uri.host().unwrap_or_default().to_owned();
        if caller.grants().uses.right("http", &host).is_none() {
            return Err(Error::new(Kind::PermissionDenied, "not granted"));
        }
        caller.permit(
            "http.request",
            &host,
            &[("method", request.method.as_str())],
        )?;
        let client = Arc::clone(&self.0);
        let head = request.clone();
        Ok(Box::new(move |body: Body| -> ResponseFuture {
            Box::pin(async move {
                let _ends = Ends(Arc::clone(&client.ended));
                client.sent.lock().push(head.clone());
                client.begun.notify_one();
                if client.is_slow {
                    std::future::pending::<()>().await;
                }
                if let Some(failure) = client.failure.lock().clone() {
                    return Err(failure);
                }
                let path = Bytes::from(head.uri.path().to_owned());
                let body = Bytes::from(whole(body).await?);
                let mut response = Response::new(Parts::of([path, body]));
                *response.status_mut() = StatusCode::ACCEPTED;
                Ok(response)
            })
        }))
    }
}

fn granted() -> Grants {
    Grants {
        uses: Uses::default().with("http", "example.com"),
        ..Grants::default()
    }
}

fn world_with(client: Client) -> (World, Arc<Client>, Arc<Denies>) {
    let client = Arc::new(client);
    let denies = Arc::new(Denies::default());
    let world = World::set_up(Setup {
        capabilities: vec![Arc::new(Http(Arc::clone(&client)))],
        authorizer: Some(Arc::clone(&denies) as _),
        ..Setup::default()
    });
    world.define_with("t:sender", &sender(), granted());
    world.define("t:ungranted", &sender());
    (world, client, denies)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_sends_a_request_that_is_granted_and_permitted() {
    let (world, client, denies) = world_with(Client::default());
    // The first part of the answer.
    assert_eq!(world.result("t:sender").await, b"/p");
    let sent = client.sent.lock().clone();
    assert_eq!(
        sent.len(),
        1,
        "the judge may ask for a second try, which sends nothing"
    );
    assert_eq!(sent[0].uri.to_string(), "https://example.com/p");
    assert_eq!(sent[0].headers, HeaderMap::new());

    assert_eq!(world.result("t:ungranted").await, [REQUEST_DENIED]);
    denies.only_words(&["http.request"]);
    assert_eq!(world.result("t:sender").await, [REQUEST_DENIED]);
    assert_eq!(client.sent.lock().len(), 1, "nothing else was sent");
    let calls = world.node.capability_calls();
    let http = calls
        .iter()
        .find(|calls| calls.capability == "http")
        .unwrap();
    assert_eq!((http.begun, http.failed, http.open), (3, 2, 0));
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_component_learns_why_a_request_failed() {
    let refused = Error::new(Kind::Unavailable, "refused").with(reason::NAME, reason::REFUSED);
    let (world, _, _) = world_with(Client {
        failure: Mutex::new(Some(refused)),
        ..Client::default()
    });
    assert_eq!(world.result("t:sender").await, [CONNECTION_REFUSED]);
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_request_ends_with_its_process() {
    let (world, client, _) = world_with(Client {
        is_slow: true,
        ..Client::default()
    });
    let mut running = world.start("t:sender").await;
    in_time(client.begun.notified()).await;
    world.terminate(&running);
    in_time(client.ended.notified()).await;
    in_time(running.wait()).await;
    world.close().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_runtime_without_a_client_sends_nothing() {
    let world = World::new(&[]);
    world.define_with("t:sender", &sender(), granted());
    const DESTINATION_UNAVAILABLE: u8 = 3;
    assert_eq!(world.result("t:sender").await, [DESTINATION_UNAVAILABLE]);
    world.close().await;
}
