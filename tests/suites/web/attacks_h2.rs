//! Attacks by HTTP/2: each one meets the end that is named beside it, and harms nobody else.

use super::client::Client;
use super::frames::{
    CONTINUATION, DATA, END_HEADERS, END_STREAM, Frame, GET, GOAWAY, HEADERS, PING, PRIORITY,
    PUSH_PROMISE, RESET, SETTINGS, WHOLE, WINDOW_UPDATE, frame, preface,
};
use super::stage::Stage;

/// The end of an attack.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The connection ends, with this code.
    Connection(u32),
    /// The stream 1 is reset, with this code.
    Stream(u32),
    /// The stream 1 has an answer of this status.
    Answer(u16),
    /// The connection ends without a word.
    Silence,
}

use End::{Answer, Connection, Silence, Stream};

// The codes of HTTP/2.
pub(super) const NONE: u32 = 0;
const PROTOCOL: u32 = 1;
const FLOW: u32 = 3;
const SIZE: u32 = 6;
pub(super) const REFUSED: u32 = 7;
pub(super) const CANCEL: u32 = 8;
pub(super) const CALM: u32 = 11;

/// Frames behind the beginning of a connection, and the end that they meet.
type Sent = (&'static str, Vec<u8>, End);

#[track_caller]
fn meet(attacks: &[Sent]) {
    let mut stage = Stage::start();
    for (name, frames, expected) in attacks {
        stage.attack(name, |site| {
            let mut client = site.client();
            client.try_send([preface(), frames.clone()].concat());
            assert_eq!(end(&mut client), *expected, "{name}");
            if matches!(expected, Stream(_) | Answer(_)) {
                // The connection goes on.
                client.send(frame(HEADERS, WHOLE, 3, GET));
                let answer = find(&mut client, |frame| {
                    frame.kind == HEADERS && frame.stream == 3
                });
                assert_eq!(answer.status(), 200, "{name}");
            }
            client
        });
    }
    stage.has_room();
}

/// Reads up to the end of an attack.
#[track_caller]
pub(super) fn end(client: &mut Client) -> End {
    while let Some(frame) = Frame::read(client) {
        match (frame.kind, frame.stream) {
            (GOAWAY, _) => {
                client.rest();
                return Connection(frame.code());
            }
            (RESET, 1) => return Stream(frame.code()),
            (HEADERS, 1) => return Answer(frame.status()),
            _ => {}
        }
    }
    Silence
}

/// Reads up to a frame.
#[track_caller]
pub(super) fn find(client: &mut Client, is_wanted: impl Fn(&Frame) -> bool) -> Frame {
    loop {
        let frame = Frame::read(client).expect("the connection goes on");
        if is_wanted(&frame) {
            return frame;
        }
    }
}

/// Returns a request of one frame: `GET /` with more in its head.
fn get(more: &[u8]) -> Vec<u8> {
    whole(&[GET, more].concat())
}

fn whole(head: &[u8]) -> Vec<u8> {
    frame(HEADERS, WHOLE, 1, head)
}

/// `POST /read/x` of the host `a`: a request whose process reads its body.
pub(super) const READ: &[u8] = b"\x83\x04\x07/read/x\x86\x41\x01a";

/// Returns the head of a request with a body.
fn post(more: &[u8]) -> Vec<u8> {
    frame(HEADERS, END_HEADERS, 1, &[READ, more].concat())
}

/// Returns a header field as HPACK has it, in full.
fn field(name: &[u8], value: &[u8]) -> Vec<u8> {
    let len = |text: &[u8]| u8::try_from(text.len()).expect("a short text");
    [&[0, len(name)][..], name, &[len(value)], value].concat()
}

/// Returns the payload of a frame that opens a window.
pub(super) fn window(bytes: u32) -> [u8; 4] {
    bytes.to_be_bytes()
}

#[test]
fn frames_that_are_none_end_their_connection() {
    let open = || post(b"");
    let setting = |id: u16, value: u32| {
        let payload = [&id.to_be_bytes()[..], &value.to_be_bytes()].concat();
        frame(SETTINGS, 0, 0, &payload)
    };
    let all = |frames: &[Vec<u8>]| frames.concat();
    meet(&[
        (
            "a short ping",
            frame(PING, 0, 0, b"1234567"),
            Connection(PROTOCOL),
        ),
        (
            "a ping of a stream",
            frame(PING, 0, 1, b"12345678"),
            Connection(PROTOCOL),
        ),
        (
            "half of a setting",
            frame(SETTINGS, 0, 0, b"12345"),
            Connection(PROTOCOL),
        ),
        (
            "settings of a stream",
            frame(SETTINGS, 0, 1, b""),
            Connection(PROTOCOL),
        ),
        (
            "settings in an answer",
            frame(SETTINGS, 1, 0, b"123456"),
            Connection(PROTOCOL),
        ),
        (
            "a window of 2^31",
            setting(4, 1 << 31),
            Connection(PROTOCOL),
        ),
        ("frames of 100 bytes", setting(5, 100), Connection(PROTOCOL)),
        ("a switch of 2", setting(2, 2), Connection(PROTOCOL)),
        (
            "a reset of no stream",
            frame(RESET, 0, 0, &window(8)),
            Connection(PROTOCOL),
        ),
        (
            "a reset before a stream",
            frame(RESET, 0, 1, &window(8)),
            Connection(PROTOCOL),
        ),
        (
            "a short reset",
            all(&[open(), frame(RESET, 0, 1, b"123")]),
            Connection(PROTOCOL),
        ),
        (
            "no window",
            frame(WINDOW_UPDATE, 0, 0, &window(0)),
            Connection(PROTOCOL),
        ),
        (
            "a short window",
            frame(WINDOW_UPDATE, 0, 0, b"123"),
            Connection(PROTOCOL),
        ),
        (
            "a window of no stream",
            frame(WINDOW_UPDATE, 0, 1, &window(1)),
            Connection(PROTOCOL),
        ),
        (
            "too large a window",
            frame(WINDOW_UPDATE, 0, 0, &window(0x7fff_ffff)),
            Connection(FLOW),
        ),
        (
            "too large a window of a stream",
            all(&[open(), frame(WINDOW_UPDATE, 0, 1, &window(0x7fff_ffff))]),
            Stream(FLOW),
        ),
        (
            "a stream of the server",
            frame(HEADERS, WHOLE, 2, GET),
            Connection(PROTOCOL),
        ),
        (
            "a request of no stream",
            frame(HEADERS, WHOLE, 0, GET),
            Connection(PROTOCOL),
        ),
        (
            "a stream out of order",
            all(&[frame(HEADERS, WHOLE, 3, GET), frame(HEADERS, WHOLE, 1, GET)]),
            Connection(PROTOCOL),
        ),
        (
            "bytes before a request",
            frame(DATA, END_STREAM, 1, b"a"),
            Connection(PROTOCOL),
        ),
        ("a large frame", whole(&[b'a'; 20_000]), Connection(SIZE)),
        (
            "a promise",
            frame(PUSH_PROMISE, END_HEADERS, 1, GET),
            Connection(PROTOCOL),
        ),
        (
            "more of nothing",
            frame(CONTINUATION, END_HEADERS, 1, b""),
            Connection(PROTOCOL),
        ),
        (
            "a ping within a head",
            all(&[
                frame(HEADERS, END_STREAM, 1, GET),
                frame(PING, 0, 0, b"12345678"),
            ]),
            Connection(PROTOCOL),
        ),
        (
            "more of another head",
            all(&[
                frame(HEADERS, END_STREAM, 1, GET),
                frame(CONTINUATION, END_HEADERS, 3, b""),
            ]),
            Connection(PROTOCOL),
        ),
        (
            "more padding than bytes",
            frame(HEADERS, WHOLE | 8, 1, &[&b"\xff"[..], GET].concat()),
            Connection(PROTOCOL),
        ),
        (
            "a short priority",
            frame(PRIORITY, 0, 1, b"1234"),
            Connection(PROTOCOL),
        ),
        (
            "a stream that depends on itself",
            frame(PRIORITY, 0, 1, b"\0\0\0\x01\x10"),
            Stream(PROTOCOL),
        ),
        // No harm is in these.
        (
            "a frame of no known kind",
            all(&[frame(99, 0xff, 7, &[b'a'; 100]), get(b"")]),
            Answer(200),
        ),
        (
            "a stream that depends on another",
            all(&[frame(PRIORITY, 0, 1, b"\0\0\0\x09\x10"), get(b"")]),
            Answer(200),
        ),
    ]);
}

#[test]
fn heads_that_are_none_end_their_stream_or_connection() {
    let many: Vec<u8> = (0..101_u8)
        .flat_map(|place| field(&[b'a', b'a' + place % 26, b'0' + place / 26], b"b"))
        .collect();
    let bomb = [
        // A field of 4,000 bytes goes into the table, and then it comes 12,000 times.
        &b"\x40\x01a\x7f\xa1\x1e"[..],
        &[b'b'; 4_000],
        &[0xbe; 12_000],
    ]
    .concat();
    let long = [
        frame(HEADERS, END_STREAM, 1, GET),
        frame(
            CONTINUATION,
            0,
            1,
            &[&b"\x00\x01x\x7f\xf1\xa1\x04"[..], &[b'b'; 16_000]].concat(),
        ),
        frame(CONTINUATION, 0, 1, &[b'b'; 16_000]).repeat(3),
        frame(CONTINUATION, END_HEADERS, 1, &[b'b'; 6_000]),
    ]
    .concat();
    let pseudo = |head: &[u8]| whole(head);
    meet(&[
        ("an index of nothing", get(b"\x80"), Connection(PROTOCOL)),
        (
            "an index beyond the table",
            get(b"\xfe"),
            Connection(PROTOCOL),
        ),
        (
            "a number without end",
            get(b"\x00\x7f\xff\xff\xff\xff\xff\xff\x0f"),
            Connection(PROTOCOL),
        ),
        (
            "a text beyond its frame",
            get(b"\x00\x01x\x7f\x80\x80\x04"),
            Connection(PROTOCOL),
        ),
        (
            "the end in a code of Huffman",
            get(b"\x00\x01x\x84\xff\xff\xff\xff"),
            Connection(PROTOCOL),
        ),
        (
            "a table of gigabytes",
            pseudo(&[&b"\x3f\xe1\xff\xff\x7f"[..], GET].concat()),
            Connection(PROTOCOL),
        ),
        ("a text that unfolds", get(&bomb), Connection(CALM)),
        (
            "a name with a capital letter",
            get(&field(b"A", b"b")),
            Connection(PROTOCOL),
        ),
        (
            "a name with a blank",
            get(&field(b"a b", b"c")),
            Connection(PROTOCOL),
        ),
        ("no name", get(&field(b"", b"b")), Connection(PROTOCOL)),
        (
            "a line end in a value",
            get(&field(b"a", b"b\r\nc: d")),
            Connection(PROTOCOL),
        ),
        (
            "NUL in a value",
            get(&field(b"a", b"b\0")),
            Connection(PROTOCOL),
        ),
        (
            "a field of HTTP/2 that is none",
            get(&field(b":a", b"b")),
            Connection(PROTOCOL),
        ),
        (
            "a method with a blank",
            pseudo(b"\x02\x03G T\x84\x86\x41\x01a"),
            Connection(PROTOCOL),
        ),
        ("a status of a request", get(b"\x88"), Stream(PROTOCOL)),
        ("two methods", get(b"\x82"), Stream(PROTOCOL)),
        ("no path", pseudo(b"\x82\x86\x41\x01a"), Stream(PROTOCOL)),
        (
            "an empty path",
            pseudo(b"\x82\x04\x00\x86\x41\x01a"),
            Stream(PROTOCOL),
        ),
        (
            "a path without a slash",
            pseudo(b"\x82\x04\x01a\x86\x41\x01a"),
            Stream(PROTOCOL),
        ),
        (
            "a line end in a path",
            pseudo(b"\x82\x04\x07/\r\nX: b\x86\x41\x01a"),
            Stream(PROTOCOL),
        ),
        (
            "a host behind a field",
            pseudo(b"\x82\x84\x86\x00\x01x\x01y\x41\x01a"),
            Stream(PROTOCOL),
        ),
        (
            "a field of a connection",
            get(&field(b"connection", b"close")),
            Stream(PROTOCOL),
        ),
        (
            "a coding of a body",
            get(&field(b"transfer-encoding", b"chunked")),
            Stream(PROTOCOL),
        ),
        (
            "codings of trailers",
            get(&field(b"te", b"gzip")),
            Stream(PROTOCOL),
        ),
        (
            "two lengths",
            [
                post(
                    &[
                        field(b"content-length", b"1"),
                        field(b"content-length", b"2"),
                    ]
                    .concat(),
                ),
                frame(DATA, END_STREAM, 1, b"a"),
            ]
            .concat(),
            Stream(PROTOCOL),
        ),
        (
            "more bytes than the length",
            [
                post(&field(b"content-length", b"1")),
                frame(DATA, END_STREAM, 1, b"abc"),
            ]
            .concat(),
            Stream(PROTOCOL),
        ),
        (
            "fewer bytes than the length",
            [
                post(&field(b"content-length", b"9")),
                frame(DATA, END_STREAM, 1, b"abc"),
            ]
            .concat(),
            Stream(PROTOCOL),
        ),
        ("101 fields", get(&many), Answer(431)),
        ("a head of 70 KiB", long, Answer(431)),
        ("another host", get(&field(b"host", b"b")), Answer(400)),
        (
            "two hosts",
            pseudo(&[&b"\x82\x84\x86"[..], &field(b"host", b"a").repeat(2)].concat()),
            Answer(400),
        ),
        (
            "a blank before a value",
            get(&field(b"a", b" b")),
            Answer(400),
        ),
        (
            "a blank behind a value",
            get(&field(b"a", b"b\t")),
            Answer(400),
        ),
        (
            "an empty length",
            get(&field(b"content-length", b"")),
            Answer(400),
        ),
        ("no host", pseudo(b"\x82\x84\x86"), Answer(400)),
        ("a user", pseudo(b"\x82\x84\x86\x41\x03u@a"), Answer(400)),
        (
            "a star as the path",
            pseudo(b"\x82\x04\x01*\x86\x41\x01a"),
            Answer(400),
        ),
        ("a tunnel", pseudo(b"\x02\x07CONNECT\x41\x01a"), Answer(501)),
        // No harm is in these.
        ("the host twice", get(&field(b"host", b"a")), Answer(200)),
        (
            "cookies one by one",
            get(&field(b"cookie", b"a=b").repeat(200)),
            Answer(200),
        ),
    ]);
}
