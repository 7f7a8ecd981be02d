//! HTTP of components: the traits between `wasi:http` and the client and the server.
//!
//! ```text
//!  guest ── outgoing-handler ──> Outgoing::begin ──> a task of tokio ──> a server
//!  guest <── future-incoming-response ─────────────────────┘
//!
//!  a client ──> the server ── Incoming in `Start::kept` ──> incoming-handler of the guest
//!  a client <── the server <── Exchange::respond ───────────────────┘
//! ```

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, Uri};
use warren_kernel::Error;

use super::Caller;

/// A body. Tasks of the embedder's tokio runtime poll it; it never runs on the stack of a
/// guest.
pub type Body = Pin<Box<dyn http_body::Body<Data = Bytes, Error = Error> + Send>>;

/// The future of a response.
pub type ResponseFuture = Pin<Box<dyn Future<Output = Result<Response<Body>, Error>> + Send>>;

/// Sends a judged request with its body, in a task of the embedder's tokio runtime.
pub type Sending = Box<dyn FnOnce(Body) -> ResponseFuture + Send>;

/// The head of a request of a component.
#[derive(Clone, Debug)]
pub struct OutgoingRequest {
    /// The method.
    pub method: Method,
    /// Scheme, authority and path. The scheme is `http` or `https`.
    pub uri: Uri,
    /// The fields, without those that belong to the connection and without `Host`.
    pub headers: HeaderMap,
    /// The time limits that the component wants.
    pub timeouts: Timeouts,
}

/// The time limits of a request. Absent ones are the client's own.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the connection is there.
    pub connect: Option<Duration>,
    /// Until the head of the response is there.
    pub first_byte: Option<Duration>,
    /// Between parts of the response's body. The engine enforces it.
    pub between_bytes: Option<Duration>,
}

/// Sends the requests of components. The capability `http` has it by
/// [`Capability::outgoing`](super::Capability::outgoing).
pub trait Outgoing: Send + Sync {
    /// Judges a request: its grant, its permission and its limits.
    ///
    /// Runs where guests run, and must not block. As
    /// [`Capability::call`](super::Capability::call), it may run twice up to the last
    /// permission, and has no effect that dropping the returned value does not undo.
    ///
    /// The returned value sends the request as it is: it follows no redirect and decodes no
    /// body. Dropping its future, or later the body of the response, aborts the request.
    ///
    /// # Errors
    ///
    /// The error of the request; see [`reason`].
    fn begin(&self, caller: &mut dyn Caller, request: &OutgoingRequest) -> Result<Sending, Error>;
}

/// A request that waits for the process that answers it.
pub trait Exchange: Send + Sync + 'static {
    /// Takes the request; `None` if it was taken before. Runs where guests run, and must
    /// not block.
    fn take(&self) -> Option<Request<Body>>;

    /// Sends the response. Called at most once, where guests run; must not block.
    ///
    /// The body yields the bytes that the guest writes, and ends with an error if the guest
    /// ends before the body is complete. It outlives the process: up to 64 KiB may be left
    /// in it. Dropping it tells the guest that nobody reads any more.
    ///
    /// An error stands for a component that answers with an error code.
    fn respond(&self, response: Result<Response<Body>, Error>);
}

/// The exchange of a process, as the engine finds it in [`Kept`](super::Kept). A component
/// with `wasi:http/incoming-handler` answers it.
#[derive(Clone)]
pub struct Incoming(Arc<dyn Exchange>);

impl Incoming {
    /// Makes the state of a process that answers this exchange.
    pub fn new(exchange: Arc<dyn Exchange>) -> Incoming {
        Incoming(exchange)
    }

    /// Returns the exchange.
    pub(crate) fn exchange(&self) -> &Arc<dyn Exchange> {
        &self.0
    }
}

impl fmt::Debug for Incoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming").finish_non_exhaustive()
    }
}

/// Values of the detail [`NAME`](reason::NAME) of an error, for failures of a request that a
/// component can tell apart.
pub mod reason {
    /// The name of the detail.
    pub const NAME: &str = "reason";
    /// The name of the server has no address.
    pub const DNS: &str = "dns";
    /// The resolver does not answer.
    pub const DNS_TIMEOUT: &str = "dns_timeout";
    /// The grant does not cover the server's address.
    pub const ADDRESS: &str = "address";
    /// The server refuses connections.
    pub const REFUSED: &str = "refused";
    /// The server has closed the connection.
    pub const CLOSED: &str = "closed";
    /// The connection took too long.
    pub const CONNECT_TIMEOUT: &str = "connect_timeout";
    /// The server stopped sending.
    pub const READ_TIMEOUT: &str = "read_timeout";
    /// TLS failed.
    pub const TLS: &str = "tls";
    /// The certificate of the server is not valid.
    pub const CERTIFICATE: &str = "certificate";
    /// The server broke the protocol.
    pub const PROTOCOL: &str = "protocol";
}
