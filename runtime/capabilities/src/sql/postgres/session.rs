//! A session with a server.

use std::io;

use bytes::{Buf as _, BytesMut};
use futures::FutureExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::super::rows::MAX_RESULT;
use super::messages::{Column, Key, Malformed, Reply, Requests, Row, ServerError, Status};
use super::socket::Socket;

/// Bytes of a message beside the values of a row.
const SLACK: usize = 64 << 10;

/// Bytes of the buffer that an idle session keeps.
const KEPT: usize = 64 << 10;

/// A session with a server. It is used up, and to be dropped, after a [`Failure::Broken`], and
/// when a call on it was dropped before its end.
pub(super) struct Session {
    socket: Socket,
    buffer: BytesMut,
    /// Exchanges that have begun and not ended.
    open: usize,
    status: Status,
    /// Absent before the server has told it.
    key: Option<Key>,
    is_broken: bool,
}

/// The reason why an exchange has no result.
#[derive(Debug)]
pub(super) enum Failure {
    /// The connection is of no use any more.
    Broken(io::Error),
    /// The server refuses.
    Server(Box<ServerError>),
    /// A message of the server is larger than any result may be. It was passed over.
    TooLarge,
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Broken(error)
    }
}

impl From<Malformed> for Failure {
    fn from(_: Malformed) -> Failure {
        let message = "the server sends what the protocol does not have here";
        Failure::Broken(io::Error::new(io::ErrorKind::InvalidData, message))
    }
}

/// A statement that the server has compiled, until it compiles the next one.
#[derive(Debug, Default)]
pub(super) struct Compiled {
    /// The types of its values.
    pub(super) values: Vec<u32>,
    pub(super) columns: Vec<Column>,
}

/// The part of a reply that a statement's results are.
pub(super) enum Part {
    Row(Row),
    /// The end of the statement, and the rows that it has changed or returned.
    Complete(u64),
}

impl Session {
    /// Makes a session of a connected socket, on which nothing was said yet.
    pub(super) fn new(socket: Socket) -> Session {
        Session {
            socket,
            buffer: BytesMut::new(),
            open: 0,
            status: Status::Idle,
            key: None,
            is_broken: false,
        }
    }

    /// Returns the state of the session, as the last exchange left it.
    pub(super) fn status(&self) -> Status {
        self.status
    }

    /// Returns true in the middle of an exchange.
    pub(super) fn is_busy(&self) -> bool {
        self.open > 0
    }

    /// Returns true if the connection is of no use any more.
    pub(super) fn is_broken(&self) -> bool {
        self.is_broken
    }

    /// Returns the name by which another connection ends the statement of this one.
    pub(super) fn key(&self) -> Option<&Key> {
        self.key.as_ref()
    }

    /// Returns true unless the server has said something, or gone, since the last exchange.
    pub(super) fn is_quiet(&mut self) -> bool {
        let said = self.socket.read_buf(&mut self.buffer).now_or_never();
        said.is_none() && self.buffer.is_empty()
    }

    /// Gives the memory of the last exchange back.
    pub(super) fn shrink(&mut self) {
        if self.buffer.capacity() > KEPT {
            self.buffer = BytesMut::new();
        }
    }

    /// Sends requests.
    pub(super) async fn send(&mut self, requests: &Requests) -> Result<(), Failure> {
        self.open += requests.exchanges();
        let sent = async {
            self.socket.write_all(requests.bytes()).await?;
            self.socket.flush().await
        };
        let sent = sent.await;
        self.is_broken |= sent.is_err();
        Ok(sent?)
    }

    /// Receives the next message.
    pub(super) async fn receive(&mut self) -> Result<Reply, Failure> {
        loop {
            let reply = self.read().await;
            self.is_broken |= matches!(reply, Err(Failure::Broken(_)));
            match reply? {
                Reply::Aside => (),
                Reply::Key(key) => self.key = Some(key),
                Reply::Ready(status) => {
                    self.open = self.open.saturating_sub(1);
                    self.status = status;
                    return Ok(Reply::Ready(status));
                }
                other => return Ok(other),
            }
        }
    }

    async fn read(&mut self) -> Result<Reply, Failure> {
        const HEAD: usize = 5;
        self.fill(HEAD).await?;
        let letter = self.buffer[0];
        let length = [1, 2, 3, 4].map(|place| self.buffer[place]);
        let length = u32::from_be_bytes(length) as usize;
        let rest = length.checked_sub(4).ok_or(Malformed)?;
        self.buffer.advance(HEAD);
        if rest > MAX_RESULT + SLACK {
            self.pass_over(rest).await?;
            return Err(Failure::TooLarge);
        }
        self.fill(rest).await?;
        let body = self.buffer.split_to(rest).freeze();
        Ok(Reply::read(letter, body)?)
    }

    /// Receives until the buffer has so many bytes.
    async fn fill(&mut self, bytes: usize) -> Result<(), Failure> {
        while self.buffer.len() < bytes {
            let missing = bytes - self.buffer.len();
            self.buffer.reserve(missing.min(KEPT));
            if self.socket.read_buf(&mut self.buffer).await? == 0 {
                return Err(closed());
            }
        }
        Ok(())
    }

    /// Receives so many bytes, and forgets them.
    async fn pass_over(&mut self, bytes: usize) -> Result<(), Failure> {
        let mut left = bytes;
        loop {
            let here = left.min(self.buffer.len());
            self.buffer.advance(here);
            left -= here;
            if left == 0 {
                return Ok(());
            }
            self.buffer.reserve(KEPT);
            if self.socket.read_buf(&mut self.buffer).await? == 0 {
                return Err(closed());
            }
        }
    }

