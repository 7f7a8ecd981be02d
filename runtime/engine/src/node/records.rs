//! The log records of the start and the end of a process.

use std::sync::Arc;

use warren_kernel::{Error, Outcome, Process};

use crate::guest::shared::Shared;
use crate::guest::{Inherited, Run};
use crate::log::{Origin, Record, shortened};

/// A process, as its records name it.
pub(super) struct Records<'a> {
    pub(super) shared: &'a Shared,
    pub(super) process: &'a Process,
    pub(super) inherited: &'a Inherited,
    pub(super) run: &'a Run,
}

impl Records<'_> {
    /// Logs the start of the process, if spans are wanted.
    pub(super) fn note_start(&self) {
        self.note(|| Record::Started);
    }

    /// Logs the end of the process, if spans are wanted. The outcome is absent if the
    /// process ended before.
    pub(super) fn note_end(&self, outcome: Option<&Arc<Outcome>>) {
        self.note(|| {
            Record::Ended(match outcome.map(|outcome| &**outcome) {
                Some(Outcome::Returned(_)) => "returned".to_owned(),
                Some(Outcome::Failed(error)) => shortened(error.message.clone()),
                None => "ended before".to_owned(),
            })
        });
    }

    /// Logs a failure, which perhaps no process watches.
    pub(super) fn failure(&self, error: &Error) {
        if tracing::enabled!(target: "warren::process", tracing::Level::WARN) {
            let message = error
                .without_message()
                .unwrap_or_else(|| error.message.trim().to_owned());
            let record = Record::Failed(shortened(message));
            self.shared.log(Some(self.process), self.origin(), record);
        }
    }

    fn note(&self, record: impl FnOnce() -> Record) {
        if tracing::enabled!(target: "warren::span", tracing::Level::DEBUG) {
            self.shared.log(Some(self.process), self.origin(), record());
        }
    }

    fn origin(&self) -> Origin {
        Origin {
            pid: Arc::clone(self.process.text()),
            frame: Arc::clone(&self.inherited.frame),
            definition: Arc::clone(&self.run.program.definition.id),
            trace: self.inherited.trace.clone(),
        }
    }
}
