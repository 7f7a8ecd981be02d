//! Sockets of processes without guests, to servers of the tests.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::{FutureExt as _, SinkExt as _, StreamExt as _};
use tokio::io::AsyncWriteExt as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::{WebSocketStream, accept_async};
use warren_engine::capability::{Capability as _, Charge, Step, Waiting};
use warren_kernel::{Error, Kind};
use warren_values::Value;
use warren_values::msgpack::Output;

use super::super::Websocket;
use super::{PUBLIC, World, carried_out, in_time, public, text};
use crate::test::of;

/// A server of sockets with a name, and a process that uses it.
struct Room {
    world: World,
    sockets: Websocket,
    listener: TcpListener,
}

impl Room {
    async fn new() -> Room {
        let world = World::new(&["http://site.org"]);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        world.names.answers("site.org", &[&[PUBLIC.into()]]);
        world.names.place(public(), listener.local_addr().unwrap());
        Room {
            sockets: world.http.websocket(),
            world,
            listener,
        }
    }

    async fn call(&mut self, operation: &str, arguments: &[Value]) -> Result<Value, Error> {
        let request = warren_values::to_value(arguments).unwrap();
        let tester = &mut self.world.tester;
        let step = self.sockets.call(tester, operation, request.as_slice());
        carried_out(step, Charge::new(|_| Ok(()))).await
    }

    /// Opens a socket. Returns its number, and the end of the server.
    async fn open(&mut self) -> (Value, WebSocketStream<TcpStream>) {
        let request = warren_values::to_value(&[of("ws://site.org/chat")][..]).unwrap();
        let tester = &mut self.world.tester;
        let step = self.sockets.call(tester, "connect", request.as_slice());
        let accepted = async {
            let (stream, _) = self.listener.accept().await.unwrap();
            accept_async(stream).await.unwrap()
        };
        let connected = carried_out(step, Charge::new(|_| Ok(())));
        let (number, server) = tokio::join!(connected, in_time(accepted));
        (number.unwrap(), server)
    }

    /// Begins a call that waits.
    fn begin(&mut self, operation: &str, request: &[u8]) -> Waiting {
        match self
            .sockets
            .call(&mut self.world.tester, operation, request)
        {
            Step::Wait(waiting) => waiting,
            step => panic!("{operation}: {step:?}"),
        }
    }

    /// Begins a receive.
    fn receive(&mut self, number: &Value) -> Waiting {
        let request = warren_values::to_value(std::slice::from_ref(number)).unwrap();
        self.begin("receive", request.as_slice())
    }

    /// Begins to send a message of bytes.
    fn send(&mut self, number: &Value, bytes: &[u8]) -> Waiting {
        let Value::Integer(number) = number else {
            panic!("no number: {number:?}");
        };
        let mut request = Output::new();
        request.lift_limit();
        request.array(3).unwrap();
        request.integer(*number).unwrap();
        request.string(bytes).unwrap();
        request.integer(2).unwrap();
        self.begin("send", request.as_slice())
    }

    /// Waits until no socket counts.
    async fn is_free(&self) {
        let free = async {
            while !self.sockets.quota.is_free() {
                tokio::task::yield_now().await;
            }
        };
        in_time(free).await;
    }
}

/// A charge that adds up what it is asked for.
fn counted() -> (Charge, Arc<AtomicUsize>) {
    let count = Arc::<AtomicUsize>::default();
    let counting = Arc::clone(&count);
    let charge = Charge::new(move |bytes| {
        counting.fetch_add(bytes, Ordering::SeqCst);
        Ok(())
    });
    (charge, count)
}

/// More than the system takes for a connection whose other end reads nothing.
const LARGE: usize = 32 << 20;

#[tokio::test]
async fn messages_go_both_ways() {
    let mut room = Room::new().await;
    let (number, mut server) = room.open().await;
    let sent = [number.clone(), of("hello")];
    room.call("send", &sent).await.unwrap();
    let seen = in_time(server.next()).await.unwrap().unwrap();
    assert_eq!(seen, Message::text("hello"));
    server.send(Message::binary(vec![0xff])).await.unwrap();
    let message = room
        .call("receive", std::slice::from_ref(&number))
        .await
        .unwrap();
    assert_eq!(text(&message, "type"), "binary");
    assert_eq!(message.get("data"), Some(&Value::Bytes(vec![0xff])));
    server.close(None).await.unwrap();
    let end = room.call("receive", std::slice::from_ref(&number)).await;
    assert_eq!(end.unwrap(), Value::Nil);
    let error = room.call("send", &sent).await.unwrap_err();
    assert_eq!(
        (error.kind, error.retryable),
        (Kind::Unavailable, Some(false))
    );
}

