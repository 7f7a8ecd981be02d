//! One process for each request.

use axum::body::Bytes;
use axum::extract::rejection::BytesRejection;
use axum::extract::{self, FromRequest};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::Response;
use tokio::time::{Instant, timeout_at};
use warren::{CallError, Handle, Kind};

use crate::answer::Answer;
use crate::failure::Failure;
use crate::request::Request;
use crate::state::{Shared, State};
use crate::tenants::Tenant;

/// Bytes of the largest body. It becomes part of one message, which may have 1
/// MiB (`max_message`), together with the headers.
pub(crate) const MAX_BODY: usize = 512 << 10;

/// Answers a tenant's request: `/acme/orders` goes to the handler of acme.
pub(crate) async fn handle(
    extract::State(state): extract::State<State>,
    request: extract::Request,
) -> Result<Response, Failure> {
    let deadline = Instant::now() + state.deadline;
    let (parts, body) = request.into_parts();
    let (tenant, path) = split(parts.uri.path());
    let tenant = state.tenants.find(tenant).ok_or(Failure::NoTenant)?;

    let body = extract::Request::from_parts(parts.clone(), body);
    let body = timeout_at(deadline, Bytes::from_request(body, &())).await;
    let body = body.map_err(|_| Failure::SlowSender)?.map_err(unreadable)?;

    let answer = answer(&state, &tenant, &parts, path, &body);
    // At the deadline the future is dropped, which ends the process.
    let answer = timeout_at(deadline, answer).await;
    answer.map_err(|_| Failure::Deadline)?
}

async fn answer(
    state: &Shared,
    tenant: &Tenant,
    parts: &Parts,
    path: &str,
    body: &[u8],
) -> Result<Response, Failure> {
    let spawn = tenant.spawn("http").arg(Request::new(parts, path, body));
    let running = state.runtime.spawn(spawn).await.map_err(not_started)?;
    let running = Running(running);
    let failed = |error: &dyn std::fmt::Display| {
        let of = format!("{} {} in {}", parts.method, parts.uri, running.0.pid());
        Failure::internal(&of, error)
    };
    let answer: Answer = running.0.result().await.map_err(|error| failed(&error))?;
    answer.into_response().map_err(|error| failed(&error))
}

/// Returns the tenant's name, and the path of its own page.
fn split(path: &str) -> (&str, &str) {
    let path = path.strip_prefix('/').unwrap_or(path);
    match path.find('/') {
        Some(end) => path.split_at(end),
        None => (path, "/"),
    }
}

fn unreadable(error: BytesRejection) -> Failure {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE {
        Failure::TooLarge
    } else {
        Failure::BadRequest("the body ended early")
    }
}

/// Converts the error of a process that could not be started.
pub(crate) fn not_started(error: CallError) -> Failure {
    match error.kind() {
        // The tenant's host is full, or the server is ending.
        Kind::RateLimited | Kind::Unavailable => Failure::Overloaded,
        // It was removed a moment ago.
        Kind::NotFound => Failure::NoTenant,
        _ => Failure::internal("starting a process", &error),
    }
}

/// A process that ends when this is dropped: only its request needs it.
struct Running(Handle);

impl Drop for Running {
    fn drop(&mut self) {
        // Fails if the process has ended by itself.
        let _ = self.0.terminate();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_part_of_a_path_is_the_tenant() {
        for (path, tenant, own) in [
            ("/acme", "acme", "/"),
            ("/acme/", "acme", "/"),
            ("/acme/orders/7", "acme", "/orders/7"),
            ("/acme//", "acme", "//"),
            ("/", "", "/"),
            ("*", "*", "/"),
        ] {
            assert_eq!(split(path), (tenant, own), "{path}");
        }
    }
}
