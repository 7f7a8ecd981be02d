//! Failed requests, and their responses.

use std::fmt::Display;
use std::hash::{BuildHasher, RandomState};
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::Json;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// The reason why a request failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// No such tenant.
    NoTenant,
    /// The request does not fit the page.
    BadRequest(&'static str),
    /// The body is larger than the server takes.
    TooLarge,
    /// The sender took too long.
    SlowSender,
    /// All processes of the tenant are busy.
    Overloaded,
    /// The deadline has passed; the process is terminated.
    Deadline,
    /// An error that only the log describes: the sender cannot fix it.
    Internal {
        /// The id of the error in the log.
        id: String,
    },
}

impl Failure {
    /// Logs an error under an id, which the sender gets.
    pub(crate) fn internal(of: &str, error: &dyn Display) -> Failure {
        let id = new_id();
        tracing::error!(%id, of, %error, "a request failed");
        Failure::Internal { id }
    }
}

#[derive(Serialize)]
struct Told<'a> {
    error: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
}

impl IntoResponse for Failure {
    fn into_response(self) -> Response {
        let (status, error) = match self {
            Failure::NoTenant => (StatusCode::NOT_FOUND, "no such tenant"),
            Failure::BadRequest(why) => (StatusCode::BAD_REQUEST, why),
            Failure::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "the body is too large"),
            Failure::SlowSender => (StatusCode::REQUEST_TIMEOUT, "the body took too long"),
            Failure::Overloaded => (StatusCode::SERVICE_UNAVAILABLE, "too much to do"),
            Failure::Deadline => (StatusCode::GATEWAY_TIMEOUT, "the handler took too long"),
            Failure::Internal { .. } => (StatusCode::INTERNAL_SERVER_ERROR, "internal error"),
        };
        let id = match self {
            Failure::Internal { id } => Some(id),
            _ => None,
        };
        let mut response = (status, Json(Told { error, id })).into_response();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            let soon = header::HeaderValue::from_static("1"); // second
            response.headers_mut().insert(header::RETRY_AFTER, soon);
        }
        response
    }
}

/// Returns an id that no other request has had, and that cannot be guessed from
/// other ids.
fn new_id() -> String {
    static KEYS: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    format!("{:016x}", KEYS.hash_one(number))
}
