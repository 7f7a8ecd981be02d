//! Spans of calls of capabilities, if anybody wants spans.
//!
//! A guest calls on its own stack, which is too small for a subscriber of `tracing`. So a call
//! takes the span of its process along, and opens its own where its work is done: on a thread,
//! or in a task of the embedder's tokio runtime.

use std::future::Future;
use std::sync::Arc;
use std::time::Instant;

use tracing::{Instrument as _, Level, Span};
use warren_kernel::Error;

/// Returns the present span, if anybody wants spans. Not for the stack of a guest.
pub(crate) fn present() -> Option<Arc<Span>> {
    tracing::enabled!(target: "warren::span", Level::DEBUG).then(|| Arc::new(Span::current()))
}

/// The span of a call that has not begun.
pub(super) struct CallSpan {
    process: Arc<Span>,
    operation: String,
}

/// The span of a call.
pub(super) struct Opened {
    span: Span,
    begun: Instant,
}

impl CallSpan {
    /// Makes the span of an operation below that of its process.
    pub(super) fn new(process: &Arc<Span>, operation: &str) -> CallSpan {
        CallSpan {
            process: Arc::clone(process),
            operation: operation.to_owned(),
        }
    }

    /// Opens the span. Not for the stack of a guest.
    pub(super) fn open(&self) -> Opened {
        let span = tracing::debug_span!(
            target: "warren::span",
            parent: &*self.process,
            "call",
            operation = self.operation.as_str()
        );
        Opened {
            span,
            begun: Instant::now(),
        }
    }

    /// Waits for a call within the span.
    pub(super) async fn around<T>(
        &self,
        call: impl Future<Output = Result<T, Error>>,
    ) -> Result<T, Error> {
        let opened = self.open();
        let done = call.instrument(opened.span.clone()).await;
        opened.end(done.as_ref().err());
        done
    }
}

impl Opened {
    /// Does work within the span.
    pub(super) fn run<T>(&self, work: impl FnOnce() -> T) -> T {
        self.span.in_scope(work)
    }

    /// Notes the end of the call.
    pub(super) fn end(self, failed: Option<&Error>) {
        let us = u64::try_from(self.begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        let failed = failed.map(|error| error.kind.as_str());
        self.span
            .in_scope(|| tracing::debug!(target: "warren::span", us, failed, "called"));
    }
}
