//! Relays: connections that are processes without a guest.
//!
//! A handler answers with the header `X-WS-Relay` or `X-SSE-Relay`. In place of the answer its
//! request becomes a WebSocket or a stream of events, which is a process with a PID:
//!
//! ```text
//!  client ─ frames ─> relay ─ join, messages, heartbeat, leave ─> target
//!  client <─ frames ─ relay <─ messages of any topic ─ anybody
//! ```
//!
//! The relay has the definition, the host and the identity of the handler's process, so its
//! messages to the target are judged as those of the handler. Its mailbox is the buffer before
//! a client that takes nothing: a full one refuses senders.

mod config;
mod handshake;
mod link;
mod metered;
mod places;
mod sse;
mod websocket;

use std::sync::Arc;

use http::request::Parts;
use http::{HeaderName, HeaderValue, Method, Response, StatusCode, header};
use parking_lot::Mutex;
use tokio::sync::oneshot;
use warren_engine::capability::web::Origins;
use warren_engine::security::Identity;
use warren_engine::{DEFAULT_HOST, Native, NativeCode, NativeFuture, Start};
use warren_kernel::{Error, Outcome};

use super::answer::plain;
use super::body::Served;
use super::middleware::Step;
use super::open::Connection;
use super::process::Failed;
use super::status;
use crate::web::head::host_of;
use config::Config;
use handshake::Handshake;
use link::Link;

/// The header field with which a handler asks for a WebSocket.
const WS: HeaderName = HeaderName::from_static("x-ws-relay");

/// The header field with which a handler asks for a stream of events.
const SSE: HeaderName = HeaderName::from_static("x-sse-relay");

/// The relays that a request may become.
pub(super) struct Relays {
    /// Absent without the middleware. True if the page may open one.
    websocket: Option<bool>,
    sse: Option<bool>,
    /// Present if the client asks for a WebSocket.
    handshake: Option<Handshake>,
    /// True if the client gets no bytes of an answer.
    is_head: bool,
}

/// The place of a relay among the processes.
pub(super) struct Place<'a> {
    pub(super) connection: &'a Arc<Connection>,
    pub(super) definition: &'a Arc<str>,
    pub(super) identity: &'a Identity,
}

impl Relays {
    /// Returns the relays that a request may become, by the steps behind its route.
    pub(super) fn of(steps: &[Step], parts: &mut Parts) -> Relays {
        let mut relays = Relays {
            websocket: None,
            sse: None,
            handshake: None,
            is_head: parts.method == Method::HEAD,
        };
        for step in steps {
            match step {
                Step::WebsocketRelay(origins) => {
                    relays.websocket = Some(may_open(origins, parts));
                }
                Step::SseRelay(origins) => relays.sse = Some(may_open(origins, parts)),
                _ => {}
            }
        }
        if relays.websocket.is_some() {
            relays.handshake = Handshake::take(parts);
        }
        relays
    }

    /// Returns the refusal of a WebSocket of a page that may not open one. Nothing has run.
    pub(super) fn refusal(&self) -> Option<Response<Served>> {
        let is_refused = self.handshake.is_some() && self.websocket == Some(false);
        is_refused.then(|| plain(StatusCode::FORBIDDEN))
    }

    /// Makes a relay of a request, if its answer asks for one. Returns the answer in place of
    /// it.
    ///
    /// # Errors
    ///
    /// The reason why there is no relay.
    pub(super) async fn answer(
        self,
        mut response: Response<Served>,
        place: &Place<'_>,
    ) -> Result<Response<Served>, Failed> {
        if let (Some(may_open), Some(wish)) = (self.websocket, response.headers_mut().remove(WS)) {
            let config = Config::read(&WS, &wish).map_err(fault)?;
            return match (self.handshake, may_open) {
                (None, _) => Ok(upgrade_required()),
                (Some(_), false) => Ok(plain(StatusCode::FORBIDDEN)),
                (Some(handshake), true) => {
                    websocket::answer(handshake, config, response, place).await
                }
            };
        }
        if let (Some(may_open), Some(wish)) = (self.sse, response.headers_mut().remove(SSE)) {
            if !may_open {
                return Ok(plain(StatusCode::FORBIDDEN));
            }
            let config = Config::read(&SSE, &wish).map_err(fault)?;
            if self.is_head {
                return Ok(sse::head(response));
            }
            return sse::answer(config, response, place).await;
        }
        Ok(response)
    }
}

