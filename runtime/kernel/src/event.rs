//! The events a process is told about other processes, and about its own code.

use warren_values::Pid;

use crate::moment::Timestamp;
use crate::outcome::Outcome;
use crate::sync::Arc;

/// Something that happened to another process, a request of another process, or a change
/// of the own code.
///
/// ```
/// use warren_kernel::Event;
///
/// fn shown(event: &Event) -> String {
///     match event {
///         Event::Cancel { deadline, .. } => format!("asked to end until {deadline:?}"),
///         Event::Exit { from, outcome, .. } => format!("{from} ended: {outcome:?}"),
///         Event::LinkDown { from, .. } => format!("{from} failed"),
///         Event::Outdated { sources, .. } => format!("new code of {sources:?}"),
///         Event::NodeUp { node, .. } => format!("node {node} is up"),
///         Event::NodeDown { node, .. } => format!("node {node} is down"),
///         Event::NameLost { name, .. } => format!("no longer called {name}"),
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// The process is asked to end.
    Cancel {
        /// The asking process; absent if the embedder asks.
        from: Option<Pid>,
        /// Time of the request.
        at: Timestamp,
        /// Deadline of the request, if it names one.
        deadline: Option<Timestamp>,
        /// Reason that the request gives, if it gives one.
        reason: Option<Arc<str>>,
    },
    /// A process this one monitors has ended.
    Exit {
        /// The ended process.
        from: Pid,
        /// Time of the end.
        at: Timestamp,
        /// The outcome of the ended process.
        outcome: Arc<Outcome>,
    },
    /// A process linked to this one, which traps links, has failed.
    LinkDown {
        /// The failed process.
        from: Pid,
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
    /// A node of the cluster is up. For a process that asked to be told.
    NodeUp {
        /// Name of the node.
        node: Arc<str>,
        /// Time at which this node learned of it.
        at: Timestamp,
    },
    /// A node of the cluster is down. For a process that asked to be told.
    NodeDown {
        /// Name of the node.
        node: Arc<str>,
        /// Time at which this node learned of it.
        at: Timestamp,
    },
    /// The process lost a name that it held in the whole cluster.
    NameLost {
        /// The name.
        name: Arc<str>,
        /// Time of the loss.
        at: Timestamp,
    },
}
