//! Servers, and requests to them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use warren_tests::{Outcome, Session, TIMEOUT, Warren};

/// A running program that listens at a port of its own.
pub(super) struct Server {
    session: Session,
    pub(super) address: SocketAddr,
}

impl Server {
    /// Starts a program, and waits until it listens.
    #[track_caller]
    pub(super) fn start(command: Warren) -> Server {
        let mut session = command.options(["--listen", "127.0.0.1:0"]).start();
        let address = session.wait_for_error_with("listening on http://");
        Server {
            session,
            address: address.parse().expect("an address"),
        }
    }

    /// Sends a request.
    #[track_caller]
    pub(super) fn ask(&self, request: &Request<'_>) -> Answer {
        ask(self.address, request)
    }

    /// Kills the program without a word.
    pub(super) fn kill(self) {
        self.session.kill();
    }

    /// Asks the program to end, and waits for its end.
    #[track_caller]
    pub(super) fn end(self) -> Outcome {
        self.session.signal("TERM");
        self.session.end().ends_with(143)
    }
}

/// Sends a request to a program, over a connection of its own.
#[track_caller]
pub(super) fn ask(address: SocketAddr, request: &Request<'_>) -> Answer {
    let mut stream = TcpStream::connect(address).expect("the program listens");
    stream.set_read_timeout(Some(TIMEOUT)).expect("a timeout");
    // Version 1.0: the answer ends with the connection, and is not in chunks.
    let mut head = format!(
        "{} {} HTTP/1.0\r\nhost: {address}\r\ncontent-length: {}\r\n",
        request.method,
        request.path,
        request.body.len()
    );
    for (name, value) in request.headers {
        head += &format!("{name}: {value}\r\n");
    }
    let bytes = [head.as_bytes(), b"\r\n", request.body.as_bytes()].concat();
    stream.write_all(&bytes).expect("the request is taken");
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .expect("an answer, a text");
    Answer::of(&answer)
}

/// A request.
#[derive(Clone, Copy)]
pub(super) struct Request<'a> {
    pub(super) method: &'a str,
    pub(super) path: &'a str,
    pub(super) headers: &'a [(&'a str, &'a str)],
    pub(super) body: &'a str,
}

impl<'a> Request<'a> {
    /// Returns a request without a body.
    pub(super) fn new(method: &'a str, path: &'a str) -> Request<'a> {
        Request {
            method,
            path,
            headers: &[],
            body: "",
        }
    }
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: String,
}

impl Answer {
    #[track_caller]
    fn of(text: &str) -> Answer {
        let (head, body) = text.split_once("\r\n\r\n").expect("a head");
        let mut lines = head.split("\r\n");
        let status = lines.next().and_then(|line| line.split(' ').nth(1));
        let headers = lines.filter_map(|line| line.split_once(": "));
        Answer {
            status: status.and_then(|word| word.parse().ok()).expect("a status"),
            headers: headers
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect(),
            body: body.to_owned(),
        }
    }

    /// Returns the value of a header field, by its name in small letters.
    pub(super) fn header(&self, name: &str) -> Option<&str> {
        let field = self.headers.iter().find(|(known, _)| known == name);
        field.map(|(_, value)| value.as_str())
    }

    /// Returns the body, read as JSON.
    #[track_caller]
    pub(super) fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// Asserts the status.
    #[track_caller]
    pub(super) fn has(self, status: u16) -> Answer {
        assert_eq!(self.status, status, "{self:?}");
        self
    }
}
