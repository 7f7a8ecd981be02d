//! Attacks by HTTP/2 that take their time, or come in numbers: each one meets the end that is
//! named beside it, and harms nobody else.

use std::iter;
use std::time::{Duration, Instant};

use super::attacks_h2::End::{self, Answer, Connection};
use super::attacks_h2::{CALM, CANCEL, NONE, READ, REFUSED, end, find, window};
use super::frames::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, Frame, GET, HEADERS, PING, PRIORITY, RESET,
    SETTINGS, WHOLE, WINDOW_UPDATE, frame, preface, preface_with,
};
use super::stage::{FILES, Stage};

/// `GET /hold` of the host `a`: a request whose process waits.
const HOLD: &[u8] = b"\x82\x04\x05/hold\x86\x41\x01a";

#[test]
fn floods_of_frames_end_their_connection() {
    let mut stage = Stage::start();
    // A request whose process reads no body.
    let begun = || frame(HEADERS, END_HEADERS, 1, HOLD);
    for (name, begin, many, expected) in [
        (
            "empty parts of a body",
            begun(),
            frame(DATA, 0, 1, b""),
            Connection(CALM),
        ),
        (
            "parts of a byte",
            begun(),
            frame(DATA, 0, 1, b"a"),
            Connection(CALM),
        ),
        (
            "empty parts of a head",
            frame(HEADERS, END_STREAM, 1, GET),
            frame(CONTINUATION, 0, 1, b""),
            Connection(CALM),
        ),
    ] {
        stage.attack(name, |site| {
            let mut client = site.client();
            client.send([preface(), begin].concat());
            let many = many.repeat(1_000);
            for _ in 0..1_000 {
                if !client.try_send(&many) {
                    break;
                }
            }
            // An answer that came before is none of the flood.
            let mut ends = iter::from_fn(|| Some(end(&mut client)));
            let last = ends.find(|end| !matches!(end, Answer(_)));
            assert_eq!(last, Some(expected), "{name}");
            client
        });
    }
    // For each window the server resets a stream, and at last the connection.
    stage.attack("windows that are too large", |site| {
        let mut client = site.client();
        client.send(preface());
        for number in 0..300 {
            let stream = 2 * number + 1;
            let head = frame(HEADERS, END_HEADERS, stream, READ);
            let large = frame(WINDOW_UPDATE, 0, stream, &window(0x7fff_ffff));
            client.try_send([head, large].concat());
        }
        let mut ends = iter::from_fn(|| Some(end(&mut client)));
        let last = ends.find(|end| !matches!(end, Answer(_) | End::Stream(_)));
        assert_eq!(last, Some(Connection(CALM)));
        client
    });
    // These are answered, or mean nothing. A client that takes no answer is given up, and a
    // connection without a request has its time.
    let before = stage.site.session.own_memory();
    for (name, many) in [
        ("settings", frame(SETTINGS, 0, 0, b"")),
        ("pings", frame(PING, 0, 0, b"12345678")),
        ("priorities", frame(PRIORITY, 0, 1, b"\0\0\0\x09\x10")),
        ("frames of no known kind", frame(99, 0, 0, b"")),
        ("windows", frame(WINDOW_UPDATE, 0, 0, &window(1))),
    ] {
        stage.attack(name, |site| {
            let mut client = site.client();
            client.send(preface());
            let many = many.repeat(1_000);
            for _ in 0..1_000 {
                if !client.try_send(&many) {
                    break;
                }
            }
            let grown = site.session.own_memory().saturating_sub(before);
            assert!(grown < 64 << 20, "{name}: {grown} bytes");
            client.rest();
            client
        });
    }
    stage.has_room();
}

#[test]
fn requests_that_are_given_up_end_their_connection() {
    let mut stage = Stage::start();
    stage.attack("requests that are given up", |site| {
        let mut client = site.client();
        client.send(preface());
        for number in 0..1_000 {
            let stream = 2 * number + 1;
            client.try_send(frame(HEADERS, WHOLE, stream, HOLD));
            // The process runs by now.
            while let Some(frame) = Frame::read(&mut client) {
                if (frame.kind, frame.stream) == (HEADERS, stream) {
                    break;
                }
            }
            if !client.try_send(frame(RESET, 0, stream, &CANCEL.to_be_bytes())) {
                assert!(number > 100, "{number}");
                return client;
            }
        }
        panic!("the connection goes on");
    });
    stage.has_room();
}

