//! The errors of listening.

use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;
use warren_kernel::text;

/// The reason why the program does not listen.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ListenError {
    /// The system refuses the address.
    #[error("cannot listen at {address} ({listener}): {error}")]
    Bind {
        /// The id of the listener.
        listener: Arc<str>,
        /// The address.
        address: SocketAddr,
        /// The system's error.
        #[source]
        error: io::Error,
    },
    /// A file of a certificate cannot be used.
    #[error("cannot use {} for TLS: {reason}", text::path(path))]
    Tls {
        /// The file.
        path: PathBuf,
        /// The fault.
        reason: String,
    },
    /// A directory of files cannot be opened.
    #[error("cannot serve {}: {error}", text::path(path))]
    Directory {
        /// The directory.
        path: PathBuf,
        /// The system's error.
        #[source]
        error: io::Error,
    },
    /// Files are those of a volume that the program does not have.
    #[error("the files {files} are those of the volume {volume}, which does not exist")]
    Volume {
        /// The id of the files.
        files: Arc<str>,
        /// The id of the volume.
        volume: Arc<str>,
    },
    /// The policies do not permit a listener.
    #[error("not allowed: http.listen on {listener}")]
    Denied {
        /// The id of the listener.
        listener: Arc<str>,
    },
    /// The middleware of a router names a store of tokens that the program does not have.
    #[error("the router {router} names the token store {store}, which does not exist")]
    TokenStore {
        /// The id of the router.
        router: Arc<str>,
        /// The id of the store.
        store: String,
    },
    /// The runtime is ending.
    #[error("cannot listen: the runtime is ending")]
    Ending,
}

impl ListenError {
    /// Returns true if another program listens at the address.
    pub fn is_in_use(&self) -> bool {
        matches!(self, ListenError::Bind { error, .. } if error.kind() == io::ErrorKind::AddrInUse)
    }
}
