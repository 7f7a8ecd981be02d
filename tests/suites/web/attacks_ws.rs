//! Attacks by WebSockets: each one meets the end that is named beside it, and harms nobody else.
//! Frames that break the protocol are in `relay.rs`.

use super::client::Client;
use super::relay::{BINARY, CLOSE, HANDSHAKE, LAST, PING, Socket, TEXT, masked};
use super::stage::{FILES, LISTENER, Stage};

/// A request behind a handshake. It has an answer if the connection is no WebSocket.
const NEXT: &str = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

#[test]
fn handshakes_that_are_none_open_no_socket() {
    let mut stage = Stage::start();
    let get = format!("GET /socket HTTP/1.1\r\n{HANDSHAKE}");
    let changed = |from: &str, to: &str| {
        assert!(get.contains(from), "{from}");
        get.replace(from, to)
    };
    let attacks: [(&str, String, &[u16]); 8] = [
        ("another version", changed(": 13", ": 8"), &[426, 200]),
        (
            "a short key",
            changed("dGhlIHNhbXBsZSBub25jZQ==", "dGhl"),
            &[426, 200],
        ),
        (
            "another protocol",
            changed(": websocket", ": chat"),
            &[426, 200],
        ),
        (
            "no wish",
            changed("Connection: Upgrade", "Connection: keep-alive"),
            &[426, 200],
        ),
        ("HTTP/1.0", changed("HTTP/1.1", "HTTP/1.0"), &[426]),
        (
            "another method",
            changed("GET /socket", "POST /"),
            &[200, 200],
        ),
        (
            "a body, which is no frame",
            changed(
                "Upgrade: websocket",
                "Upgrade: websocket\r\nContent-Length: 3",
            ) + "abc",
            &[426, 200],
        ),
        (
            "chunks, which are no frames",
            changed(
                "Upgrade: websocket",
                "Upgrade: websocket\r\nTransfer-Encoding: chunked",
            ) + "0\r\n\r\n",
            // Of a body without a length that nobody reads, the end is not looked for.
            &[426],
        ),
    ];
    for (name, bytes, expected) in attacks {
        stage.attack(name, |site| {
            let mut client = site.client();
            client.send(bytes + NEXT);
            assert_eq!(client.statuses(), expected, "{name}");
            client
        });
    }
    // Compression that is asked for is not granted.
    stage.attack("compression", |site| {
        let mut client = site.client();
        let offer = "Upgrade: websocket\r\nSec-WebSocket-Extensions: permessage-deflate";
        client.send(get.replace("Upgrade: websocket", offer));
        let answer = client.answer();
        assert_eq!(answer.status, 101);
        assert_eq!(answer.header("sec-websocket-extensions"), None);
        let mut socket = Socket(client);
        socket.send(TEXT | 0x40, b"a");
        assert_eq!(socket.code(), 1002);
        socket
    });
    stage.has_room();
}

#[test]
fn sockets_that_are_cut_off_leave_nothing() {
    let mut stage = Stage::start();
    let open = |client: Client| Socket::at(client, "/socket").expect("the socket is opened");
    let long = masked(BINARY, &[b'a'; 1_000_000]);
    let half = &long[..500_000];
    let part = masked(BINARY & !LAST, &[b'a'; 500_000]);
    for (name, bytes) in [
        ("after nothing", &[][..]),
        ("within the head of a frame", &long[..5]),
        ("within a frame", half),
        ("within a message", &part[..]),
    ] {
        for is_closed in [false, true] {
            stage.attack(name, |site| {
                let mut sockets: Vec<Socket> = (0..20).map(|_| open(site.client())).collect();
                for socket in &mut sockets {
                    socket.0.send(bytes);
                    if is_closed {
                        socket.0.end();
                    }
                }
                sockets
            });
        }
    }
    // Bytes that come with the handshake are frames.
    stage.attack("a frame behind the handshake", |site| {
        let mut client = site.client();
        let handshake = format!("GET /socket HTTP/1.1\r\n{HANDSHAKE}");
        client.send([handshake.as_bytes(), &masked(TEXT, b"a")].concat());
        assert_eq!(client.answer().status, 101);
        let mut socket = Socket(client);
        assert_eq!(socket.text(), "{\"topic\":\"echo\",\"data\":\"61\"}");
        socket
    });
    stage.has_room();
}

