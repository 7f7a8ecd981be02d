//! Attacks by servers at a control socket that are not warren.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::thread;

use warren_tests::{Outcome, Warren};

use crate::scene::{Scene, refused};

pub(crate) const SCENES: &[Scene] = &[
    Scene {
        name: "servers/greeting_without_end",
        tries: "to make `ps` keep a greeting that never ends",
        end: "it fails after the longest line",
        run: greeting_without_end,
    },
    Scene {
        name: "servers/answer_without_end",
        tries: "to make every command keep an answer that never ends",
        end: "it fails after the longest line, and says what is wrong",
        run: answer_without_end,
    },
    Scene {
        name: "servers/garbage",
        tries: "to have bytes shown that a terminal obeys",
        end: "it fails, and shows none",
        run: garbage,
    },
    Scene {
        name: "servers/forged_error",
        tries: "an error whose kind and message move the cursor",
        end: "it fails with the message, escaped",
        run: forged_error,
    },
    Scene {
        name: "servers/forged_version",
        tries: "a version of the protocol that does not exist, of a warren whose version is \
                an escape sequence",
        end: "it fails with both versions, escaped",
        run: forged_version,
    },
    Scene {
        name: "servers/another_answer",
        tries: "an answer of another shape than was asked for, or nested without end",
        end: "it fails",
        run: another_answer,
    },
    Scene {
        name: "servers/gone",
        tries: "to close the connection instead of an answer",
        end: "it fails",
        run: gone,
    },
];

const GREETING: &[u8] = b"{\"protocol\":1,\"version\":\"0\",\"program\":\"p\",\"pid\":1}\n";

/// Runs each client command against a server with this behaviour.
fn all(serve: fn(&mut BufReader<UnixStream>), check: impl Fn(Outcome)) {
    let commands: [(&'static str, &[&str]); 5] = [
        ("ps", &[]),
        ("ps", &["--json"]),
        ("cancel", &["x"]),
        ("terminate", &["x"]),
        ("send", &["x", "topic"]),
    ];
    for (command, arguments) in commands {
        let directory = tempfile::tempdir().expect("a directory");
        let socket = directory.path().join("control");
        let listener = UnixListener::bind(&socket).expect("listens");
        let serving = thread::spawn(move || {
            let (stream, _) = listener.accept().expect("a client");
            serve(&mut BufReader::new(stream));
        });
        let outcome = Warren::tool(command, "--control")
            .arguments([socket.as_os_str()])
            .arguments(arguments)
            .outcome();
        check(outcome);
        serving.join().expect("the server does not fail");
    }
}

/// Asserts that a command failed as on nonsense: on standard error, or with `--json` in a
/// document on standard output, in which JSON's escapes stand for control characters.
#[track_caller]
fn failed(outcome: Outcome, texts: &[&str]) {
    if outcome.stdout.is_empty() {
        refused(outcome, 1, texts);
        return;
    }
    let outcome = outcome.says_nothing();
    let document: serde_json::Value = serde_json::from_str(outcome.text()).expect("a document");
    assert!(document["error"]["message"].is_string(), "{document}");
    let stderr = outcome.text().replace(r"\u001b", r"\u{1b}");
    refused(Outcome { stderr, ..outcome }, 1, texts);
}

/// Greets, and reads the request.
fn greet(client: &mut BufReader<UnixStream>) {
    let _ = client.get_mut().write_all(GREETING);
    let mut request = String::new();
    let _ = client.read_line(&mut request);
}

/// Writes until nobody reads.
fn flood(client: &mut BufReader<UnixStream>) {
    let piece = vec![b'x'; 1 << 20];
    while client.get_mut().write_all(&piece).is_ok() {}
}

fn greeting_without_end() {
    all(flood, |outcome| {
        failed(outcome, &["a line of more than 16777216 bytes"]);
    });
}

fn answer_without_end() {
    let serve = |client: &mut BufReader<UnixStream>| {
        greet(client);
        flood(client);
    };
    all(serve, |outcome| {
        failed(outcome, &["a line of more than 16777216 bytes"]);
    });
}

fn garbage() {
    let serve = |client: &mut BufReader<UnixStream>| {
        let _ = client
            .get_mut()
            .write_all(b"\x1b]0;title\x07\xff\0\x1b[2J\n");
    };
    all(serve, |outcome| {
        failed(outcome, &["not warren"]);
    });
}

fn forged_error() {
    let serve = |client: &mut BufReader<UnixStream>| {
        greet(client);
        let _ = client
            .get_mut()
            .write_all(br#"{"error":{"kind":"K\u001b[1A","message":"m\u001b[2J\r\u0007"}}"#);
        let _ = client.get_mut().write_all(b"\n");
    };
    all(serve, |outcome| {
        failed(outcome, &[r"m\u{1b}[2J", r"K\u{1b}[1A"]);
    });
}

fn forged_version() {
    let serve = |client: &mut BufReader<UnixStream>| {
        let _ = client.get_mut().write_all(
            b"{\"protocol\":4294967295,\"version\":\"\\u001b[31m\",\"program\":\"\",\"pid\":0}\n",
        );
    };
    all(serve, |outcome| {
        failed(outcome, &["version 4294967295", r"\u{1b}[31m"]);
    });
}

fn another_answer() {
    let flat = |client: &mut BufReader<UnixStream>| {
        greet(client);
        let _ = client.get_mut().write_all(b"{\"ok\":{\"processes\":7}}7\n");
    };
    let deep = |client: &mut BufReader<UnixStream>| {
        greet(client);
        let _ = client.get_mut().write_all(b"{\"ok\":");
        let _ = client.get_mut().write_all(&[b'['; 1 << 20]);
        let _ = client.get_mut().write_all(b"\n");
    };
    for serve in [flat, deep] {
        all(serve, |outcome| {
            failed(outcome, &["does not answer"]);
        });
    }
}

fn gone() {
    all(
        |_| {},
        |outcome| {
            failed(outcome, &["closed"]);
        },
    );
    all(greet, |outcome| {
        failed(outcome, &["closed"]);
    });
}
