//! The engine's side of a cluster.

use bytes::Bytes;
use warren_kernel::{Address, Error, NodeId, Outcome, Pid};

use crate::answerer::Answerer;
use crate::signal::{Caller, Place, Request, TieKind};

/// The receiver of everything that other nodes do to this one.
///
/// The cluster calls one function at a time, in the order of each peer's signals, and holds no
/// lock meanwhile: a function may call the [`Cluster`](crate::Cluster). It must not block.
pub trait Handler: Send + Sync + 'static {
    /// Carries out a request of another node, now or later. Dropping the answerer answers with
    /// INTERNAL. The request's place ([`Ask`](crate::Ask)) may be of a process that has ended,
    /// and its host's text may be wrong: the handler answers with NOT_FOUND then.
    fn request(&self, from: &NodeId, request: Request, answerer: Answerer);

    /// The other node does not wait for an answer any more: its caller ended, gave up, or is on
    /// a node that is down. An exec's process is to be terminated.
    fn abandoned(&self, request: IncomingId);

    /// Judges a new tie to a process of this node, and marks the process, so that its end is
    /// reported by [`Cluster::exited`](crate::Cluster::exited). Under the lock that decides on
    /// the end of the process: after a success no end may go unreported.
    ///
    /// # Errors
    /// `NotFound` if the process has ended; `PermissionDenied`; `RateLimited`.
    fn tie(&self, from: &NodeId, tie: &NewTie) -> Result<(), Error>;

    /// Another node has undone a link with a process of this node, which is to lose a
    /// LINK_DOWN that it has not read. Monitors of others need no such call.
    fn unlinked(&self, process: Pid, peer: &Address);

    /// A tie of a process of this node has ended with the process at its other side, or with
    /// that process's node. Called once for each tie, a link before a monitor.
    fn ended(&self, end: TieEnd);

    /// Another node is up, or down. All ties with a node that is down were told before.
    fn node(&self, change: NodeChange);

    /// A process of this node has lost a name of the cluster, because the node could not renew
    /// its lease in time. No other process can have it yet.
    fn name_lost(&self, name: &str, holder: Pid);

    /// Processes of another node became members of a group, or ceased to be.
    fn group(&self, change: GroupChange);

    /// Delivers a message to all members of a group that this node has.
    fn broadcast(&self, from: &NodeId, broadcast: Broadcast);

    /// Delivers an event of another node to the subscriptions of this one.
    fn news(&self, from: &NodeId, news: News);

    /// This node is no longer of the cluster: another node has taken its name. The cluster
    /// calls nothing afterwards.
    fn deposed(&self, reason: &str);
}

/// The number of a request of another node, unique while this node lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IncomingId(pub u64);

/// A tie that a process of another node makes with a process of this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTie {
    /// The identity for which the tie is made.
    pub caller: Caller,
    /// The process at the other side.
    pub peer: Address,
    /// The process of this node.
    pub target: Place,
    /// Link or monitor.
    pub kind: TieKind,
}

/// The end of a tie, for the process that is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TieEnd {
    /// The process of this node.
    pub process: Pid,
    /// The process at the other side.
    pub peer: Address,
    /// EXIT for a monitor, LINK_DOWN for a link. The end of a link without a failure is told,
    /// too, so that the kernel forgets the link.
    pub kind: TieKind,
    /// The end of the process; UNAVAILABLE, "node b is down", for one whose node is down.
    pub outcome: Outcome,
}

/// News of another node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeChange {
    /// A session with the node began.
    Up(NodeId),
    /// The session ended, for a reason in words.
    Down(NodeId, String),
    /// The node was cut off: it broke the protocol. It is down before this is told.
    CutOff(NodeId, String),
    /// A node speaks another version of the protocol: its name, and both versions in words.
    Refused(NodeId, String),
}

/// News of a group's members on another node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GroupChange {
    /// The group.
    pub group: String,
    /// The processes.
    pub members: Vec<Address>,
    /// True for new members, false for former ones.
    pub joined: bool,
}

/// A message to all members of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broadcast {
    /// The identity that sends.
    pub caller: Caller,
    /// The group.
    pub group: String,
    /// The topic.
    pub topic: String,
    /// The encoded values.
    pub payload: Bytes,
}

/// An event for the subscriptions of all nodes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// The system that the event is of.
    pub system: String,
    /// The kind.
    pub kind: String,
    /// The path.
    pub path: String,
    /// The encoded value; empty for none.
    pub data: Bytes,
}
