//! TLS of a listener, by the files of its certificate.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use warren_engine::capability::web::TlsFiles;

use super::error::ListenError;

/// The most bytes of a file of a certificate or a key.
const MAX_FILE: u64 = 1 << 20;

/// Reads the files of a certificate.
///
/// # Errors
///
/// [`ListenError::Tls`], which names the file.
pub(super) fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, ListenError> {
    let wrong = |path: &Path, reason: String| ListenError::Tls {
        path: path.to_owned(),
        reason,
    };
    let bytes = |path: &Path| read(path).map_err(|error| wrong(path, error.to_string()));
    let certificates = bytes(&files.cert)?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&certificates).collect();
    let certificates =
        certificates.map_err(|error| wrong(&files.cert, format!("it is no PEM: {error}")))?;
    if certificates.is_empty() {
        return Err(wrong(
            &files.cert,
            "it has no certificate in PEM".to_owned(),
        ));
    }
    let key = PrivateKeyDer::from_pem_slice(&bytes(&files.key)?)
        .map_err(|error| wrong(&files.key, format!("it has no private key in PEM: {error}")))?;
    let provider = Arc::new(ring::default_provider());
    let config =
        ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| wrong(&files.cert, error.to_string()))?;
    let config = config.with_no_client_auth();
    let mut config = config
        .with_single_cert(certificates, key)
        .map_err(|error| {
            wrong(
                &files.key,
                format!("it does not fit the certificate: {error}"),
            )
        })?;
    config.alpn_protocols = vec![HTTP_2.to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// The name of HTTP/2 in the negotiation of protocols.
pub(super) const HTTP_2: &[u8] = b"h2";

fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)?
        .take(MAX_FILE + 1)
        .read_to_end(&mut bytes)?;
    match bytes.len() as u64 <= MAX_FILE {
        true => Ok(bytes),
        false => Err(io::Error::other("it is larger than 1 MiB")),
    }
}
