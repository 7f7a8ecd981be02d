//! The engine's side of a cluster.

use warren_kernel::{Address, NodeId, Pid};

use crate::answerer::Answerer;
use crate::signal::{Notice, Request};

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

    /// Acts on a notice of another node.
    fn notice(&self, from: &NodeId, notice: Notice);

    /// Another node is up, or down. All that has arrived from a node that is down was handed
    /// over before, and all requests to it have failed.
    fn node(&self, change: NodeChange);

    /// A process of this node has lost a name of the cluster, because the node could not renew
    /// its lease in time. No other process can have it yet.
    fn name_lost(&self, name: &str, holder: Pid);

    /// Processes of another node became members of a group, or ceased to be.
    fn group(&self, change: GroupChange);

    /// This node is no longer of the cluster: another node has taken its name. The cluster
    /// calls nothing afterwards.
    fn deposed(&self, reason: &str);
}

/// The number of a request of another node, unique while this node lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IncomingId(pub u64);

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
