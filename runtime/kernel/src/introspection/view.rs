//! One process, as it is seen from outside.

use crate::error::Error;
use crate::moment::Monotonic;
use crate::pid::Pid;
use crate::process::Relations;
use crate::sync::Arc;

/// What the embedder says of a process when it starts it. The kernel passes it
/// on and does not look into it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// The code it runs.
    pub definition: Arc<str>,
    /// The chain of calls it belongs to.
    pub frame: Arc<str>,
    /// On whose behalf it acts.
    pub actor: Option<Arc<str>>,
}

/// What a process is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Activity {
    /// It runs, or waits for its turn to run.
    Active,
    /// It waits in a receive.
    Waiting,
    /// Its task waits for the embedder: a file, a compilation, a new process.
    Blocked,
    /// Its end is decided; its task has not come to it yet.
    Ending,
}

/// What is cheap to know of a process: no copy, one lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Summary {
    /// What it is about.
    pub activity: Activity,
    /// Messages in all of its queues.
    pub messages: usize,
    /// Bytes of those messages.
    pub bytes: usize,
    /// Events it has not read.
    pub events: usize,
    /// When the oldest of its messages came.
    pub oldest: Option<Monotonic>,
    /// Bytes of linear memory.
    pub memory: u64,
    /// Bytes that the runtime holds for it: messages, events, results, names,
    /// ties, what it was given.
    pub held: u64,
    /// What of both is counted against its limit: linear memory only once it has
    /// grown, or is large from the beginning.
    pub counted: u64,
    /// Nanoseconds it has run.
    pub processor: u64,
}

/// Which queue of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QueueLabel {
    /// The inbox.
    Inbox,
    /// What no subscription reads.
    Unclaimed,
    /// The listener of this topic.
    Topic(Arc<str>),
}

/// One queue of a process.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueView {
    /// Which it is.
    pub label: QueueLabel,
    /// Messages in it.
    pub messages: usize,
    /// Their bytes.
    pub bytes: usize,
    /// When the oldest of them came.
    pub oldest: Option<Monotonic>,
}

/// Whom a process is tied to: of each sort at most so many as
/// were asked for, by PID.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Peers {
    /// Processes it is linked to.
    pub links: Vec<Pid>,
    /// Processes it monitors.
    pub monitors: Vec<Pid>,
    /// Processes that monitor it.
    pub monitored_by: Vec<Pid>,
}

/// Everything of a process that can be seen from outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    /// What is cheap to know.
    pub summary: Summary,
    /// What it runs and for whom, where the embedder said so.
    pub origin: Option<Origin>,
    /// Who spawned it; absent where it is the embedder.
    pub parent: Option<Pid>,
    /// When it was spawned.
    pub started: Monotonic,
    /// Names it is registered under: the first few, in the order it got them.
    pub names: Vec<Arc<str>>,
    /// How many ties and names there are.
    pub relations: Relations,
    /// Its peers.
    pub peers: Peers,
    /// Its queues, the first few: the inbox if it is open, what is unclaimed if
    /// there is any, its listeners in the order they were made.
    pub queues: Vec<QueueView>,
    /// Whether it traps links.
    pub trap_links: bool,
    /// When it is to be terminated because it was asked to end by then.
    pub cancel_deadline: Option<Monotonic>,
    /// The last error that a call of the process API returned to it.
    pub last_error: Option<Error>,
}
