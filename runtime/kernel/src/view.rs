//! The data of one process, as seen from outside.

use crate::error::Error;
use crate::moment::Monotonic;
use crate::pid::Pid;
use crate::sync::Arc;

/// The embedder's description of a process at its start. The kernel passes it
/// on and does not look into it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The code it runs.
    pub definition: Arc<str>,
    /// The chain of calls it belongs to.
    pub frame: Arc<str>,
    /// The user or service for which the process acts.
    pub actor: Option<Arc<str>>,
}

/// The present activity of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Activity {
    /// Running, or ready to run.
    Active,
    /// Waiting in a receive.
    Waiting,
    /// Waiting in a receive, without an instance of its code: see
    /// [`Usage::is_parked`](crate::Usage::is_parked).
    Parked,
    /// Waiting for the embedder: a file, a compilation, a new process.
    Blocked,
    /// Doomed: the end is decided, but the process's task has not exited yet.
    Ending,
}

/// The cheap part of a view: no copy, one lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// The present activity.
    pub activity: Activity,
    /// Messages in all queues.
    pub messages: usize,
    /// Bytes of those messages.
    pub bytes: usize,
    /// Unread events.
    pub events: usize,
    /// Arrival of the oldest message.
    pub oldest: Option<Monotonic>,
    /// Bytes of linear memory.
    pub memory: u64,
    /// Bytes that the runtime holds for the process: messages, events, results,
    /// names, ties, arguments and context.
    pub held: u64,
    /// Bytes of both that count against the process's limit. Linear memory
    /// counts only once it has grown, or if it is large from the beginning.
    pub counted: u64,
    /// Nanoseconds the process has run.
    pub processor: u64,
}

/// The label of a queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueueLabel {
    /// The inbox.
    Inbox,
    /// The messages no subscription reads.
    Unclaimed,
    /// The listener of this topic.
    Topic(Arc<str>),
}

/// One queue of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueView {
    /// The queue's label.
    pub label: QueueLabel,
    /// Messages in it.
    pub messages: usize,
    /// Their bytes.
    pub bytes: usize,
    /// Arrival of the oldest message.
    pub oldest: Option<Monotonic>,
}

/// The peers of a process: of each sort at most as many as were asked for, by
/// PID.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peers {
    /// Processes linked to this one.
    pub links: Vec<Pid>,
    /// Processes that this one monitors.
    pub monitors: Vec<Pid>,
    /// Processes that monitor this one.
    pub monitored_by: Vec<Pid>,
}

/// Everything of a process that can be seen from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// The cheap part.
    pub summary: Summary,
    /// The code it runs and the caller it acts for, if the embedder said so.
    pub origin: Option<Origin>,
    /// The spawner; absent if the embedder started the process.
    pub parent: Option<Pid>,
    /// Time of the spawn.
    pub started: Monotonic,
    /// Registered names: the first few, in the order they were given.
    pub names: Vec<Arc<str>>,
    /// Numbers of ties and names.
    pub counts: Counts,
    /// Its peers.
    pub peers: Peers,
    /// The first few queues: the inbox if it is open, the unclaimed messages if
    /// there are any, the listeners in the order they were made.
    pub queues: Vec<QueueView>,
    /// True if the process traps links.
    pub trap_links: bool,
    /// Time at which the process is terminated because it was asked to end by
    /// then.
    pub cancel_deadline: Option<Monotonic>,
    /// The last error that a call of the process API returned to the process.
    pub last_error: Option<Error>,
}

/// Numbers of a process's unread items.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Depth {
    /// Messages in all queues.
    pub messages: usize,
    /// Bytes of those messages.
    pub bytes: usize,
    /// Unread events.
    pub events: usize,
}

/// Numbers of a process's ties, names and execs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Processes linked to this one.
    pub links: usize,
    /// Processes that this one monitors.
    pub monitors: usize,
    /// Processes tied to this one in any way, its monitors included.
    pub peers: usize,
    /// Registered names.
    pub names: usize,
    /// Groups that the process is a member of.
    pub groups: usize,
    /// Execs whose outcome was not taken.
    pub execs: usize,
}
