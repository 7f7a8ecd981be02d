//! Chats: a socket, a session, a room.

use hyper::StatusCode;
use tokio_tungstenite::tungstenite::Message;

use crate::client::{Client, get, refused};
use crate::setup::{Serving, ended, run, started};

#[test]
fn two_clients_hear_each_other() {
    run(async {
        let server = Serving::example().await;
        let mut ada = Client::enter(server.address, "acme", "ada").await;
        let mut bob = Client::enter(server.address, "acme", "bob").await;
        assert_eq!(ada.hear().await, "* bob joins");
        ada.say("hello").await;
        bob.say("hello, ada").await;
        for client in [&mut ada, &mut bob] {
            let mut lines = [client.hear().await, client.hear().await];
            lines.sort();
            assert_eq!(lines, ["ada: hello", "bob: hello, ada"]);
        }
        let members = get(server.address, "/acme/members").await;
        assert_eq!(members.json(), serde_json::json!(["ada", "bob"]));
    });
}

#[test]
fn a_session_ends_with_its_socket() {
    run(async {
        let server = Serving::example().await;
        let mut ada = Client::enter(server.address, "acme", "ada").await;
        let mut changes = server.observe();
        let bob = Client::enter(server.address, "acme", "bob").await;
        let socket = started(&mut changes, "app.acme:socket").await;
        let session = started(&mut changes, "app.acme:chat").await;
        let details = server.runtime.inspector().process(&session).unwrap();
        assert_eq!(details.actor.as_deref(), Some("acme/bob"));
        assert_eq!(details.process.linked_to, [socket.as_str()]);

        bob.leave().await;
        ended(&mut changes, &session).await;
        ended(&mut changes, &socket).await;
        assert_eq!(ada.hear().await, "* bob joins");
        assert_eq!(ada.hear().await, "* bob leaves");

        // The session does not outlive a client that vanishes either.
        let carl = Client::enter(server.address, "acme", "carl").await;
        let session = started(&mut changes, "app.acme:chat").await;
        drop(carl);
        ended(&mut changes, &session).await;
    });
}

#[test]
fn a_socket_is_closed_when_its_session_ends() {
    run(async {
        let server = Serving::example().await;
        let mut changes = server.observe();
        let ada = Client::enter(server.address, "acme", "ada").await;
        let session = started(&mut changes, "app.acme:chat").await;
        server.runtime.inspector().terminate(&session).unwrap();
        assert_eq!(ada.closed().await, 1011);
    });
}

#[test]
fn a_session_ends_with_the_process_of_its_socket() {
    run(async {
        let server = Serving::example().await;
        let mut changes = server.observe();
        let _ada = Client::enter(server.address, "acme", "ada").await;
        let socket = started(&mut changes, "app.acme:socket").await;
        let session = started(&mut changes, "app.acme:chat").await;
        server.runtime.inspector().terminate(&socket).unwrap();
        ended(&mut changes, &session).await;
    });
}

#[test]
fn a_room_that_fails_is_opened_again_and_its_members_are_back() {
    run(async {
        let server = Serving::example().await;
        let mut ada = Client::enter(server.address, "acme", "ada").await;
        for _ in 0..2 {
            let room = server.runtime.find("acme:room").unwrap();
            room.terminate().unwrap();
            room.wait().await;
            assert_eq!(ada.hear().await, "* ada joins");
            ada.say("as before").await;
            assert_eq!(ada.hear().await, "ada: as before");
            let again = server.runtime.find("acme:room").unwrap();
            assert_ne!(again.pid(), room.pid());
        }
    });
}

#[test]
fn a_binary_message_ends_the_connection_with_1003() {
    run(async {
        let server = Serving::example().await;
        let mut ada = Client::enter(server.address, "acme", "ada").await;
        ada.send(Message::binary(vec![1, 2, 3])).await;
        assert_eq!(ada.closed().await, 1003);
    });
}

#[test]
fn a_connection_without_a_name_is_refused() {
    run(async {
        let server = Serving::example().await;
        let before = server.runtime.live();
        for (path, status) in [
            ("/acme/chat", StatusCode::BAD_REQUEST),
            ("/acme/chat?name=", StatusCode::BAD_REQUEST),
            ("/nobody/chat?name=ada", StatusCode::NOT_FOUND),
        ] {
            assert_eq!(refused(server.address, path).await, status, "{path}");
        }
        let plain = get(server.address, "/acme/chat?name=ada").await;
        assert!(plain.status.is_client_error());
        assert_eq!(server.runtime.live(), before);
    });
}
