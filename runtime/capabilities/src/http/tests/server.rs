//! Servers and names of the tests.

use std::collections::{HashMap, VecDeque};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::super::resolve::{Connecting, Resolver, Resolving};

/// A request as the server has read it.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    /// The first line and the fields, with CR and LF.
    pub(super) head: String,
    pub(super) body: Vec<u8>,
}

impl Seen {
    /// The path and the query.
    pub(super) fn target(&self) -> &str {
        self.head.split(' ').nth(1).unwrap()
    }

    /// The value of a field, in lower case as its name.
    pub(super) fn field(&self, name: &str) -> Option<String> {
        let mut lines = self.head.lines().skip(1);
        lines.find_map(|line| {
            let (known, value) = line.split_once(": ")?;
            known.eq_ignore_ascii_case(name).then(|| value.to_owned())
        })
    }
}

/// The way in which a server treats a request.
pub(super) enum Reply {
    /// It answers with these bytes, and reads the next request.
    Whole(Vec<u8>),
    /// It sends these bytes over and over, until the client has gone.
    Endless(Vec<u8>, &'static [u8]),
    /// It sends these bytes and waits until the client has gone.
    Hang(Vec<u8>),
    /// It sends these bytes and closes the connection.
    Close(Vec<u8>),
}

/// An answer with a body.
pub(super) fn ok(body: impl AsRef<[u8]>) -> Reply {
    with("", body)
}

/// An answer with a body and more fields, each with CR and LF.
pub(super) fn with(fields: &str, body: impl AsRef<[u8]>) -> Reply {
    let body = body.as_ref();
    let len = body.len();
    let mut bytes =
        format!("HTTP/1.1 200 OK\r\ncontent-length: {len}\r\n{fields}\r\n").into_bytes();
    bytes.extend(body);
    Reply::Whole(bytes)
}

/// A redirect.
pub(super) fn redirect(status: u16, location: &str) -> Reply {
    let head =
        format!("HTTP/1.1 {status} Moved\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n");
    Reply::Whole(head.into_bytes())
}

/// A server on this machine.
pub(super) struct Server {
    pub(super) address: SocketAddr,
    /// The requests so far.
    pub(super) seen: Arc<Mutex<Vec<Seen>>>,
    /// The number of connections so far.
    pub(super) connections: Arc<Mutex<usize>>,
    /// Told when a client has gone that the server was waiting for.
    pub(super) gone: Arc<Notify>,
}

impl Server {
    pub(super) async fn start(reply: impl Fn(&Seen) -> Reply + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Server {
            address: listener.local_addr().unwrap(),
            seen: Arc::default(),
            connections: Arc::default(),
            gone: Arc::default(),
        };
        let (seen, connections) = (Arc::clone(&server.seen), Arc::clone(&server.connections));
        let (gone, reply) = (Arc::clone(&server.gone), Arc::new(reply));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                *connections.lock() += 1;
                let (seen, gone, reply) =
                    (Arc::clone(&seen), Arc::clone(&gone), Arc::clone(&reply));
                tokio::spawn(async move {
                    let serve = serve(stream, &seen, &gone, |seen: &Seen| reply(seen));
                    // A client may go whenever it wants.
                    let _ = serve.await;
                });
            }
        });
        server
    }

    /// The requests so far.
    pub(super) fn all(&self) -> Vec<Seen> {
        self.seen.lock().clone()
    }
}

