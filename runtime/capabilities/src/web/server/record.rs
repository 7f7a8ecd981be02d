//! The record of a request: a line of the access log, and the counts.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;

use http::request::Parts;
use tracing::Level;
use warren_engine::TraceContext;
use warren_kernel::{Error, Process};

use super::activity::Active;
use super::counts::{Answering, OfListener, Requests};

/// The target of the access log.
pub(super) const TARGET: &str = "warren::http";

/// A request from its head to the end of its answer. Its drop writes the line of the log.
pub(super) struct Record {
    id: String,
    /// The place of the request in a trace over several programs.
    trace: Option<Arc<TraceContext>>,
    active: Active,
    /// The count of the listener, which bounds the requests at a time.
    answering: Option<Answering>,
    counts: Arc<OfListener>,
    route: Option<Arc<Requests>>,
    started: Instant,
    status: Option<u16>,
    bytes: u64,
    is_complete: bool,
    /// Present if the access log is on.
    line: Option<Line>,
}

/// The parts of a line that only the access log needs.
struct Line {
    listener: Arc<str>,
    remote: SocketAddr,
    method: String,
    path: String,
    version: http::Version,
    process: Option<Arc<Process>>,
}

impl Record {
    pub(super) fn new(
        id: String,
        active: Active,
        answering: Option<Answering>,
        counts: &Arc<OfListener>,
        (listener, remote, parts): (&Arc<str>, SocketAddr, &Parts),
    ) -> Record {
        let is_on = tracing::enabled!(target: TARGET, Level::INFO);
        let line = is_on.then(|| Line {
            listener: Arc::clone(listener),
            remote,
            method: parts.method.as_str().to_owned(),
            // Without the query, which may have tokens.
            path: parts.uri.path().to_owned(),
            version: parts.version,
            process: None,
        });
        Record {
            id,
            trace: None,
            active,
            answering,
            counts: Arc::clone(counts),
            route: None,
            started: Instant::now(),
            status: None,
            bytes: 0,
            is_complete: false,
            line,
        }
    }

    /// Returns the record of a request to a listener without a name.
    #[cfg(test)]
    pub(super) fn of_test(id: &str) -> Record {
        let timeouts = warren_engine::capability::web::WebTimeouts::default();
        let activity = super::activity::Activity::new(&timeouts, false);
        let (parts, ()) = http::Request::new(()).into_parts();
        let remote = SocketAddr::from(([127, 0, 0, 1], 1));
        let place = (&Arc::from("app:web"), remote, &parts);
        Record::new(
            id.to_owned(),
            activity.begin(false),
            None,
            &Arc::default(),
            place,
        )
    }

    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// Notes the trace that the request belongs to.
    pub(super) fn set_trace(&mut self, trace: Option<Arc<TraceContext>>) {
        self.trace = trace;
    }

    /// Returns the trace that the request belongs to.
    pub(super) fn trace(&self) -> Option<&Arc<TraceContext>> {
        self.trace.as_ref()
    }

    /// Returns the number of that trace.
    pub(super) fn trace_id(&self) -> Option<String> {
        self.trace.as_deref().map(TraceContext::trace_id)
    }

    /// Notes the client, as a trusted proxy says.
    pub(super) fn set_remote(&mut self, remote: SocketAddr) {
        if let Some(line) = &mut self.line {
            line.remote = remote;
        }
    }

    /// Counts the request for its route, too.
    pub(super) fn set_route(&mut self, route: Arc<Requests>) {
        self.route = Some(route);
    }

    /// Notes the process that answers.
    pub(super) fn set_process(&mut self, process: &Arc<Process>) {
        if let Some(line) = &mut self.line {
            line.process = Some(Arc::clone(process));
        }
    }

    /// Notes the status of the answer.
    pub(super) fn answered(&mut self, status: u16) {
        self.status = Some(status);
    }

    /// Takes the count of a request whose process outlives its answer.
    pub(super) fn take_answering(&mut self) -> Option<Answering> {
        self.answering.take()
    }

    /// Notes bytes of the body.
    pub(super) fn add(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
    }

    /// Returns the bytes of the body so far.
    pub(super) fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Notes that the body broke off.
    pub(super) fn fail(&mut self, error: &Error) {
        tracing::warn!(
            target: TARGET,
            request = self.id,
            trace_id = self.trace_id(),
            "the answer broke off: {error}"
        );
        // The client has not gone.
        self.is_complete = true;
    }

    /// Notes that the client has the whole answer.
    pub(super) fn complete(&mut self) {
        self.is_complete = true;
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let duration = self.started.elapsed();
        let status = self.status.filter(|_| self.is_complete);
        if status.is_none() {
            self.active.give_up();
        }
        self.counts.requests.count(status, duration);
        if let Some(route) = &self.route {
            route.count(status, duration);
        }
        let Some(line) = &self.line else {
            return;
        };
        let process = line.process.as_ref();
        let frame = process.and_then(|process| process.frame());
        tracing::info!(
            target: TARGET,
            request = self.id,
            listener = &*line.listener,
            client = %line.remote,
            method = line.method,
            path = line.path,
            version = ?line.version,
            status = self.status,
            bytes = self.bytes,
            us = u64::try_from(duration.as_micros()).unwrap_or(u64::MAX),
            gone = !self.is_complete,
            pid = process.map(|process| &**process.text()),
            frame = frame.as_deref(),
            trace_id = self.trace_id(),
            "request"
        );
    }
}
