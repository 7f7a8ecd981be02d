//! Sockets of processes without guests, to servers of the tests.

use futures::{SinkExt as _, StreamExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::{WebSocketStream, accept_async};
use warren_engine::capability::{Capability as _, Charge};
use warren_kernel::{Error, Kind};
use warren_values::Value;

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
}

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
    assert!(room.sockets.quota.is_free());
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