#[tokio::test]
async fn a_process_that_ends_leaves_its_server_a_word() {
    let mut room = Room::new().await;
    let (_, mut server) = room.open().await;
    room.world.tester.end_code();
    match in_time(server.next()).await {
        Some(Ok(Message::Close(Some(frame)))) => assert_eq!(frame.code, CloseCode::Away),
        other => panic!("{other:?}"),
    }
    room.is_free().await;
}

/// A process that opens sockets and leaves them has no more connections than another one.
#[tokio::test]
async fn a_socket_that_is_left_counts_until_it_is_closed() {
    let mut room = Room::new().await;
    let (number, server) = room.open().await;
    let waiting = room.send(&number, &vec![7; LARGE]);
    let mut sending = (waiting.run)(Charge::new(|_| Ok(())));
    assert!((&mut sending).now_or_never().is_none());
    drop(sending);
    room.world.tester.end_code();
    // The farewell waits for a server that reads nothing.
    for _ in 0..100 {
        tokio::task::yield_now().await;
        assert!(!room.sockets.quota.is_free());
    }
    drop(server);
    room.is_free().await;
}

#[tokio::test]
async fn a_message_is_charged_while_it_comes_and_when_nobody_waits_for_it() {
    /// Bytes of the message, and of the part that comes at first.
    const ALL: usize = 1_000_000;
    const PART: usize = 600_000;
    let mut room = Room::new().await;
    let (number, server) = room.open().await;
    let mut raw = server.into_inner();
    let (go_on, waits) = oneshot::channel::<()>();
    let sending = tokio::spawn(async move {
        let mut frame = vec![0x82, 127];
        frame.extend((ALL as u64).to_be_bytes());
        frame.extend(vec![0xff; PART]);
        raw.write_all(&frame).await.unwrap();
        waits.await.unwrap();
        raw.write_all(&vec![0xff; ALL - PART]).await.unwrap();
        raw
    });
    let (charge, charged) = counted();
    let mut receiving = (room.receive(&number).run)(charge);
    let comes = async {
        while charged.load(Ordering::SeqCst) < PART {
            assert!((&mut receiving).now_or_never().is_none());
            tokio::task::yield_now().await;
        }
    };
    in_time(comes).await;
    drop(receiving);
    let waiting = room.receive(&number);
    assert!(waiting.memory >= PART, "{}", waiting.memory);
    go_on.send(()).unwrap();
    let (charge, charged) = counted();
    let message = in_time((waiting.run)(charge)).await.unwrap();
    let message: Value = warren_values::from_value(&message).unwrap();
    assert_eq!(message.get("data"), Some(&Value::Bytes(vec![0xff; ALL])));
    let charged = charged.load(Ordering::SeqCst);
    assert!(charged >= 2 * ALL - PART, "{charged}");
    let nothing = room.receive(&number).memory;
    assert!(nothing < PART, "{nothing}");
    drop(in_time(sending).await.unwrap());
}

#[tokio::test]
async fn a_message_that_was_not_sent_is_charged_to_the_next_call() {
    let mut room = Room::new().await;
    let (number, server) = room.open().await;
    let waiting = room.send(&number, &vec![7; LARGE]);
    let mut sending = (waiting.run)(Charge::new(|_| Ok(())));
    assert!((&mut sending).now_or_never().is_none());
    drop(sending);
    let memory = room.receive(&number).memory;
    assert!(memory > LARGE / 2, "{memory}");
    drop(server);
}

#[tokio::test]
async fn a_socket_that_is_not_granted_reaches_nobody() {
    let mut room = Room::new().await;
    for url in ["wss://site.org/", "ws://other.org/", "ws://site.org:81/"] {
        let error = room.call("connect", &[of(url)]).await.unwrap_err();
        assert_eq!(error.kind, Kind::PermissionDenied, "{url}");
    }
    room.world.tester.denied = vec!["http.request"];
    let error = room
        .call("connect", &[of("ws://site.org/")])
        .await
        .unwrap_err();
    assert_eq!(
        error.message,
        "not allowed: http.request on http://site.org"
    );
    assert!(room.world.names.asked.lock().is_empty());
    assert!(room.sockets.quota.is_free());
}