/// Returns true if a page may open a relay: one of the server itself, or of the origins. What
/// is no page may.
fn may_open(origins: &Origins, parts: &Parts) -> bool {
    let Some(origin) = parts.headers.get(header::ORIGIN) else {
        return true;
    };
    let Ok(origin) = origin.to_str() else {
        return false;
    };
    let own = host_of(&parts.uri, &parts.headers);
    let authority = origin.split_once("://").map(|(_, authority)| authority);
    let is_own = authority
        .zip(own)
        .is_some_and(|(authority, own)| authority.eq_ignore_ascii_case(&own));
    is_own || origins.contains(origin)
}

/// Returns the answer to a plain request for a WebSocket.
fn upgrade_required() -> Response<Served> {
    let mut response = plain(StatusCode::UPGRADE_REQUIRED);
    let protocol = HeaderValue::from_static("websocket");
    response.headers_mut().insert(header::UPGRADE, protocol);
    response
}

/// The fault of a handler that asks for what is no relay.
fn fault(error: Error) -> Failed {
    Failed {
        status: StatusCode::INTERNAL_SERVER_ERROR,
        error: Box::new(error),
    }
}

/// The reason why a target takes no relay, as the client sees it.
fn refused(error: Error) -> Failed {
    Failed {
        status: status::of_error(&error),
        error: Box::new(error),
    }
}

/// Starts the process of a relay, and waits until it has joined its target.
///
/// # Errors
///
/// The error of the start, or of the join.
async fn start<F>(
    place: &Place<'_>,
    config: Config,
    prefix: &'static str,
    run: impl FnOnce(Link) -> F + Send + 'static,
) -> Result<(), Failed>
where
    F: Future<Output = ()> + Send + 'static,
{
    let (sender, joined) = oneshot::channel();
    let node = Arc::clone(&place.connection.context.node);
    let once = Mutex::new(Some((config, run, sender)));
    let of_link = Arc::clone(&node);
    let code = NativeCode::new(move |native: Native| -> NativeFuture {
        let parts = once.lock().take();
        let node = Arc::clone(&of_link);
        Box::pin(async move {
            // The code of one process runs once.
            let Some((config, run, sender)) = parts else {
                return Outcome::Returned(None);
            };
            let link = match Link::join(native, node, config, prefix) {
                Ok(link) => link,
                Err(error) => {
                    // Fails only if the client has gone.
                    let _ = sender.send(Err(error));
                    return Outcome::Returned(None);
                }
            };
            if sender.send(Ok(())).is_ok() {
                run(link).await;
            } else {
                link.left();
            }
            Outcome::Returned(None)
        })
    });
    let host = node.definition(place.definition).ok();
    let host = host.and_then(|definition| definition.host.clone());
    let start = Start {
        identity: place.identity.clone(),
        ..Start::new(&**place.definition, host.as_deref().unwrap_or(DEFAULT_HOST))
    };
    let started = node.start_process(start, Some(code), false).await;
    started.map_err(|error| Failed {
        status: status::of_start(&error),
        error: Box::new(error),
    })?;
    match joined.await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(refused(error)),
        Err(_) => Err(fault(Error::internal("the relay has ended"))),
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn opens(origins: &str, origin: Option<&str>, host: &str) -> bool {
        let mut request = Request::builder().uri("/").header("host", host);
        if let Some(origin) = origin {
            request = request.header("origin", origin);
        }
        let (parts, ()) = request.body(()).unwrap().into_parts();
        may_open(&Origins::of(origins), &parts)
    }

    #[test]
    fn pages_of_the_server_and_of_the_origins_open_relays() {
        assert!(opens("", None, "a.example"));
        assert!(opens("", Some("https://a.example"), "a.example"));
        assert!(opens("", Some("http://A.example:8080"), "a.example:8080"));
        assert!(opens(
            "https://b.example",
            Some("https://b.example"),
            "a.example"
        ));
        for origin in [
            "https://b.example",
            "https://a.example:8443",
            "https://a.example.evil",
            "null",
            "a.example",
            "",
        ] {
            assert!(!opens("", Some(origin), "a.example"), "{origin}");
        }
    }
}
