//! Attacks by HTTP/1.1: each one meets the end that is named beside it, and harms nobody else.

use super::client::Client;
use super::stage::{FILES, LISTENER, Stage};

/// A request behind the bytes of an attack. It has an answer if the connection goes on.
const LAST: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/// Bytes, and the answers to them and to [`LAST`] on the same connection.
type Sent<'a> = (&'a str, &'a [u8], &'a [u16]);

/// Sends the bytes of each attack, and compares the answers.
#[track_caller]
fn meet(stage: &mut Stage, attacks: &[Sent<'_>]) {
    for (name, bytes, expected) in attacks {
        stage.attack(name, |site| {
            let mut client = site.client();
            client.try_send([*bytes, LAST].concat());
            assert_eq!(client.statuses(), *expected, "{name}");
            client
        });
    }
}

/// Returns a request that begins so.
fn head(bytes: impl AsRef<[u8]>) -> Vec<u8> {
    [bytes.as_ref(), b"\r\nHost: a\r\n\r\n"].concat()
}

#[test]
fn heads_that_are_none_are_refused() {
    let mut stage = Stage::start();
    meet(
        &mut stage,
        &[
            (
                "a bare CR in a head",
                b"GET / HTTP/1.1\r\nHost: a\rX: b\r\n\r\n",
                &[400],
            ),
            (
                "a field that goes on in the next line",
                b"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n",
                &[400],
            ),
            (
                "a blank before the first field",
                b"GET / HTTP/1.1\r\n Host: a\r\n\r\n",
                &[400],
            ),
            (
                "a field without a colon",
                b"GET / HTTP/1.1\r\nHost: a\r\nX\r\n\r\n",
                &[400],
            ),
            (
                "a field without a name",
                b"GET / HTTP/1.1\r\nHost: a\r\n: b\r\n\r\n",
                &[400],
            ),
            (
                "a name with NUL",
                b"GET / HTTP/1.1\r\nHost: a\r\nX\0: b\r\n\r\n",
                &[400],
            ),
            (
                "a value with a bell",
                b"GET / HTTP/1.1\r\nHost: a\r\nX: \x07\r\n\r\n",
                &[400],
            ),
            (
                "a value with DEL",
                b"GET / HTTP/1.1\r\nHost: a\r\nX: a\x7fb\r\n\r\n",
                &[400],
            ),
            (
                "a host with a tab",
                b"GET / HTTP/1.1\r\nHost: a\tb\r\n\r\n",
                &[400, 200],
            ),
            ("a target with a blank", &head("GET /a b HTTP/1.1"), &[400]),
            ("no target", &head("GET  HTTP/1.1"), &[400]),
            ("a tab behind the method", &head("GET\t/ HTTP/1.1"), &[400]),
            ("a method with NUL", &head("G\0T / HTTP/1.1"), &[400]),
            ("no version", b"GET /\r\n\r\n", &[400]),
            (
                "a version in small letters",
                &head("GET / http/1.1"),
                &[400],
            ),
            ("version 1.2", &head("GET / HTTP/1.2"), &[400]),
            ("version 2 as a text", &head("GET / HTTP/2.0"), &[400]),
            // A byte of the beginning of HTTP/2 is another.
            ("nearly HTTP/2", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\rX", &[400]),
            (
                "a target without a slash",
                &head("GET a HTTP/1.1"),
                &[400, 200],
            ),
            (
                "a host as the target",
                &head("GET b:80 HTTP/1.1"),
                &[400, 200],
            ),
            ("a star as the target", &head("GET * HTTP/1.1"), &[400, 200]),
            (
                "a user in the target",
                &head("GET http://user@a/ HTTP/1.1"),
                &[400, 200],
            ),
            ("a tunnel", &head("CONNECT b:80 HTTP/1.1"), &[501, 200]),
            (
                "a question without a host",
                b"OPTIONS * HTTP/1.1\r\n\r\n",
                &[400, 200],
            ),
            // No harm is in these.
            ("a question", &head("OPTIONS * HTTP/1.1"), &[204, 200]),
            (
                "a whole target",
                &head("GET http://b/ HTTP/1.1"),
                &[200, 200],
            ),
            (
                "empty lines first",
                &head("\r\n\r\nGET / HTTP/1.1"),
                &[200, 200],
            ),
            (
                "a value that is no UTF-8",
                b"GET / HTTP/1.1\r\nHost: a\r\nX: \xff\xfe\r\n\r\n",
                &[200, 200],
            ),
            (
                "an upgrade to HTTP/2",
                b"GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade, HTTP2-Settings\r\n\
                  Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n",
                &[200, 200],
            ),
        ],
    );
    stage.has_room();
}

#[test]
fn heads_that_are_too_large_are_refused() {
    let fields: String = (0..100).map(|place| format!("X-{place}: a\r\n")).collect();
    let fields = format!("GET / HTTP/1.1\r\nHost: a\r\n{fields}\r\n");
    let mut stage = Stage::start();
    meet(
        &mut stage,
        &[
            ("101 fields", fields.as_bytes(), &[431]),
            (
                "a method of 70,000 letters",
                &head(format!("{} / HTTP/1.1", "G".repeat(70_000))),
                &[431],
            ),
            (
                "257 segments",
                &head(format!("GET {} HTTP/1.1", "/a".repeat(257))),
                &[400, 200],
            ),
            ("empty lines without end", &b"\r\n".repeat(200_000), &[431]),
            ("blanks without end", &b" ".repeat(200_000), &[400]),
        ],
    );
    stage.has_room();
}

/// The head of a request with a body, up to its last fields.
const POST: &str = "POST /read/x HTTP/1.1\r\nHost: a\r\n";

#[test]
fn the_end_of_a_body_is_never_in_doubt() {
    let post = |rest: &str| format!("{POST}{rest}");
    let chunks = |chunks: &str| post(&format!("Transfer-Encoding: chunked\r\n\r\n{chunks}"));
    let coded = |coding: &str| post(&format!("Transfer-Encoding: {coding}\r\n\r\n0\r\n\r\n"));
    let long = |length: &str| post(&format!("Content-Length: {length}\r\n\r\nabc"));
    let mut attacks: Vec<(String, String, &[u16])> = Vec::new();
    for length in ["+3", "-3", "0x3", "3, 3", "3 3", "", "18446744073709551616"] {
        attacks.push((format!("the length {length:?}"), long(length), &[400]));
    }
    // More than the listener takes.
    attacks.push((
        "the length 2^63".into(),
        long("9223372036854775808"),
        &[413],
    ));
    for coding in ["xchunked", "\x0bchunked", "\"chunked\"", "chunked;q=1", ""] {
        attacks.push((format!("the coding {coding:?}"), coded(coding), &[400]));
    }
    for coding in ["chunked, chunked", "gzip, chunked", "identity, chunked"] {
        attacks.push((format!("the coding {coding:?}"), coded(coding), &[501]));
    }
    let twice = "chunked\r\nTransfer-Encoding: chunked";
    attacks.push(("two codings".into(), coded(twice), &[501]));
    let folded = post("Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n");
    attacks.push(("a coding in the next line".into(), folded, &[400]));
    let blank = post("Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n");
    attacks.push(("a coding behind a blank".into(), blank, &[400]));
    let old = "POST /read/x HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n";
    attacks.push(("chunks of HTTP/1.0".into(), old.into(), &[400]));
    for size in ["0x3", "+3", " 3", "3g", "", "3;a\nb", "3;a\rb"] {
        let text = chunks(&format!("{size}\r\nabc\r\n0\r\n\r\n"));
        attacks.push((format!("a chunk of the size {size:?}"), text, &[400]));
    }
    let extension = "a".repeat(20_000);
    let text = chunks(&format!("3;{extension}\r\nabc\r\n0\r\n\r\n"));
    attacks.push(("a long extension".into(), text, &[400]));
    let text = chunks(&format!(
        "{}0\r\n\r\n",
        "1;aaaaaaaaaa\r\na\r\n".repeat(3_000)
    ));
    attacks.push(("many extensions".into(), text, &[400]));
    let fields: String = (0..300).map(|place| format!("X-{place}: a\r\n")).collect();
    let text = chunks(&format!("3\r\nabc\r\n0\r\n{fields}\r\n"));
    attacks.push(("300 trailers".into(), text, &[400]));
    let text = chunks(&format!(
        "3\r\nabc\r\n0\r\nX: {}\r\n\r\n",
        "a".repeat(100_000)
    ));
    attacks.push(("a long trailer".into(), text, &[400]));
    let text = chunks("3\r\nabc\r\n0\r\nGET /read/y HTTP/1.1\r\nHost: a\r\n\r\n");
    attacks.push(("a request as a trailer".into(), text, &[400]));
    // No harm is in these.
    let same = post("Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc");
    attacks.push(("the same length twice".into(), same, &[200, 200]));
    let text = chunks("3;a=b\r\nabc\r\n0\r\nX: a\r\n\r\n");
    attacks.push(("an extension and a trailer".into(), text, &[200, 200]));
    // A body that nobody reads is no request, either.
    let text = format!(
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n",
        LAST.len()
    );
    let text = text + &String::from_utf8_lossy(LAST);
    attacks.push(("a request as a body".into(), text, &[200, 200]));
    // The client may keep its body back, so nothing behind the answer can be one.
    let text = "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\n";
    attacks.push(("a body that is kept back".into(), text.into(), &[200]));

    let mut stage = Stage::start();
    let attacks: Vec<Sent<'_>> = attacks
        .iter()
        .map(|(name, text, expected)| (name.as_str(), text.as_bytes(), *expected))
        .collect();
    meet(&mut stage, &attacks);
    stage.has_room();
}

#[test]
fn clients_that_take_their_time_are_given_up() {
    let mut stage = Stage::start();
    let post = |rest: &str| format!("{POST}{rest}");
    let slow: [(&str, String, u8, u16); 5] = [
        ("a head", "GET / HTTP/1.1\r\nX: ".to_owned(), b'a', 408),
        ("empty lines", String::new(), b'\n', 408),
        // Each byte is a part, so the time of the answer ends the request.
        ("a body", post("Content-Length: 60000\r\n\r\n"), b'a', 504),
        // Zeros of a size are no part.
        (
            "the size of a chunk",
            post("Transfer-Encoding: chunked\r\n\r\n"),
            b'0',
            408,
        ),
        (
            "a trailer",
            post("Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: "),
            b'a',
            408,
        ),
    ];
    for (name, begin, byte, expected) in slow {
        stage.attack(&format!("{name} byte by byte"), |site| {
            let mut client = site.client();
            client.try_send(begin);
            client.drip(&[byte]);
            assert_eq!(client.statuses(), [expected], "{name}");
            client
        });
    }
    let silent: [(&str, String, &[u16]); 3] = [
        (
            "a body that is asked for and does not come",
            post("Expect: 100-continue\r\nContent-Length: 5\r\n\r\n"),
            &[100, 408],
        ),
        (
            "a chunk without its end",
            post("Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\nabc"),
            &[408],
        ),
        // Too little for an answer of either protocol.
        (
            "half of the beginning of HTTP/2",
            "PRI * HTTP".to_owned(),
            &[],
        ),
    ];
    for (name, bytes, expected) in silent {
        stage.attack(name, |site| {
            let mut client = site.client();
            client.send(bytes);
            assert_eq!(client.statuses(), expected, "{name}");
            client
        });
    }
    // As fast as they go, zeros are no part of a body, either.
    stage.attack("the size of a chunk without end", |site| {
        let mut client = site.client();
        client.send(post("Transfer-Encoding: chunked\r\n\r\n"));
        while client.try_send([b'0'; 10_000]) {}
        client
    });
    stage.has_room();
}

#[test]
fn a_client_that_sends_nothing_more_has_gone() {
    let half = format!("{POST}Content-Length: 5\r\n\r\nab");
    let mut stage = Stage::start();
    let attacks: [(&str, &str, &[u16]); 4] = [
        ("nothing", "", &[]),
        ("half of a head", "GET / HTT", &[]),
        ("half of a body", &half, &[400]),
        // The head of the answer may have come before.
        (
            "a request whose process waits",
            "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n",
            &[200],
        ),
    ];
    for (name, bytes, allowed) in attacks {
        stage.attack(name, |site| {
            let mut client = site.client();
            client.send(bytes);
            client.end();
            let rest = client.rest();
            let text = String::from_utf8_lossy(&rest);
            let mut answers = text.split("HTTP/1.1 ").skip(1);
            let is_allowed = |answer: &str| {
                allowed
                    .iter()
                    .any(|status| answer.starts_with(&status.to_string()))
            };
            assert!(answers.all(is_allowed), "{name}: {text}");
            client
        });
    }
    stage.has_room();
}

#[test]
fn a_thousand_requests_at_once_are_answered_one_by_one() {
    let mut stage = Stage::start();
    let requests = head("GET / HTTP/1.1").repeat(1_000);
    stage.attack("a thousand requests", |site| {
        let mut client = site.client();
        client.send([&requests[..], LAST].concat());
        assert_eq!(client.statuses(), [200; 1_001]);
        client
    });
    stage.has_room();
}

#[test]
fn a_client_that_takes_no_answer_is_given_up() {
    const LARGE: &[u8] = b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n";
    let mut stage = Stage::start();
    let before = stage.site.session.own_memory();
    let mut clients: Vec<Client> = Vec::new();
    for bytes in [
        head("GET /endless HTTP/1.1"),
        // Answers to requests that were sent at once are made one by one.
        LARGE.repeat(200),
    ] {
        for _ in 0..5 {
            let mut client = stage.client();
            client.send(&bytes);
            clients.push(client);
        }
    }
    // All of them have begun.
    assert!(clients.iter_mut().all(Client::has_more));
    let grown = stage.site.session.own_memory().saturating_sub(before);
    assert!(grown < 256 << 20, "{grown} bytes");
    // The clients are still there.
    stage.is_as_before("answers that nobody takes");
    drop(clients);
    stage.has_room();
}

#[test]
fn an_answer_to_head_leaves_nothing_behind() {
    let mut stage = Stage::start();
    for path in ["/endless", "/events", "/hold", "/large"] {
        stage.attack(path, |site| {
            let mut client = site.client();
            for _ in 0..10 {
                client.send(format!("HEAD {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
                assert!(client.line().starts_with("HTTP/1.1 200 "), "{path}");
                while !client.line().is_empty() {}
            }
            client
        });
    }
    stage.has_room();
}

#[test]
fn connections_without_end_are_closed_or_wait() {
    let limited = |limit: &str| {
        let manifest = format!(
            "[listeners.\"app:web\"]\n{LISTENER}{limit} = 30\n\
             [routes.\"app:web\"]\n\"GET /\" = \"app:web\"\n\"GET /hold\" = \"app:hold\"\n"
        );
        Stage::with(&[("warren.toml", &*manifest), FILES[0], FILES[2]])
    };
    // A client beyond its number is closed at once, and may come back later.
    let mut stage = limited("max_client_connections");
    let held: Vec<Client> = (0..30).map(|_| holding(&stage)).collect();
    for _ in 0..100 {
        let mut client = stage.client();
        client.try_send(LAST);
        assert_eq!(client.rest(), b"");
    }
    drop(held);
    stage.is_as_before("connections of one client");
    assert_eq!(stage.client().get("/").status, 200);

    // A connection beyond the number of all waits until another one ends.
    let mut stage = limited("max_connections");
    let held: Vec<Client> = (0..30).map(|_| holding(&stage)).collect();
    let mut waiting: Vec<Client> = (0..100).map(|_| stage.client()).collect();
    for client in &mut waiting {
        client.send(LAST);
    }
    drop(held);
    for client in &mut waiting {
        assert_eq!(client.statuses(), [200]);
    }
    drop(waiting);
    stage.is_as_before("connections of all clients");
}

/// Returns a client whose request is being answered.
#[track_caller]
fn holding(stage: &Stage) -> Client {
    let mut client = stage.client();
    client.send("GET /hold HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(client.line().starts_with("HTTP/1.1 200 "));
    client
}

#[test]
fn connections_that_come_and_go_leave_nothing() {
    let beginnings = [
        "",
        "G",
        "GET /hold HTTP/1.1\r\nHost: a\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    ];
    let mut stage = Stage::start();
    stage.attack("2,000 connections", |site| {
        for beginning in beginnings.iter().cycle().take(2_000) {
            site.client().try_send(beginning);
        }
    });
    stage.has_room();
}
