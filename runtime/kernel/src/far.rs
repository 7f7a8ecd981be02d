//! Processes of other nodes of a cluster, as this node's kernel knows them.

use std::fmt::Debug;

use crate::address::{Address, NodeId};
use crate::moment::Timestamp;
use crate::outcome::Outcome;
use crate::sync::Arc;

/// A process of another node: its address, and the text of its PID.
///
/// ```
/// use warren_kernel::FarPid;
///
/// let pid = FarPid::parse("{b@app:workers|0x193590b3a1c.00007}").expect("a PID in a cluster");
/// assert_eq!(pid.address.node.name.as_str(), "b");
/// assert!(FarPid::parse("{app:workers|0x00007}").is_none());
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FarPid {
    /// The text of the PID, equal on all nodes.
    pub text: Arc<str>,
    /// The node, the host and the process.
    pub address: Address,
}

impl FarPid {
    /// Reads the text of a PID in a cluster. Returns `None` for other texts.
    pub fn parse(text: &str) -> Option<FarPid> {
        Some(FarPid {
            text: text.into(),
            address: Address::parse(text)?,
        })
    }

    /// Returns whether the process is of this life of a node.
    pub fn is_of(&self, node: &NodeId) -> bool {
        self.address.node == *node
    }
}

impl From<Address> for FarPid {
    fn from(address: Address) -> FarPid {
        FarPid {
            text: address.text(),
            address,
        }
    }
}

/// The end of a process, for another node whose processes are tied to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FarEnd {
    /// The ended process.
    pub pid: Arc<str>,
    /// Time of the end.
    pub at: Timestamp,
    /// The outcome of the process.
    pub outcome: Arc<Outcome>,
    /// True if a failed link has ended the process: its outcome says so already.
    pub by_link: bool,
    /// The processes of the other node that are told, as texts of PIDs.
    pub told: Vec<Arc<str>>,
}

/// The other nodes, which the kernel tells of ends.
pub trait FarPeers: Debug + Send + Sync {
    /// Tells a node of the end of a process. Does not wait: the kernel calls it with no
    /// lock held, on the task of the process. The news may be lost only if the node is down.
    fn ended(&self, node: &NodeId, end: FarEnd);

    /// Tells all nodes that a process of this node is a member of a group. Does not wait, and
    /// calls nothing of the kernel: the group is locked.
    fn joined(&self, group: &str, process: &str);

    /// Tells all nodes that a process of this node is no member of a group any more, as
    /// [`FarPeers::joined`] does.
    fn left(&self, group: &str, process: &str);

    /// Returns true if a process of this node holds this name of the cluster at this very
    /// moment. Does not wait, and calls nothing of the kernel.
    fn holds(&self, name: &str) -> bool;
}
