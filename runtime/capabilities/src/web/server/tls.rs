//! TLS of a listener, by the files of its certificate.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use parking_lot::RwLock;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use warren_engine::capability::web::TlsFiles;

use super::error::ListenError;

/// The most bytes of a file of a certificate or a key.
const MAX_FILE: u64 = 1 << 20;

/// The certificate of a listener, which follows its files.
pub(super) struct Certificate {
    files: TlsFiles,
    present: RwLock<Present>,
}

/// The certificate as it was read.
struct Present {
    acceptor: TlsAcceptor,
    stamps: [Option<Stamp>; 2],
}

/// The time at which a file was written, and its bytes.
type Stamp = (SystemTime, u64);

impl Certificate {
    /// Reads the files.
    ///
    /// # Errors
    ///
    /// [`ListenError::Tls`], which names the file.
    pub(super) fn new(files: &TlsFiles) -> Result<Certificate, ListenError> {
        Ok(Certificate {
            present: RwLock::new(Present::read(files)?),
            files: files.clone(),
        })
    }

    /// Returns what new connections begin with.
    pub(super) fn acceptor(&self) -> TlsAcceptor {
        self.present.read().acceptor.clone()
    }

    /// Reads the files again if they were written since. Returns true if there is a new
    /// certificate.
    ///
    /// # Errors
    ///
    /// [`ListenError::Tls`]. The certificate stays what it was.
    pub(super) fn renew(&self) -> Result<bool, ListenError> {
        if self.present.read().stamps == stamps(&self.files) {
            return Ok(false);
        }
        let renewed = Present::read(&self.files)?;
        *self.present.write() = renewed;
        Ok(true)
    }
}

impl Present {
    fn read(files: &TlsFiles) -> Result<Present, ListenError> {
        // First, so that what is written in between is read again.
        let stamps = stamps(files);
        Ok(Present {
            acceptor: acceptor(files)?,
            stamps,
        })
    }
}

fn stamps(files: &TlsFiles) -> [Option<Stamp>; 2] {
    [&files.cert, &files.key].map(|path| {
        let metadata = path.metadata().ok()?;
        Some((metadata.modified().ok()?, metadata.len()))
    })
}

/// Reads the files of a certificate.
///
/// # Errors
///
/// [`ListenError::Tls`], which names the file.
fn acceptor(files: &TlsFiles) -> Result<TlsAcceptor, ListenError> {
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use super::*;

    /// Writes a certificate and its key.
    fn write(files: &TlsFiles, at: SystemTime) {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
        let key = made.key_pair.serialize_pem();
        for (path, text) in [(&files.cert, made.cert.pem()), (&files.key, key)] {
            fs::write(path, text).unwrap();
            let file = File::options().write(true).open(path).unwrap();
            file.set_modified(at).unwrap();
        }
    }

    #[test]
    fn a_certificate_follows_its_files() {
        let directory = tempfile::tempdir().unwrap();
        let files = TlsFiles {
            cert: directory.path().join("cert.pem"),
            key: directory.path().join("key.pem"),
        };
        let day = |day: u64| SystemTime::UNIX_EPOCH + Duration::from_secs(day * 86_400);
        write(&files, day(1));
        let certificate = Certificate::new(&files).unwrap();
        assert!(!certificate.renew().unwrap());
        write(&files, day(2));
        assert!(certificate.renew().unwrap());
        assert!(!certificate.renew().unwrap());
        // One file is there before the other.
        let key = fs::read(&files.key).unwrap();
        write(&files, day(3));
        fs::write(&files.key, key).unwrap();
        let error = certificate.renew().unwrap_err().to_string();
        assert!(error.contains("does not fit"), "{error}");
        write(&files, day(4));
        assert!(certificate.renew().unwrap());
        fs::remove_file(&files.cert).unwrap();
        assert!(certificate.renew().is_err());
    }
}