/// Serves one connection.
pub(super) async fn serve(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    seen: &Mutex<Vec<Seen>>,
    gone: &Notify,
    reply: impl Fn(&Seen) -> Reply,
) -> io::Result<()> {
    let mut read = Vec::new();
    while let Some(request) = next(&mut stream, &mut read).await? {
        seen.lock().push(request.clone());
        match reply(&request) {
            Reply::Whole(bytes) => stream.write_all(&bytes).await?,
            Reply::Close(bytes) => {
                stream.write_all(&bytes).await?;
                return stream.shutdown().await;
            }
            Reply::Hang(bytes) => {
                stream.write_all(&bytes).await?;
                while !matches!(stream.read(&mut [0; 1024]).await, Ok(0) | Err(_)) {}
                gone.notify_one();
                return Ok(());
            }
            Reply::Endless(head, part) => {
                let mut sent = stream.write_all(&head).await;
                while sent.is_ok() {
                    sent = stream.write_all(part).await;
                }
                gone.notify_one();
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Reads the next request; `None` at the end of the connection.
async fn next(
    stream: &mut (impl AsyncRead + Unpin),
    read: &mut Vec<u8>,
) -> io::Result<Option<Seen>> {
    let end = loop {
        if let Some(at) = read.windows(4).position(|four| four == b"\r\n\r\n") {
            break at + 4;
        }
        if stream.read_buf(read).await? == 0 {
            return Ok(None);
        }
    };
    let head = String::from_utf8(read.drain(..end).collect()).unwrap();
    let mut seen = Seen {
        head,
        body: Vec::new(),
    };
    if seen.field("transfer-encoding").is_some() {
        let end = loop {
            if let Some(at) = read.windows(5).position(|five| five == b"0\r\n\r\n") {
                break at + 5;
            }
            if stream.read_buf(read).await? == 0 {
                return Ok(None);
            }
        };
        seen.body = unchunked(&read[..end]);
        read.drain(..end);
        return Ok(Some(seen));
    }
    let len = seen
        .field("content-length")
        .map_or(0, |len| len.parse().unwrap());
    while read.len() < len {
        if stream.read_buf(read).await? == 0 {
            return Ok(None);
        }
    }
    seen.body = read.drain(..len).collect();
    Ok(Some(seen))
}

/// Joins the chunks of a body.
fn unchunked(mut chunks: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    loop {
        let at = chunks.windows(2).position(|two| two == b"\r\n").unwrap();
        let len = usize::from_str_radix(std::str::from_utf8(&chunks[..at]).unwrap(), 16).unwrap();
        if len == 0 {
            return body;
        }
        body.extend(&chunks[at + 2..at + 2 + len]);
        chunks = &chunks[at + 4 + len..];
    }
}

/// Knows the names of a test, and connects to nothing beyond this machine.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// The addresses of each name: those of the next look-up first. The last ones stay.
    known: Mutex<HashMap<String, VecDeque<Vec<IpAddr>>>>,
    /// The real target of connections to an address.
    places: Mutex<HashMap<SocketAddr, SocketAddr>>,
    /// The names that were looked up.
    pub(super) asked: Mutex<Vec<String>>,
    /// The addresses that were connected to.
    pub(super) connected: Mutex<Vec<SocketAddr>>,
    /// The address where no connection is ever made.
    pub(super) silent: Mutex<Option<SocketAddr>>,
}

impl Names {
    pub(super) fn answers(&self, name: &str, answers: &[&[IpAddr]]) {
        let answers = answers.iter().map(|addresses| addresses.to_vec()).collect();
        self.known.lock().insert(name.to_owned(), answers);
    }

    pub(super) fn place(&self, address: SocketAddr, place: SocketAddr) {
        self.places.lock().insert(address, place);
    }
}

impl Resolver for Names {
    fn resolve(&self, name: &str, port: u16) -> Resolving {
        self.asked.lock().push(name.to_owned());
        let mut known = self.known.lock();
        let addresses = known.get_mut(name).map(|answers| match answers.len() {
            1 => answers[0].clone(),
            _ => answers.pop_front().unwrap(),
        });
        Box::pin(async move {
            let addresses = addresses.ok_or_else(|| io::Error::other("no such name"))?;
            let with_port = |address| SocketAddr::new(address, port);
            Ok(addresses.into_iter().map(with_port).collect())
        })
    }

    fn connect(&self, address: SocketAddr) -> Connecting {
        self.connected.lock().push(address);
        let place = self.places.lock().get(&address).copied();
        let is_silent = *self.silent.lock() == Some(address);
        Box::pin(async move {
            if is_silent {
                return std::future::pending().await;
            }
            match place {
                Some(place) => TcpStream::connect(place).await,
                None if address.ip().is_loopback() => TcpStream::connect(address).await,
                None => Err(io::ErrorKind::ConnectionRefused.into()),
            }
        })
    }
}
