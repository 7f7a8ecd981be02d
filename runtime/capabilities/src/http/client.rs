//! The pools of connections.

use std::sync::Arc;
use std::time::Duration;

use hyper_util::client::legacy::Client as Pooled;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use warren_engine::capability::http::Body;

use super::connect::Connector;
use super::headers::MAX_HEADERS;
use super::in_flight::Flights;
use super::resolve::Resolver;
use super::tls::{Reading, Tls};

/// A pool of connections.
pub(super) type Pool = Pooled<Connector, Body>;

/// The pools of a program. A connection to an address that only some grants cover is never used
/// by a request of another grant.
pub(super) struct Client {
    pub(super) flights: Arc<Flights>,
    /// Reads what requests say about TLS.
    pub(super) tls: Reading,
    connector: Connector,
    public: Pool,
    private: Pool,
}

/// Time after which an unused connection is closed.
const IDLE: Duration = Duration::from_secs(30);

/// Unused connections that are kept for an origin.
const IDLE_CONNECTIONS: usize = 16;

/// Bytes of a body that come before somebody reads them, of one stream of HTTP/2 and of a
/// connection.
const WINDOW: u32 = 64 << 10;
const CONNECTION_WINDOW: u32 = 1 << 20;

impl Client {
    pub(super) fn new(resolver: Arc<dyn Resolver>) -> Client {
        let connector = Connector::new(resolver);
        Client {
            flights: Arc::default(),
            tls: Reading::default(),
            public: pool(connector.clone()),
            private: pool(connector.for_private()),
            connector,
        }
    }

    /// Returns the connector of a connection that leaves HTTP.
    pub(super) fn upgrading(&self, private: bool) -> Connector {
        match private {
            false => self.connector.for_upgrade(),
            true => self.connector.for_private().for_upgrade(),
        }
    }

    /// Returns the pool for a request. One with its own TLS has connections of its own.
    pub(super) fn pool(&self, private: bool, tls: Option<&Tls>) -> Pool {
        match (tls, private) {
            (None, false) => self.public.clone(),
            (None, true) => self.private.clone(),
            (Some(tls), false) => pool(self.connector.with(tls.clone())),
            (Some(tls), true) => pool(self.connector.for_private().with(tls.clone())),
        }
    }
}

fn pool(connector: Connector) -> Pool {
    let mut builder = Pooled::builder(TokioExecutor::new());
    builder
        .pool_timer(TokioTimer::new())
        .timer(TokioTimer::new())
        .pool_idle_timeout(IDLE)
        .pool_max_idle_per_host(IDLE_CONNECTIONS)
        .http1_max_buf_size(MAX_HEADERS)
        .http2_max_header_list_size(MAX_HEADERS as u32)
        .http2_initial_stream_window_size(WINDOW)
        .http2_initial_connection_window_size(CONNECTION_WINDOW);
    builder.build(connector)
}
