//! TLS: the roots of the machine, or those that a request brings.

use std::io;
use std::sync::{Arc, OnceLock};

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio::sync::{OnceCell, Semaphore};
use tokio::task::spawn_blocking;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use warren_engine::capability::http::reason;
use warren_kernel::{Error, Kind, text};

use super::failure;

/// The TLS of a pool of connections.
#[derive(Clone)]
pub(super) enum Tls {
    /// With the roots of the machine, read at the first use.
    OfMachine(Arc<OnceCell<Arc<ClientConfig>>>),
    /// As a request wants it.
    Own {
        config: Arc<ClientConfig>,
        /// The name that the server's certificate has, in place of the host.
        server_name: Option<ServerName<'static>>,
    },
}

/// The settings of TLS of a request, in PEM.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct TlsOptions {
    /// Roots, in place of those of the machine.
    pub(super) ca: Option<String>,
    /// The certificates of the client, its own first, and their key.
    pub(super) identity: Option<(String, String)>,
    pub(super) server_name: Option<String>,
}

impl Default for Tls {
    fn default() -> Self {
        Tls::OfMachine(Arc::default())
    }
}

/// The reading of what requests say about TLS. No process is charged for the time that it takes,
/// so it has few threads.
pub(super) struct Reading {
    permits: Arc<Semaphore>,
    /// The roots of the machine, for requests without roots of their own.
    roots: Arc<OnceLock<RootCertStore>>,
}

/// Threads that read what requests say about TLS.
const AT_A_TIME: u32 = 4;

impl Default for Reading {
    fn default() -> Self {
        Reading {
            permits: Arc::new(Semaphore::new(AT_A_TIME as usize)),
            roots: Arc::default(),
        }
    }
}

impl Tls {
    /// Makes the TLS of a request.
    ///
    /// # Errors
    ///
    /// `Invalid` for texts that are no certificates, no key or no name.
    pub(super) async fn own(options: TlsOptions, reading: &Reading) -> Result<Tls, Error> {
        let lost = || Error::internal("the options of TLS could not be read");
        let permit = Arc::clone(&reading.permits).acquire_owned().await;
        let permit = permit.map_err(|_| lost())?;
        let of_machine = Arc::clone(&reading.roots);
        let read = spawn_blocking(move || {
            // Given back at the end of the work, be its request still there or not.
            let _permit = permit;
            own(&options, &of_machine)
        });
        read.await.map_err(|_| lost())?
    }

    /// Begins TLS on a connection to a host, which may speak HTTP/2 if `offers_http2`. Returns
    /// true with it if both sides do.
    ///
    /// # Errors
    ///
    /// `Unavailable`.
    pub(super) async fn connect(
        &self,
        host: &str,
        stream: TcpStream,
        offers_http2: bool,
    ) -> Result<(TlsStream<TcpStream>, bool), Error> {
        let (config, own_name) = match self {
            Tls::OfMachine(config) => (config.get_or_try_init(of_machine).await?, None),
            Tls::Own {
                config,
                server_name,
            } => (config, server_name.clone()),
        };
        let name = match own_name {
            Some(name) => name,
            None => name(host)?,
        };
        let mut config = Arc::clone(config);
        if !offers_http2 {
            Arc::make_mut(&mut config).alpn_protocols = vec![HTTP1.to_vec()];
        }
        let connector = TlsConnector::from(config);
        let stream = connector
            .connect(name, stream)
            .await
            .map_err(|error| failed(host, &error))?;
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(HTTP2);
        Ok((stream, is_http2))
    }
}

/// The protocols that ALPN offers.
const HTTP2: &[u8] = b"h2";
const HTTP1: &[u8] = b"http/1.1";

/// Reads the roots of the machine.
async fn of_machine() -> Result<Arc<ClientConfig>, Error> {
    let read = || {
        let found = rustls_native_certs::load_native_certs();
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(found.certs);
        if roots.is_empty() {
            let why = match found.errors.first() {
                Some(error) => error.to_string(),
                None => "there are none".to_owned(),
            };
            let message = format!("cannot read the root certificates of this machine: {why}");
            return Err(Error::new(Kind::Unavailable, message).with(reason::NAME, reason::TLS));
        }
        config(roots, None)
    };
    spawn_blocking(read)
        .await
        .map_err(|_| Error::internal("the root certificates could not be read"))?
}

