//! The process that answers a request: its start, its answer, and its outcome.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use http::{HeaderMap, Response, StatusCode, header};
use http_body::Body as _;
use hyper::body::Incoming as Body;
use tokio::sync::oneshot;
use warren_engine::capability::Kept;
use warren_engine::capability::http::{Body as BoxedBody, Exchange as OfComponents, Incoming};
use warren_engine::{ProcessEnd, Start};
use warren_kernel::{Error, Kind, Outcome, TraceId};

use super::answer::{failure, of_outcome};
use super::body::{Ending, Guard, OfComponent, Served, Written};
use super::middleware::Asked;
use super::open::Connection;
use super::path::Path;
use super::record::{Record, TARGET};
use super::site::Site;
use super::status;
use super::tree::Matched;
use crate::streams::Reader;
use crate::web::exchange::{Answered, Draft, Ended, Exchange, OfProcess, written};
use crate::web::head::{Head, host_of};
use crate::web::request_body::{Progress, RequestBody};

/// Time in which the bytes of a process that ends soon are gathered. Its answer has a length
/// then, and is sent at once.
const GATHER: Duration = Duration::from_millis(1);

/// A request that has found its route.
pub(super) struct Call<'a> {
    pub(super) connection: &'a Connection,
    pub(super) site: &'a Site,
    pub(super) trace: TraceId,
    /// Present if the client sends a body by HTTP/1.
    pub(super) progress: Option<Arc<Progress>>,
    pub(super) asked: &'a Asked,
    pub(super) matched: Matched,
    pub(super) path: Path,
}

/// The reason why a request has no answer of its process.
pub(super) struct Failed {
    pub(super) status: StatusCode,
    pub(super) error: Box<Error>,
}

impl Failed {
    /// Returns the answer. The log has the reason, if it is a fault of the program.
    pub(super) fn answer(self, definition: &str, record: &Record) -> Response<Served> {
        let Failed { status, error } = self;
        if status.is_server_error() {
            tracing::warn!(
                target: TARGET,
                request = record.id(),
                trace_id = record.trace_id(),
                definition,
                status = status.as_u16(),
                "the request has failed: {error}"
            );
        }
        failure(status, record.id())
    }
}

/// Starts the process of a request, and waits for its answer.
pub(super) async fn answer(
    call: Call<'_>,
    parts: Parts,
    body: Body,
    record: &mut Record,
) -> Response<Served> {
    let definition = Arc::clone(&call.matched.route.definition);
    let answered = call.run(parts, body, record).await;
    answered.unwrap_or_else(|failed| failed.answer(&definition, record))
}

/// The event that ends the wait for an answer.
enum First {
    Answered(Answered),
    Ended(ProcessEnd),
    Late,
}

impl Call<'_> {
    async fn run(
        self,
        parts: Parts,
        body: Body,
        record: &mut Record,
    ) -> Result<Response<Served>, Failed> {
        let (site, node) = (self.site, &self.connection.context.node);
        let definition = Arc::clone(&self.matched.route.definition);
        let identity = self.asked.identity.clone();
        let trace = self.trace;
        let body = RequestBody::new(body, site.settings.max_body, site.settings.timeouts.read);
        let body = body.noting(self.progress.clone());
        let (exchange, mut receiver) = Exchange::new(self.head(parts, &body), body);
        let kept = Kept::default();
        let of_components: Arc<dyn OfComponents> = exchange.clone();
        kept.state(|| OfProcess(Arc::clone(&exchange)))
            .map_err(not_started)?;
        kept.state(|| Incoming::new(of_components))
            .map_err(not_started)?;
        let start = Start {
            identity,
            trace: Some(trace),
            trace_context: record.trace().cloned(),
            kept: Some(Arc::new(kept)),
            ..Start::new(&*definition, "")
        };
        let running = node.start_process(start, None, false).await;
        let (process, ending) = running.map_err(not_started)?.into_parts();
        record.set_process(&process);
        // From here on the end of this future asks the process to end.
        let mut guard = Guard::new(node, process);
        let mut ending: Ending = Box::pin(ending);
        let mut deadline = pin!(tokio::time::sleep(site.settings.timeouts.write));
        let first = tokio::select! {
            biased;
            Ok(answered) = &mut receiver => First::Answered(answered),
            end = &mut ending => First::Ended(end),
            () = &mut deadline => First::Late,
        };
        let answered = match first {
            First::Answered(answered) => answered,
            First::Ended(end) => {
                guard.disarm();
                return ended(&exchange, receiver, &end).await;
            }
            First::Late => {
                guard.cancel("the time for the answer is over");
                let limit = site.settings.timeouts.write;
                let late = format!("the process has not answered within {limit:?}");
                return Err(Failed {
                    status: StatusCode::GATEWAY_TIMEOUT,
                    error: Box::new(Error::new(Kind::Timeout, late)),
                });
            }
        };
        match answered {
            Answered::Component(Ok(response)) => Ok(of_component(response, guard)),
            Answered::Component(Err(error)) => {
                // The process has told all it has to tell.
                guard.disarm();
                Err(failed(error))
            }
            Answered::Begun(draft, reader) => {
                match tokio::time::timeout(GATHER, &mut ending).await {
                    Ok(end) => {
                        guard.disarm();
                        gathered(&exchange, draft, &reader, &end)
                    }
                    Err(_) => {
                        let body = Written::new(exchange, reader, ending, guard);
                        Ok(with_draft(draft, Served::of_process(Box::pin(body))))
                    }
                }
            }
        }
    }

    /// Returns the head of the request, as the process sees it.
    fn head(self, parts: Parts, body: &RequestBody) -> Head {
        let names = self.matched.route.names.iter().cloned();
        let host = host_of(&parts.uri, &parts.headers);
        Head {
            id: self.asked.id.clone(),
            method: parts.method,
            uri: parts.uri,
            headers: parts.headers,
            is_secure: self.connection.is_secure,
            path: self.path.text,
            host,
            remote: self.asked.remote,
            parameters: names.zip(self.matched.values).collect(),
            length: body.size_hint().exact(),
        }
    }
}

