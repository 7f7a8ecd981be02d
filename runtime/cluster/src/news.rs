//! News of other nodes.

use warren_kernel::{Address, NodeId, NodeName};

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
    Refused(NodeName, String),
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