#[test]
fn floods_of_frames_take_no_memory() {
    let mut stage = Stage::start();
    let before = stage.site.session.own_memory();
    let begin = masked(BINARY & !LAST, b"a");
    for (name, begin, many) in [
        ("pings", Vec::new(), masked(PING, &[b'a'; 125])),
        ("pongs", Vec::new(), masked(PING + 1, &[b'a'; 125])),
        ("empty parts of a message", begin, masked(0, b"")),
    ] {
        stage.attack(name, |site| {
            let opened = Socket::at(site.client(), "/socket");
            let mut socket = opened.expect("the socket is opened");
            socket.0.send(begin);
            let many = many.repeat(1_000);
            // The answers are not read.
            for _ in 0..500 {
                if !socket.0.try_send(&many) {
                    break;
                }
            }
            let grown = site.session.own_memory().saturating_sub(before);
            assert!(grown < 64 << 20, "{name}: {grown} bytes");
            socket
        });
    }
    stage.has_room();
}

#[test]
fn messages_without_an_end_have_a_common_bound_and_a_time() {
    const SOCKETS: usize = 100;
    let mut stage = Stage::start();
    let before = stage.site.session.own_memory();
    let whole = masked(BINARY, &vec![b'a'; 1 << 20]);
    stage.attack("100 messages but for their last byte", |site| {
        let open = |_| Socket::at(site.client(), "/socket").expect("the socket is opened");
        let mut sockets: Vec<Socket> = (0..SOCKETS).map(open).collect();
        for socket in &mut sockets {
            socket.0.try_send(&whole[..whole.len() - 1]);
        }
        let grown = site.session.own_memory().saturating_sub(before);
        assert!(grown < 256 << 20, "{grown} bytes");
        let codes: Vec<u16> = sockets.iter_mut().map(Socket::code).collect();
        // The first ones have their time, and the others no room.
        assert!(
            codes.iter().all(|code| matches!(code, 1008 | 1013)),
            "{codes:?}"
        );
        assert!(codes.contains(&1008) && codes.contains(&1013), "{codes:?}");
        sockets
    });
    stage.has_room();
}

#[test]
fn a_message_without_an_end_is_no_sign_of_life() {
    let manifest = format!(
        "[listeners.\"app:web\"]\n{LISTENER}[routers.\"app:relays\"]\nlistener = \"app:web\"\n\
         post_middleware = [\"websocket_relay\"]\n[routes.\"app:relays\"]\n\
         \"GET /\" = \"app:web\"\n\"GET /socket\" = \"app:socket\"\n"
    );
    let socket = "return function()
        return { headers = { ['X-WS-Relay'] = json.encode { heartbeat_interval = '500ms' } } }
      end";
    let files = [
        ("warren.toml", &*manifest),
        FILES[0],
        ("socket.lua", socket),
    ];
    let mut stage = Stage::with(&files);
    stage.attack("parts without an end", |site| {
        let opened = Socket::at(site.client(), "/socket");
        let mut socket = opened.expect("the socket is opened");
        socket.0.send(masked(BINARY & !LAST, b"a"));
        // Each one comes in time, and no message does.
        let part = masked(0, b"a");
        loop {
            socket.0.try_send(&part);
            while socket.0.hears() {
                let (kind, payload) = socket.frame();
                if kind == CLOSE {
                    assert_eq!(payload[..2], 1001_u16.to_be_bytes());
                    return socket;
                }
                assert_eq!(kind, PING);
            }
        }
    });
}