/// Returns the answer of a process that has ended without bytes that were sent.
async fn ended(
    exchange: &Exchange,
    mut receiver: oneshot::Receiver<Answered>,
    end: &ProcessEnd,
) -> Result<Response<Served>, Failed> {
    match exchange.end(&end.outcome) {
        Ended::Unanswered(_) if exchange.is_of_component() => Err(match &*end.outcome {
            Outcome::Failed(error) => failed((**error).clone()),
            Outcome::Returned(_) => failed(Error::internal("the component has not answered")),
        }),
        Ended::Unanswered(draft) => of_outcome(draft, &end.outcome).await.map_err(failed),
        // The answer has come just before the end.
        Ended::Answered => match receiver.try_recv() {
            Ok(Answered::Begun(draft, reader)) => gathered(exchange, draft, &reader, end),
            Ok(Answered::Component(Ok(response))) => Ok(of_ended_component(response)),
            Ok(Answered::Component(Err(error))) => Err(failed(error)),
            Err(_) => Err(failed(Error::internal("the answer was lost"))),
        },
    }
}

/// Returns the answer of a process that has ended before any byte of it was sent.
fn gathered(
    exchange: &Exchange,
    draft: Draft,
    reader: &Reader,
    end: &ProcessEnd,
) -> Result<Response<Served>, Failed> {
    exchange.end(&end.outcome);
    if let Outcome::Failed(error) = &*end.outcome {
        return Err(failed((**error).clone()));
    }
    let bytes = written(reader).unwrap_or_default();
    Ok(with_draft(draft, Served::whole(bytes)))
}

fn with_draft(draft: Draft, body: Served) -> Response<Served> {
    let mut response = Response::new(body);
    *response.status_mut() = draft.status.unwrap_or(StatusCode::OK);
    *response.headers_mut() = draft.headers;
    response
}

/// Returns the answer of a component, which may go on behind it.
fn of_component(response: Response<BoxedBody>, guard: Guard) -> Response<Served> {
    let (mut parts, body) = response.into_parts();
    leave_out_fields_of_connection(&mut parts.headers);
    let length = body.size_hint().exact();
    let body = OfComponent::new(body, length, guard);
    Response::from_parts(parts, Served::of_process(Box::pin(body)))
}

fn of_ended_component(response: Response<BoxedBody>) -> Response<Served> {
    let (mut parts, body) = response.into_parts();
    leave_out_fields_of_connection(&mut parts.headers);
    Response::from_parts(parts, Served::parts(body))
}

/// Removes the header fields that the server sets by itself.
fn leave_out_fields_of_connection(headers: &mut HeaderMap) {
    for name in [
        header::CONNECTION,
        header::TRANSFER_ENCODING,
        header::UPGRADE,
    ] {
        headers.remove(name);
    }
    headers.remove("keep-alive");
}

fn not_started(error: Error) -> Failed {
    Failed {
        status: status::of_start(&error),
        error: Box::new(error),
    }
}

fn failed(error: Error) -> Failed {
    Failed {
        status: status::of_error(&error),
        error: Box::new(error),
    }
}
