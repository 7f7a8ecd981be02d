//! Signals between processes of different nodes.

use std::sync::Arc;

use bytes::Bytes;
use warren_kernel::{Error, Outcome, Pid, Timestamp, Trace};

/// A process of the node that this value is sent to or comes from: the node is the session's,
/// and cannot be forged.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The host of the process.
    pub host: Arc<str>,
    /// The process.
    pub pid: Pid,
}

/// The identity for which a request is made. The receiving node judges it by its own policies.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    /// The process that makes the request; absent for the embedder.
    pub process: Option<Place>,
    /// The definition that the process runs.
    pub definition: Option<Arc<str>>,
    /// The frame id of the process.
    pub frame: Option<Arc<str>>,
    /// The actor, if the process has one.
    pub actor: Option<Actor>,
    /// The ids of the policies of the scope, if the process has one.
    pub scope: Option<Vec<String>>,
    /// The context: an encoded map, empty for no values.
    pub context: Bytes,
    /// The cause of the request.
    pub trace: Option<Trace>,
}

/// An actor: an identity with attributes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// The id.
    pub id: String,
    /// The attributes: an encoded map.
    pub meta: Bytes,
}

/// A request of a process to another node, which answers it once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The identity for which the request is made.
    pub caller: Caller,
    /// The request itself.
    pub ask: Ask,
}

/// The content of a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ask {
    /// Queue a message. The answer is [`Answer::Done`].
    Send {
        /// The receiver.
        to: Place,
        /// The topic.
        topic: String,
        /// The encoded values.
        payload: Bytes,
    },
    /// Ask a process to end. The answer is [`Answer::Done`].
    Cancel {
        /// The process.
        to: Place,
        /// The deadline on the wall clock.
        deadline: Option<Timestamp>,
        /// Nanoseconds up to the deadline, for the receiver's monotonic clock.
        within: Option<u64>,
        /// The reason.
        reason: Option<String>,
    },
    /// End a process. The answer is [`Answer::Done`].
    Terminate {
        /// The process.
        to: Place,
    },
    /// Link a process with the caller's, on the receiver's side. The answer is
    /// [`Answer::Done`].
    Link {
        /// The process.
        to: Place,
    },
    /// Undo a link with the caller's process, on the receiver's side. The answer is
    /// [`Answer::Done`].
    Unlink {
        /// The process.
        to: Place,
    },
    /// Watch a process for the caller's. The answer is [`Answer::Done`].
    Monitor {
        /// The process.
        to: Place,
    },
    /// Watch a process no more. The answer is [`Answer::Done`].
    Unmonitor {
        /// The process.
        to: Place,
    },
    /// Start a process. The answer is [`Answer::Spawned`].
    Spawn(Box<Start>),
    /// Start a process and wait for its end. The answer is [`Answer::Ended`].
    Exec(Box<Start>),
    /// An operation of the engine's own, such as the number of processes in a host: a name, and
    /// encoded arguments. The answer is [`Answer::Value`].
    Call {
        /// The operation. A node that does not know it answers with INVALID.
        operation: String,
        /// The arguments.
        arguments: Bytes,
    },
    /// A request of a newer version, which this node does not know. The cluster answers it
    /// with INVALID and hands it to nobody.
    Unknown,
}

/// A process to start on another node.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Start {
    /// The definition.
    pub definition: String,
    /// The host on the other node; absent for the one that the definition is bound to.
    pub host: Option<String>,
    /// The encoded arguments.
    pub arguments: Bytes,
    /// The hash of the definition's content on the caller's node.
    pub code: Option<Bytes>,
    /// The name to register with the start, in the other node's registry.
    pub name: Option<String>,
    /// Messages to queue before the process runs: topics and encoded values.
    pub messages: Vec<(String, Bytes)>,
    /// Link the new process with the caller's before it runs.
    pub linked: bool,
    /// Watch the new process for the caller's before it runs.
    pub monitored: bool,
    /// Options of the engine's own, encoded; empty for none.
    pub options: Bytes,
}

/// A signal to another node that has no answer. It arrives in order with all requests and
/// answers of the same node, and is lost only if the session ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A process of the sending node has ended.
    Ended(End),
    /// A message to all members of a group that the receiving node has.
    Broadcast {
        /// The identity that sends.
        caller: Caller,
        /// The group.
        group: String,
        /// The topic.
        topic: String,
        /// The encoded values.
        payload: Bytes,
    },
    /// An event for the subscriptions of the receiving node.
    Event {
        /// The identity that sends.
        caller: Caller,
        /// The system that the event is of.
        system: String,
        /// The kind.
        kind: String,
        /// The path.
        path: String,
        /// The encoded value; empty for none.
        data: Bytes,
    },
    /// A notice of the engine's own: a name, and encoded arguments. A node that does not know
    /// the name ignores it.
    Other {
        /// The name.
        name: String,
        /// The arguments.
        arguments: Bytes,
    },
}

/// The end of a process, for the processes of another node that are tied to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// The ended process, of the sending node.
    pub process: Place,
    /// Time of the end.
    pub at: Timestamp,
    /// The outcome.
    pub outcome: Outcome,
    /// True if a failed link has ended the process: the outcome says so already.
    pub by_link: bool,
    /// The processes of the receiving node that are told.
    pub told: Vec<Place>,
}

/// The answer to a request that succeeded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The request was carried out.
    Done,
    /// The process that was started.
    Spawned(Place),
    /// The end of the process that was executed.
    Ended(Outcome),
    /// An encoded value.
    Value(Bytes),
}

/// The answer to a request. An error crosses with its kind, message, details, stack and
/// contexts.
pub type Reply = Result<Answer, Error>;
