//! The settings of a listener.

use std::net::SocketAddr;
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

/// A socket at which the program serves HTTP.
///
/// ```
/// use warren_engine::capability::web::{ListenerSettings, parse_bind};
///
/// let web = ListenerSettings {
///     max_requests: 100,
///     ..ListenerSettings::new("app:web", parse_bind("127.0.0.1:8080")?)
/// };
/// assert!(web.tls.is_none());
/// # Ok::<_, warren_engine::capability::web::BindError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListenerSettings {
    /// The id, `namespace:name`.
    pub id: Arc<str>,
    /// The address and port.
    pub bind: SocketAddr,
    /// The certificate; without one the listener speaks plain HTTP.
    pub tls: Option<TlsFiles>,
    /// The times that a client has.
    pub timeouts: WebTimeouts,
    /// The most requests that are answered at a time. A further one is refused with 503.
    pub max_requests: usize,
    /// The most open connections. Further ones wait until one is closed.
    pub max_connections: usize,
    /// The most open connections of one client, by its address: the first 64 bits of an IPv6
    /// address. Further ones are closed.
    pub max_client_connections: usize,
    /// The most bytes of the body of a request. More is refused with 413.
    pub max_body: u64,
}

/// The files of a certificate, in PEM.
///
/// ```
/// use warren_engine::capability::web::{ListenerSettings, TlsFiles, parse_bind};
///
/// let web = ListenerSettings {
///     tls: Some(TlsFiles {
///         cert: "tls/chain.pem".into(),
///         key: "tls/key.pem".into(),
///     }),
///     ..ListenerSettings::new("app:web", parse_bind(":443")?)
/// };
/// assert!(web.tls.is_some());
/// # Ok::<_, warren_engine::capability::web::BindError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TlsFiles {
    /// The certificate, and those that lead to its root.
    pub cert: PathBuf,
    /// The private key.
    pub key: PathBuf,
}

/// The times that a listener gives its clients and the processes that answer them.
///
/// ```
/// use std::time::Duration;
///
/// use warren_engine::capability::web::{ListenerSettings, WebTimeouts};
///
/// let timeouts = WebTimeouts {
///     idle: Duration::from_secs(5),
///     ..WebTimeouts::default()
/// };
/// assert!(timeouts.read >= ListenerSettings::LEAST_TIMEOUT);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebTimeouts {
    /// For the head of a request, and for each further part of its body.
    pub read: Duration,
    /// For the process until it answers, and for the client to take each part of the answer.
    pub write: Duration,
    /// For the next request on a connection.
    pub idle: Duration,
}

impl Default for WebTimeouts {
    fn default() -> Self {
        WebTimeouts {
            read: Duration::from_secs(10),
            write: Duration::from_secs(60),
            idle: Duration::from_secs(60),
        }
    }
}

impl ListenerSettings {
    /// Default of [`ListenerSettings::max_requests`].
    pub const DEFAULT_MAX_REQUESTS: usize = 10_000;

    /// Default of [`ListenerSettings::max_connections`].
    pub const DEFAULT_MAX_CONNECTIONS: usize = 32_768;

    /// Default of [`ListenerSettings::max_client_connections`]: that of a reverse proxy is
    /// one client.
    pub const DEFAULT_MAX_CLIENT_CONNECTIONS: usize = 16_384;

    /// Default of [`ListenerSettings::max_body`].
    pub const DEFAULT_MAX_BODY: u64 = 64 << 20;

    /// Values that [`ListenerSettings::max_body`] may have.
    pub const BODY_RANGE: RangeInclusive<u64> = 0..=1 << 40;

    /// The shortest of each time.
    pub const LEAST_TIMEOUT: Duration = Duration::from_millis(10);

    /// Returns the settings of a listener with the default limits.
    pub fn new(id: impl Into<Arc<str>>, bind: SocketAddr) -> ListenerSettings {
        ListenerSettings {
            id: id.into(),
            bind,
            tls: None,
            timeouts: WebTimeouts::default(),
            max_requests: Self::DEFAULT_MAX_REQUESTS,
            max_connections: Self::DEFAULT_MAX_CONNECTIONS,
            max_client_connections: Self::DEFAULT_MAX_CLIENT_CONNECTIONS,
            max_body: Self::DEFAULT_MAX_BODY,
        }
    }
}
