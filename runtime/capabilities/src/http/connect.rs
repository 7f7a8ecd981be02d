//! Connections: the addresses of a host, judged, and one of them connected to.

use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use http::Uri;
use hyper_util::client::legacy::connect::{Connected, Connection};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout_at};
use tokio_rustls::client::TlsStream;
use warren_engine::capability::http::reason;
use warren_kernel::{Error, Kind};

use super::address::is_public;
use super::failure;
use super::resolve::{Lookups, Resolver};
use super::tls::Tls;

/// Time for a connection, if nobody says another one.
pub(super) const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Time for one address of several, before the next one is tried.
const ATTEMPT: Duration = Duration::from_secs(3);

/// Addresses of a host that are tried.
const ADDRESSES: usize = 8;

/// Open connections of the program beyond which a new one is closed after its request, in place
/// of being kept for the next one.
const KEPT: usize = 256;

tokio::task_local! {
    /// The request for which a connection is opened.
    static WANTED: Wanted;
}

/// The demands of a request on its connection.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted {
    /// The number of the host of its process.
    pub(super) host: usize,
    pub(super) timeout: Duration,
}

impl Wanted {
    /// Runs a request. Connections are opened within its first polls.
    pub(super) async fn within<F: Future>(self, request: F) -> F::Output {
        WANTED.scope(self, request).await
    }
}

/// Opens the connections of a pool.
#[derive(Clone)]
pub(super) struct Connector {
    resolver: Arc<dyn Resolver>,
    lookups: Arc<Lookups>,
    /// Open connections of all pools.
    open: Arc<AtomicUsize>,
    tls: Tls,
    /// True if addresses that are not public are taken.
    private: bool,
    /// True if connections may speak HTTP/2.
    http2: bool,
}

impl Connector {
    /// Makes the connector of a pool for public addresses.
    pub(super) fn new(resolver: Arc<dyn Resolver>) -> Connector {
        Connector {
            resolver,
            lookups: Arc::default(),
            open: Arc::default(),
            tls: Tls::default(),
            private: false,
            http2: true,
        }
    }

    /// Returns the connector of a pool for all addresses.
    pub(super) fn for_private(&self) -> Connector {
        Connector {
            private: true,
            ..self.clone()
        }
    }

    /// Returns the connector of a pool with this TLS.
    pub(super) fn with(&self, tls: Tls) -> Connector {
        Connector {
            tls,
            ..self.clone()
        }
    }

    /// Returns the connector of connections that leave HTTP.
    pub(super) fn for_upgrade(&self) -> Connector {
        Connector {
            http2: false,
            ..self.clone()
        }
    }

    /// Opens a connection that belongs to no pool.
    ///
    /// # Errors
    ///
    /// `Timeout`, `Unavailable`, and `PermissionDenied` for addresses that are not taken.
    pub(super) async fn open(self, uri: Uri, wanted: Wanted) -> Result<Transport, Error> {
        let opened = self.connect(uri, wanted).await?;
        Ok(opened.into_inner())
    }

