//! A client of HTTP/1.1 that may send anything.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Shutdown, TcpStream};
use std::time::Duration;

use warren_tests::TIMEOUT;

/// A connection.
pub(crate) struct Client(BufReader<TcpStream>);

/// The longest wait for an answer between two bytes of a slow client.
const PACE: Duration = Duration::from_millis(50);

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    head: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Client {
    #[track_caller]
    pub(crate) fn of(address: &str) -> Client {
        Client::try_of(address).expect("the program listens")
    }

    pub(crate) fn try_of(address: &str) -> io::Result<Client> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(TIMEOUT))?;
        stream.set_write_timeout(Some(TIMEOUT))?;
        Ok(Client(BufReader::new(stream)))
    }

    #[track_caller]
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) {
        assert!(self.try_send(bytes), "the server has closed the connection");
    }

    /// Returns false if the server does not take the bytes.
    pub(crate) fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> bool {
        self.0.get_mut().write_all(bytes.as_ref()).is_ok()
    }

    /// Sends the same bytes again and again, each time a moment later, until the server has said
    /// something or closed the connection.
    #[track_caller]
    pub(super) fn drip(&mut self, bytes: &[u8]) {
        while self.try_send(bytes) && !self.hears() {}
    }

    /// Waits a moment for bytes or the end of the connection. Returns false if nothing has come.
    #[track_caller]
    pub(super) fn hears(&mut self) -> bool {
        let wait = |stream: &TcpStream, time| stream.set_read_timeout(Some(time));
        wait(self.0.get_ref(), PACE).expect("a timeout");
        let is_silent = self.0.fill_buf().is_err_and(|error| is_late(&error));
        wait(self.0.get_ref(), TIMEOUT).expect("a timeout");
        !is_silent
    }

    /// Sends nothing more.
    #[track_caller]
    pub(super) fn end(&mut self) {
        let ended = self.0.get_ref().shutdown(Shutdown::Write);
        ended.expect("the connection is there");
    }

    /// Sends a request without a body.
    #[track_caller]
    pub(crate) fn get(&mut self, path: &str) -> Answer {
        self.send(format!("GET {path} HTTP/1.1\r\nHost: a\r\n\r\n"));
        self.answer()
    }

    /// Reads an answer.
    #[track_caller]
    pub(crate) fn answer(&mut self) -> Answer {
        let mut answer = self.head();
        answer.body = match (answer.header("content-length"), answer.status) {
            (_, 100 | 101 | 204 | 304) => Vec::new(),
            (Some(length), _) => self.bytes(length.parse().expect("a length")),
            (None, _) if answer.header("transfer-encoding").is_some() => self.chunks(),
            (None, _) => self.rest(),
        };
        answer
    }

    /// Reads an answer up to its body.
    #[track_caller]
    pub(crate) fn head(&mut self) -> Answer {
        let first = self.line();
        let status = first
            .strip_prefix("HTTP/1.1 ")
            .or_else(|| first.strip_prefix("HTTP/1.0 "))
            .and_then(|rest| rest.get(..3)?.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no status in {first:?}"));
        let mut answer = Answer {
            status,
            head: Vec::new(),
            body: Vec::new(),
        };
        loop {
            let line = self.line();
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            let field = (name.to_ascii_lowercase(), value.trim().to_owned());
            answer.head.push(field);
        }
        answer
    }

    /// Reads answers to the end of the connection, however it comes. Returns their status.
    #[track_caller]
    pub(super) fn statuses(&mut self) -> Vec<u16> {
        let mut statuses = Vec::new();
        while self.has_more() {
            statuses.push(self.answer().status);
        }
        statuses
    }

    /// Waits for bytes. Returns false at the end of the connection.
    #[track_caller]
    pub(super) fn has_more(&mut self) -> bool {
        match self.0.fill_buf() {
            Ok(bytes) => !bytes.is_empty(),
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => false,
            Err(error) => panic!("the connection did not end: {error}"),
        }
    }

    #[track_caller]
    fn chunks(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        loop {
            let chunk = self.chunk();
            if chunk.is_empty() {
                return all;
            }
            all.extend(chunk);
        }
    }

    /// Reads a chunk of a body; the last one is empty.
    #[track_caller]
    pub(crate) fn chunk(&mut self) -> Vec<u8> {
        let len = usize::from_str_radix(&self.line(), 16).expect("the length of a chunk");
        let chunk = self.bytes(len);
        self.line();
        chunk
    }

    /// Reads a line without its end; nothing at the end of the connection.
    #[track_caller]
    pub(crate) fn line(&mut self) -> String {
        let mut line = Vec::new();
        self.0.read_until(b'\n', &mut line).expect("a line in time");
        String::from_utf8_lossy(&line).trim_end().to_owned()
    }

    #[track_caller]
    pub(crate) fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.0.read_exact(&mut bytes).expect("so many bytes");
        bytes
    }

    /// Reads to the end of the connection, however it comes.
    #[track_caller]
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let mut all = Vec::new();
        match self.0.read_to_end(&mut all) {
            Ok(_) => all,
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => all,
            Err(error) => panic!("the connection did not end: {error}"),
        }
    }
}

/// Returns true for the error of a read without bytes in time.
fn is_late(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    )
}

impl Answer {
    /// Returns the value of a header field, by its name in small letters.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut fields = self.head.iter();
        let field = fields.find(|(known, _)| known == name);
        field.map(|(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}
