//! Errors for the operator.

use std::io;
use std::net::SocketAddr;

use thiserror::Error;
use warren::{ServiceError, StartError};

/// The reason why a server cannot be opened.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenError {
    /// The program cannot be opened.
    #[error(transparent)]
    App(#[from] warren::app::AppError),
    /// The manifest has no host of a tenant.
    #[error("the manifest has no tenant: no host `tenants:NAME`")]
    NoTenants,
    /// A tenant has the name of a page of the server's own.
    #[error("no tenant can be called `{0}`: /{0} is a page of the server's own")]
    Reserved(String),
    /// The code of a tenant does not compile, or is not there.
    #[error("tenant {tenant}: {error}")]
    Code {
        /// The tenant.
        tenant: String,
        /// The error, with file and line.
        error: Box<warren::Error>,
    },
    /// The runtime cannot be started.
    #[error(transparent)]
    Runtime(#[from] StartError),
    /// A service of the program cannot be started.
    #[error(transparent)]
    Service(#[from] Box<ServiceError>),
    /// The address cannot be listened on.
    #[error("cannot listen on {address}: {error}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// The system's error.
        #[source]
        error: io::Error,
    },
}

/// The reason why a server ended without being told to.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ServeError {
    /// A service that the manifest calls critical has failed for good.
    #[error(transparent)]
    Service(#[from] Box<ServiceError>),
    /// No more connections can be accepted.
    #[error("cannot accept connections: {0}")]
    Accept(#[source] io::Error),
}
