//! The socket of a session: TCP or a socket of the machine, with TLS or without.

use std::fmt;
use std::io;
use std::sync::Arc;

use rustls::crypto::ring;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UnixStream};
use tokio::sync::OnceCell;
use tokio::task::spawn_blocking;
use tokio_rustls::TlsConnector;

use super::messages;
use super::url::{Address, Place};

/// A connected socket.
pub(super) type Socket = Box<dyn Stream>;

/// Bytes in both directions.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<S: AsyncRead + AsyncWrite + Unpin + Send> Stream for S {}

/// The roots of the machine, read when a connection first needs them.
#[derive(Clone, Default)]
pub(super) struct Roots(Arc<OnceCell<Arc<ClientConfig>>>);

impl fmt::Debug for Roots {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Roots").finish_non_exhaustive()
    }
}

/// Connects to a server, and begins TLS if the address has it. The certificate of the server
/// is verified.
pub(super) async fn connect(address: &Address, roots: &Roots) -> io::Result<Socket> {
    let (host, port) = match &address.place {
        Place::Unix(path) => return Ok(Box::new(UnixStream::connect(path).await?)),
        Place::Tcp { host, port } => (host.as_str(), *port),
    };
    let mut stream = TcpStream::connect((host, port)).await?;
    // A statement waits for nothing but its answer.
    let _ = stream.set_nodelay(true);
    if !address.has_tls() {
        return Ok(Box::new(stream));
    }
    stream.write_all(&messages::TLS_REQUEST).await?;
    if stream.read_u8().await? != b'S' {
        let message = "the server has no TLS, which sslmode=disable does without";
        return Err(io::Error::other(message));
    }
    let name = ServerName::try_from(host.to_owned());
    let name = name.map_err(|error| io::Error::other(error.to_string()))?;
    let config = roots.0.get_or_try_init(config).await?;
    let connector = TlsConnector::from(Arc::clone(config));
    Ok(Box::new(connector.connect(name, stream).await?))
}

/// Reads the roots of the machine.
async fn config() -> io::Result<Arc<ClientConfig>> {
    let read = || {
        let found = rustls_native_certs::load_native_certs();
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            let message = "this machine has no root certificates";
            return Err(io::Error::other(message));
        }
        let provider = Arc::new(ring::default_provider());
        let versions = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(io::Error::other)?;
        let config = versions.with_root_certificates(roots).with_no_client_auth();
        Ok(Arc::new(config))
    };
    spawn_blocking(read).await.map_err(io::Error::other)?
}
