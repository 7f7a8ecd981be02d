//! The resources of `wasi:http`.
#![allow(
    unreachable_pub,
    reason = "the generated bindings export the types again"
)]

use std::sync::Arc;
use std::time::Duration;

use http::uri::{Authority, PathAndQuery, Scheme};
use http::{Method, StatusCode};

use super::Open;
use super::awaited::Awaited;
use super::counted::Counted;
use super::reading::Reading;
use super::written::{Unsent, Written};
use crate::capability::http::{Exchange, Timeouts};

/// Header fields or trailers.
pub struct Fields {
    pub(super) counted: Arc<Counted>,
    /// True if the fields belong to a request or a response.
    pub(super) is_fixed: bool,
}

/// A request that the component answers.
pub struct IncomingRequest {
    pub(super) method: Method,
    pub(super) scheme: Option<Scheme>,
    pub(super) authority: Option<Authority>,
    pub(super) path: Option<PathAndQuery>,
    pub(super) headers: Arc<Counted>,
    /// Absent once it was consumed.
    pub(super) body: Option<IncomingBody>,
}

/// The way to answer a request.
pub struct ResponseOutparam {
    pub(super) exchange: Arc<dyn Exchange>,
}

/// The answer to a request, before it is sent.
pub struct OutgoingResponse {
    pub(super) status: StatusCode,
    pub(super) headers: Arc<Counted>,
    pub(super) body: Unsent,
}

/// A request of the component, before it is sent.
pub struct OutgoingRequest {
    pub(super) method: Method,
    pub(super) scheme: Option<Scheme>,
    pub(super) authority: Option<Authority>,
    pub(super) path: Option<PathAndQuery>,
    pub(super) headers: Arc<Counted>,
    pub(super) body: Unsent,
}

/// The time limits of a request.
#[derive(Default)]
pub struct RequestOptions {
    pub(super) timeouts: Timeouts,
}

/// A response that was sent for.
pub struct FutureIncomingResponse {
    pub(super) awaited: Awaited,
    /// The longest wait for a part of the response's body.
    pub(super) between_bytes: Option<Duration>,
    /// Counts the body against the limit of bodies.
    pub(super) open: Arc<Open>,
}

/// A response.
pub struct IncomingResponse {
    pub(super) status: StatusCode,
    pub(super) headers: Arc<Counted>,
    /// Absent once it was consumed.
    pub(super) body: Option<IncomingBody>,
}

/// The body of a request or a response that the component reads.
pub struct IncomingBody {
    pub(super) reading: Arc<Reading>,
    /// True once the component has its stream.
    pub(super) is_streamed: bool,
}

/// The trailers of such a body.
pub struct FutureTrailers {
    pub(super) reading: Arc<Reading>,
    /// True once the trailers were taken.
    pub(super) is_taken: bool,
}

/// The body of a request or a response that the component writes.
pub struct OutgoingBody {
    pub(super) body: Written,
}