fn own(options: &TlsOptions, of_machine: &OnceLock<RootCertStore>) -> Result<Tls, Error> {
    let roots = match &options.ca {
        None => None,
        Some(pem) => {
            let mut roots = RootCertStore::empty();
            for root in certificates("tls.ca", pem)? {
                roots
                    .add(root)
                    .map_err(|error| Error::invalid(format!("tls.ca: {error}")))?;
            }
            Some(roots)
        }
    };
    let identity = match &options.identity {
        None => None,
        Some((cert, key)) => {
            let key = PrivateKeyDer::from_pem_slice(key.as_bytes())
                .map_err(|error| Error::invalid(format!("tls.key: {error}")))?;
            Some((certificates("tls.cert", cert)?, key))
        }
    };
    let server_name = options.server_name.as_deref().map(name).transpose()?;
    let roots = roots.unwrap_or_else(|| known(of_machine));
    Ok(Tls::Own {
        config: config(roots, identity)?,
        server_name,
    })
}

/// Returns the roots of the machine, which are read once.
fn known(of_machine: &OnceLock<RootCertStore>) -> RootCertStore {
    if let Some(known) = of_machine.get() {
        return known.clone();
    }
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    // A machine without roots may have some later.
    if !roots.is_empty() {
        // Fails if another thread has read them, too.
        let _ = of_machine.set(roots.clone());
    }
    roots
}

type Identity = (Vec<CertificateDer<'static>>, PrivateKeyDer<'static>);

fn config(roots: RootCertStore, identity: Option<Identity>) -> Result<Arc<ClientConfig>, Error> {
    let wrong = |error: rustls::Error| Error::internal(format!("TLS cannot be used: {error}"));
    let provider = Arc::new(ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(wrong)?
        .with_root_certificates(roots);
    let mut config = match identity {
        None => builder.with_no_client_auth(),
        Some((certificates, key)) => builder
            .with_client_auth_cert(certificates, key)
            .map_err(|error| Error::invalid(format!("tls.cert and tls.key: {error}")))?,
    };
    config.alpn_protocols = vec![HTTP2.to_vec(), HTTP1.to_vec()];
    Ok(Arc::new(config))
}

fn certificates(what: &str, pem: &str) -> Result<Vec<CertificateDer<'static>>, Error> {
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    match found {
        Ok(found) if found.is_empty() => {
            Err(Error::invalid(format!("{what} has no certificate in PEM")))
        }
        Ok(found) => Ok(found),
        Err(error) => Err(Error::invalid(format!("{what}: {error}"))),
    }
}

/// Characters of a name in a message.
const SHOWN: usize = 200;

/// Reads the name of a server: a name, or an address, that of IPv6 with or without brackets.
fn name(host: &str) -> Result<ServerName<'static>, Error> {
    let bare = host
        .strip_prefix('[')
        .and_then(|rest| rest.strip_suffix(']'));
    ServerName::try_from(bare.unwrap_or(host).to_owned()).map_err(|_| {
        let shown = text::clipped(host, SHOWN);
        Error::invalid(format!("`{shown}` is not the name of a server"))
    })
}

/// The error of TLS that did not begin.
fn failed(host: &str, error: &io::Error) -> Error {
    let of_tls = error
        .get_ref()
        .and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let reason = match of_tls {
        Some(rustls::Error::InvalidCertificate(_)) => reason::CERTIFICATE,
        _ => reason::TLS,
    };
    let error = failure::unreachable(host, &format!("TLS failed: {error}"), reason);
    // The certificate will be the same.
    error.retryable(reason != reason::CERTIFICATE)
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    /// Nobody is charged for the time.
    #[tokio::test]
    async fn few_threads_read_what_requests_say() {
        let reading = Reading::default();
        let all = Arc::clone(&reading.permits).acquire_many_owned(AT_A_TIME);
        let all = all.await.unwrap();
        let mut own = Box::pin(Tls::own(TlsOptions::default(), &reading));
        assert!((&mut own).now_or_never().is_none());
        drop(all);
        assert!(own.await.is_ok());
        assert_eq!(reading.permits.available_permits(), AT_A_TIME as usize);
    }
}