    /// Runs statements of the runtime's own, without values. Their rows are left alone.
    pub(super) async fn own(&mut self, statements: &[&str]) -> Result<(), Failure> {
        let mut requests = Requests::default();
        for text in statements {
            requests.query(text);
        }
        self.send(&requests).await?;
        let mut failure = None;
        for _ in statements {
            let ended = self.finish(|_| Ok(())).await;
            keep_first(&mut failure, ended)?;
        }
        failure.map_or(Ok(()), Err)
    }

    /// Compiles a statement.
    pub(super) async fn compile(&mut self, text: &str) -> Result<Compiled, Failure> {
        let mut requests = Requests::default();
        requests.compile(text);
        self.send(&requests).await?;
        let mut compiled = Compiled::default();
        let mut failure = None;
        loop {
            match self.receive().await {
                Ok(Reply::Values(values)) => compiled.values = values,
                Ok(Reply::Columns(columns)) => compiled.columns = columns,
                Ok(Reply::Ready(_)) => break,
                Ok(Reply::Step) => (),
                Ok(Reply::Error(error)) => failure = Some(Failure::Server(error)),
                Ok(_) => return Err(Malformed.into()),
                Err(other) => keep_first(&mut failure, Err(other))?,
            }
        }
        failure.map_or(Ok(compiled), Err)
    }

    /// Receives the results of a statement to the end of the exchange. `take` is given each
    /// part, until it returns an error that ends the session.
    pub(super) async fn finish(
        &mut self,
        mut take: impl FnMut(Part) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut failure = None;
        loop {
            match self.receive().await {
                Ok(Reply::Row(row)) => take(Part::Row(row))?,
                Ok(Reply::Complete(rows)) => take(Part::Complete(rows))?,
                Ok(Reply::Ready(_)) => break,
                Ok(Reply::Step | Reply::Columns(_)) => (),
                Ok(Reply::Error(error)) => {
                    keep_first(&mut failure, Err(Failure::Server(error)))?;
                }
                Ok(_) => return Err(Malformed.into()),
                Err(other) => keep_first(&mut failure, Err(other))?,
            }
        }
        failure.map_or(Ok(()), Err)
    }
}

/// Keeps the first failure of an exchange, which goes on after it. Returns the one that ends
/// the session.
fn keep_first(kept: &mut Option<Failure>, result: Result<(), Failure>) -> Result<(), Failure> {
    match result {
        Ok(()) => Ok(()),
        Err(broken @ Failure::Broken(_)) => Err(broken),
        Err(other) => {
            kept.get_or_insert(other);
            Ok(())
        }
    }
}

fn closed() -> Failure {
    let message = "the server has closed the connection";
    Failure::Broken(io::Error::new(io::ErrorKind::UnexpectedEof, message))
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncRead, DuplexStream, duplex};

    use super::*;

    fn session() -> (Session, DuplexStream) {
        let (ours, theirs) = duplex(1 << 20);
        (Session::new(Box::new(ours)), theirs)
    }

    fn message(letter: u8, body: &[u8]) -> Vec<u8> {
        let length = u32::try_from(body.len() + 4).unwrap().to_be_bytes();
        [&[letter][..], &length, body].concat()
    }

    async fn read_all(from: &mut (impl AsyncRead + Unpin), bytes: usize) -> Vec<u8> {
        let mut read = vec![0; bytes];
        from.read_exact(&mut read).await.unwrap();
        read
    }

    #[tokio::test]
    async fn an_exchange_goes_on_after_an_error() {
        let (mut session, mut server) = session();
        let replies = [
            message(b'N', b"\0"),
            message(b'E', b"C42601\0Msyntax error\0\0"),
            message(b'Z', b"I"),
        ];
        server.write_all(&replies.concat()).await.unwrap();
        let failed = session.own(&["x"]).await.unwrap_err();
        assert!(matches!(failed, Failure::Server(error) if error.code == "42601"));
        assert!(!session.is_busy());
        assert_eq!(read_all(&mut server, 7).await, message(b'Q', b"x\0"));
    }

    #[tokio::test]
    async fn a_message_that_is_too_large_is_passed_over() {
        let (mut session, mut server) = session();
        let large = vec![0; MAX_RESULT + SLACK + 1];
        let replies = [message(b'D', &large), message(b'Z', b"T")].concat();
        let sent = server.write_all(&replies);
        let (sent, failed) = futures::future::join(sent, session.own(&["x"])).await;
        sent.unwrap();
        assert!(matches!(failed, Err(Failure::TooLarge)));
        assert_eq!(session.status(), Status::Open);
        assert!(session.buffer.capacity() < 1 << 20);
    }

    #[tokio::test]
    async fn a_call_that_is_dropped_leaves_the_session_busy() {
        let (mut session, mut server) = session();
        server
            .write_all(&message(b'C', b"SELECT 1\0"))
            .await
            .unwrap();
        assert!(session.own(&["x"]).now_or_never().is_none());
        assert!(session.is_busy());
    }

    #[tokio::test]
    async fn a_server_that_is_gone_is_seen() {
        let (mut session, server) = session();
        assert!(session.is_quiet());
        drop(server);
        assert!(!session.is_quiet());
        let failed = session.own(&["x"]).await.unwrap_err();
        assert!(matches!(failed, Failure::Broken(_)));
    }

    #[tokio::test]
    async fn nonsense_ends_the_session() {
        let (mut session, mut server) = session();
        server
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .unwrap();
        drop(server);
        let failed = session.own(&["x"]).await.unwrap_err();
        assert!(matches!(failed, Failure::Broken(_)));
    }
}
