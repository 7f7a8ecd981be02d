//! What a process is told about others.

use crate::moment::Timestamp;
use crate::outcome::Outcome;
use crate::sync::Arc;

/// Something that happened to another process, or a wish of another process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The process is asked to end.
    Cancel {
        /// The text of the PID of who asks; absent where it is the embedder.
        from: Option<Arc<str>>,
        /// When it was asked.
        at: Timestamp,
        /// Until when, if that was said.
        deadline: Option<Timestamp>,
    },
    /// A process this one monitors has ended.
    Exit {
        /// The text of the PID of who ended.
        from: Arc<str>,
        /// When it ended.
        at: Timestamp,
        /// How it ended.
        outcome: Arc<Outcome>,
    },
    /// A process linked to this one, which traps links, has failed.
    LinkDown {
        /// The text of the PID of who failed.
        from: Arc<str>,
        /// When it failed.
        at: Timestamp,
        /// How it failed.
        outcome: Arc<Outcome>,
    },
}