#[test]
fn a_connection_has_so_many_requests_at_a_time() {
    let manifest = "[listeners.\"app:web\"]\nbind = \":0\"\n\
                    [routes.\"app:web\"]\n\"GET /\" = \"app:web\"\n\"GET /hold\" = \"app:hold\"\n";
    let mut stage = Stage::with(&[("warren.toml", manifest), FILES[0], FILES[2]]);
    stage.attack("150 requests", |site| {
        let mut client = site.client();
        client.send(preface());
        // The client knows of the number only once it has the settings of the server.
        for number in 0..150 {
            client.send(frame(HEADERS, WHOLE, 2 * number + 1, HOLD));
        }
        let (mut answered, mut refused) = (0, 0);
        while answered + refused < 150 {
            let frame = find(&mut client, |frame| matches!(frame.kind, HEADERS | RESET));
            match frame.kind {
                HEADERS => answered += 1,
                _ => {
                    assert_eq!(frame.code(), REFUSED);
                    refused += 1;
                }
            }
        }
        assert_eq!((answered, refused), (100, 50));
        client
    });
}

/// The number of the setting of the window of new streams.
const INITIAL_WINDOW: u16 = 4;

/// `GET /endless` and `GET /large` of the host `a`.
const ENDLESS: &[u8] = b"\x82\x04\x08/endless\x86\x41\x01a";
const LARGE: &[u8] = b"\x82\x04\x06/large\x86\x41\x01a";

#[test]
fn answers_that_no_window_lets_through_are_given_up() {
    let mut stage = Stage::start();
    let mut client = stage.client();
    client.send(preface_with(&[(INITIAL_WINDOW, 0)]));
    let kinds = [GET, LARGE, ENDLESS].into_iter().cycle().take(30);
    for (stream, head) in iter::successors(Some(1), |stream| Some(stream + 2)).zip(kinds) {
        client.send(frame(HEADERS, WHOLE, stream, head));
    }
    for _ in 0..30 {
        let reset = find(&mut client, |frame| frame.kind == RESET);
        assert_eq!(reset.code(), CANCEL);
    }
    // The connection goes on, and nothing of the answers is left.
    client.send(frame(PING, 0, 0, b"12345678"));
    find(&mut client, |frame| {
        frame.kind == PING && frame.payload == b"12345678"
    });
    stage.is_as_before("answers without a window");
    drop(client);

    // A window that opens byte by byte lets no part through in time.
    stage.attack("a window byte by byte", |site| {
        let mut client = site.client();
        client.send(preface_with(&[(INITIAL_WINDOW, 1)]));
        client.send(frame(HEADERS, WHOLE, 1, LARGE));
        let begun = Instant::now();
        loop {
            assert!(begun.elapsed() < Duration::from_secs(120));
            client.send(frame(WINDOW_UPDATE, 0, 1, &window(1)));
            while client.hears() {
                let frame = Frame::read(&mut client).expect("the connection goes on");
                if frame.kind == RESET {
                    assert_eq!((frame.stream, frame.code()), (1, CANCEL));
                    return client;
                }
            }
        }
    });
    stage.has_room();
}

#[test]
fn bodies_that_take_their_time_are_given_up() {
    let mut stage = Stage::start();
    stage.attack("a body that does not come", |site| {
        let mut client = site.client();
        client.send([preface(), frame(HEADERS, END_HEADERS, 1, READ)].concat());
        assert_eq!(end(&mut client), Answer(408));
        client
    });
    stage.attack("a body byte by byte", |site| {
        let mut client = site.client();
        client.send([preface(), frame(HEADERS, END_HEADERS, 1, READ)].concat());
        loop {
            client.send(frame(DATA, 0, 1, b"a"));
            while client.hears() {
                let frame = Frame::read(&mut client).expect("the connection goes on");
                if frame.kind == HEADERS {
                    assert_eq!(frame.status(), 504);
                    return client;
                }
            }
        }
    });
    // A head that goes on for ever, with no place for the answer to a ping.
    stage.attack("a head without its end", |site| {
        let mut client = site.client();
        client.send([preface(), frame(HEADERS, END_STREAM, 1, GET)].concat());
        assert_eq!(end(&mut client), Connection(NONE));
        client
    });
    stage.attack("no request", |site| {
        let mut client = site.client();
        client.send(preface());
        assert_eq!(end(&mut client), Connection(NONE));
        client
    });
    stage.has_room();
}