    async fn connect(self, uri: Uri, wanted: Wanted) -> Result<TokioIo<Transport>, Error> {
        let host = uri.host().unwrap_or_default();
        let is_https = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if is_https { 443 } else { 80 });
        let deadline = Instant::now() + wanted.timeout;
        let late = |_| {
            let why = format!("it took longer than {:?}", wanted.timeout);
            let error = failure::unreachable(host, &why, reason::CONNECT_TIMEOUT);
            Error {
                kind: Kind::Timeout,
                ..error
            }
        };
        let addresses = timeout_at(deadline, self.addresses(host, port, wanted.host)).await;
        let addresses = addresses.map_err(|_| {
            let why = "its name was not found in time";
            let error = failure::unreachable(host, why, reason::DNS_TIMEOUT);
            Error {
                kind: Kind::Timeout,
                ..error
            }
        })??;
        let stream = self.first_of(host, &addresses, deadline).await?;
        // A request waits for nothing but its answer.
        let _ = stream.set_nodelay(true);
        let open = Open::new(&self.open);
        let (stream, is_http2) = match is_https {
            false => (Stream::Plain(stream), false),
            true => {
                let begun = timeout_at(deadline, self.tls.connect(host, stream, self.http2)).await;
                let (stream, is_http2) = begun.map_err(late)??;
                (Stream::Tls(Box::new(stream)), is_http2)
            }
        };
        Ok(TokioIo::new(Transport {
            stream,
            is_http2,
            open,
        }))
    }

    /// Returns the addresses of a host that may be connected to, at least one.
    async fn addresses(
        &self,
        name: &str,
        port: u16,
        of_host: usize,
    ) -> Result<Vec<SocketAddr>, Error> {
        let mut addresses = match literal(name) {
            Some(address) => vec![SocketAddr::new(address, port)],
            None => {
                let found = self
                    .lookups
                    .look_up(of_host, &self.resolver, name, port)
                    .await;
                found.map_err(|error| {
                    failure::unreachable(name, &format!("name not found: {error}"), reason::DNS)
                })?
            }
        };
        if addresses.is_empty() {
            return Err(failure::unreachable(name, "it has no address", reason::DNS));
        }
        if !self.private {
            addresses.retain(|address| is_public(address.ip()));
            if addresses.is_empty() {
                return Err(failure::private(name));
            }
        }
        addresses.truncate(ADDRESSES);
        Ok(addresses)
    }

    /// Connects to the first address that answers.
    async fn first_of(
        &self,
        host: &str,
        addresses: &[SocketAddr],
        deadline: Instant,
    ) -> Result<TcpStream, Error> {
        let mut failed = io::Error::from(io::ErrorKind::TimedOut);
        for (number, address) in (1..).zip(addresses) {
            let until = match number == addresses.len() {
                true => deadline,
                false => deadline.min(Instant::now() + ATTEMPT),
            };
            match timeout_at(until, self.resolver.connect(*address)).await {
                Ok(Ok(stream)) => return Ok(stream),
                Ok(Err(error)) => failed = error,
                Err(_) => failed = io::ErrorKind::TimedOut.into(),
            }
        }
        let (kind, reason) = match failed.kind() {
            io::ErrorKind::TimedOut => (Kind::Timeout, reason::CONNECT_TIMEOUT),
            _ => (Kind::Unavailable, reason::REFUSED),
        };
        let error = failure::unreachable(host, &failed.to_string(), reason);
        Err(Error { kind, ..error })
    }
}

/// Returns the address that a host is.
fn literal(host: &str) -> Option<IpAddr> {
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    bare.unwrap_or(host).parse().ok()
}

impl tower_service::Service<Uri> for Connector {
    type Response = TokioIo<Transport>;
    type Error = Error;
    type Future = Pin<Box<dyn Future<Output = Result<TokioIo<Transport>, Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let otherwise = Wanted {
            host: 0,
            timeout: CONNECT_TIMEOUT,
        };
        let wanted = WANTED.try_with(|wanted| *wanted).unwrap_or(otherwise);
        Box::pin(self.clone().connect(uri, wanted))
    }
}

/// A connection that counts as open until it is dropped.
struct Open {
    open: Arc<AtomicUsize>,
    /// True if it may be kept for further requests.
    is_kept: bool,
}

impl Open {
    fn new(open: &Arc<AtomicUsize>) -> Open {
        Open {
            is_kept: open.fetch_add(1, Ordering::Relaxed) < KEPT,
            open: Arc::clone(open),
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// A connection to a server.
pub(super) struct Transport {
    stream: Stream,
    is_http2: bool,
    open: Open,
}

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Connection for Transport {
    fn connected(&self) -> Connected {
        let connected = Connected::new();
        if !self.open.is_kept {
            connected.poison();
        }
        match self.is_http2 {
            true => connected.negotiated_h2(),
            false => connected,
        }
    }
}

impl AsyncRead for Transport {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_read(cx, buffer),
            Stream::Tls(stream) => Pin::new(stream).poll_read(cx, buffer),
        }
    }
}

impl AsyncWrite for Transport {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_write(cx, bytes),
            Stream::Tls(stream) => Pin::new(stream).poll_write(cx, bytes),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_flush(cx),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.stream {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(cx),
            Stream::Tls(stream) => Pin::new(stream).poll_shutdown(cx),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_read_with_and_without_brackets() {
        assert_eq!(literal("127.0.0.1"), Some([127, 0, 0, 1].into()));
        assert_eq!(literal("[::1]"), "::1".parse().ok());
        assert_eq!(literal("a.org"), None);
        assert_eq!(literal("[::1"), None);
    }

    #[test]
    fn connections_beyond_a_number_are_not_kept() {
        let open = Arc::default();
        let kept: Vec<_> = (0..KEPT).map(|_| Open::new(&open)).collect();
        assert!(kept.iter().all(|open| open.is_kept));
        assert!(!Open::new(&open).is_kept);
        drop(kept);
        assert!(Open::new(&open).is_kept);
    }
}
