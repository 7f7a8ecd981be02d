//! The events a process is told about other processes, and about its own code.

use crate::moment::Timestamp;
use crate::outcome::Outcome;
use crate::sync::Arc;

/// Something that happened to another process, a request of another process, or a change
/// of the own code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The process is asked to end.
    Cancel {
        /// The text of the asking process's PID; absent if the embedder asks.
        from: Option<Arc<str>>,
        /// Time of the request.
        at: Timestamp,
        /// Deadline of the request, if it names one.
        deadline: Option<Timestamp>,
        /// Reason that the request gives, if it gives one.
        reason: Option<Arc<str>>,
    },
    /// A process this one monitors has ended.
    Exit {
        /// The text of the ended process's PID.
        from: Arc<str>,
        /// Time of the end.
        at: Timestamp,
        /// The outcome of the ended process.
        outcome: Arc<Outcome>,
    },
    /// A process linked to this one, which traps links, has failed.
    LinkDown {
        /// The text of the failed process's PID.
        from: Arc<str>,
        /// Time of the failure.
        at: Timestamp,
        /// The outcome of the failed process.
        outcome: Arc<Outcome>,
    },
    /// A reload of the program changed the code of this process, which asked to be told.
    Outdated {
        /// Time of the last reload that is told.
        at: Timestamp,
        /// Ids of the changed definitions, each once.
        sources: Vec<Arc<str>>,
    },
}
