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
///
/// ```
/// use std::future::poll_fn;
/// use std::pin::Pin;
/// use std::task::{Context, Poll};
///
/// use bytes::Bytes;
/// use http_body::Frame;
/// use warren_engine::capability::http::Body;
/// use warren_kernel::Error;
///
/// struct Text(Option<Bytes>);
///
/// impl http_body::Body for Text {
///     type Data = Bytes;
///     type Error = Error;
///
///     fn poll_frame(
///         mut self: Pin<&mut Self>,
///         _: &mut Context<'_>,
///     ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
///         Poll::Ready(self.0.take().map(|text| Ok(Frame::data(text))))
///     }
/// }
///
/// let mut body: Body = Box::pin(Text(Some(Bytes::from_static(b"hello"))));
/// let frame = poll_fn(|context| http_body::Body::poll_frame(body.as_mut(), context));
/// let frame = futures::executor::block_on(frame).unwrap()?;
/// assert_eq!(frame.into_data().unwrap(), "hello");
/// # Ok::<_, Error>(())
/// ```
pub type Body = Pin<Box<dyn http_body::Body<Data = Bytes, Error = Error> + Send>>;

/// The future of a response.
///
/// ```
/// use warren_engine::capability::http::{ResponseFuture, reason};
/// use warren_kernel::{Error, Kind};
///
/// fn refused() -> ResponseFuture {
///     let error = Error::new(Kind::Unavailable, "the server refuses connections");
///     Box::pin(async move { Err(error.with(reason::NAME, reason::REFUSED)) })
/// }
///
/// let Err(error) = futures::executor::block_on(refused()) else {
///     panic!("there is a response");
/// };
/// assert_eq!(error.kind, Kind::Unavailable);
/// ```
pub type ResponseFuture = Pin<Box<dyn Future<Output = Result<Response<Body>, Error>> + Send>>;

/// Sends a judged request with its body, in a task of the embedder's tokio runtime.
///
/// ```
/// use http::Response;
/// use warren_engine::capability::http::{Body, ResponseFuture, Sending};
/// use warren_kernel::Error;
///
/// # struct Empty;
/// #
/// # impl http_body::Body for Empty {
/// #     type Data = bytes::Bytes;
/// #     type Error = Error;
/// #
/// #     fn poll_frame(
/// #         self: std::pin::Pin<&mut Self>,
/// #         _: &mut std::task::Context<'_>,
/// #     ) -> std::task::Poll<Option<Result<http_body::Frame<bytes::Bytes>, Error>>> {
/// #         std::task::Poll::Ready(None)
/// #     }
/// # }
/// #
/// let echo: Sending = Box::new(|body: Body| -> ResponseFuture {
///     Box::pin(async move { Ok(Response::new(body)) })
/// });
/// let body: Body = Box::pin(Empty);
/// let response = futures::executor::block_on(echo(body))?;
/// assert_eq!(response.status(), 200);
/// # Ok::<_, Error>(())
/// ```
pub type Sending = Box<dyn FnOnce(Body) -> ResponseFuture + Send>;

/// The head of a request of a component.
///
/// ```
/// use http::{HeaderMap, Method, Uri};
/// use warren_engine::capability::http::{OutgoingRequest, Timeouts};
///
/// let request = OutgoingRequest {
///     method: Method::GET,
///     uri: Uri::from_static("https://example.com/orders?page=2"),
///     headers: HeaderMap::new(),
///     timeouts: Timeouts::default(),
/// };
/// assert_eq!(request.uri.host(), Some("example.com"));
/// ```
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
///
/// ```
/// use std::time::Duration;
///
/// use warren_engine::capability::http::Timeouts;
///
/// let timeouts = Timeouts {
///     connect: Some(Duration::from_secs(5)),
///     ..Timeouts::default()
/// };
/// assert_eq!(timeouts.first_byte, None);
/// ```
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
///
/// ```
/// use http::Response;
/// use warren_engine::capability::Caller;
/// use warren_engine::capability::http::{
///     Body, Outgoing, OutgoingRequest, ResponseFuture, Sending,
/// };
/// use warren_kernel::Error;
///
/// /// Answers each request with its own body.
/// struct Echo;
///
/// impl Outgoing for Echo {
///     fn begin(
///         &self,
///         caller: &mut dyn Caller,
///         request: &OutgoingRequest,
///     ) -> Result<Sending, Error> {
///         let host = request.uri.host().unwrap_or_default();
///         caller.permit("http.request", host, &[])?;
///         Ok(Box::new(|body: Body| -> ResponseFuture {
///             Box::pin(async move { Ok(Response::new(body)) })
///         }))
///     }
/// }
///
/// let _outgoing: &dyn Outgoing = &Echo;
/// ```
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
///
/// ```
/// use std::sync::Mutex;
///
/// use http::{Request, Response, StatusCode};
/// use warren_engine::capability::http::{Body, Exchange};
/// use warren_kernel::Error;
///
/// #[derive(Default)]
/// struct Call {
///     request: Mutex<Option<Request<Body>>>,
///     status: Mutex<Option<StatusCode>>,
/// }
///
/// impl Exchange for Call {
///     fn take(&self) -> Option<Request<Body>> {
///         self.request.lock().unwrap().take()
///     }
///
///     fn respond(&self, response: Result<Response<Body>, Error>) {
///         let status = match response {
///             Ok(response) => response.status(),
///             Err(_) => StatusCode::BAD_GATEWAY,
///         };
///         *self.status.lock().unwrap() = Some(status);
///     }
/// }
///
/// let call = Call::default();
/// assert!(call.take().is_none());
/// call.respond(Err(Error::internal("the component has failed")));
/// assert_eq!(*call.status.lock().unwrap(), Some(StatusCode::BAD_GATEWAY));
/// ```
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
///
/// ```
/// use std::sync::Arc;
///
/// use http::{Request, Response};
/// use warren_engine::capability::Kept;
/// use warren_engine::capability::http::{Body, Exchange, Incoming};
/// use warren_kernel::Error;
///
/// struct Taken;
///
/// impl Exchange for Taken {
///     fn take(&self) -> Option<Request<Body>> {
///         None
///     }
///
///     fn respond(&self, _: Result<Response<Body>, Error>) {}
/// }
///
/// let kept = Kept::default();
/// kept.state(|| Incoming::new(Arc::new(Taken)))?;
/// assert!(kept.find::<Incoming>().is_some());
/// # Ok::<_, Error>(())
/// ```
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
