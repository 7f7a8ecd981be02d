//! Processes of other nodes of a cluster, as this node's kernel knows them.

use std::fmt::Debug;

use crate::moment::Timestamp;
use crate::outcome::Outcome;
use crate::pid::{Address, Destination};
use crate::sync::Arc;

/// The PID of a process of another node.
///
/// ```
/// use warren_kernel::FarPid;
///
/// let pid = FarPid::parse("{b@app:workers|0x00000193590b3a1c00007}")?;
/// assert_eq!((&*pid.node, pid.incarnation), ("b", 0x193_590b_3a1c));
/// assert!(FarPid::parse("{app:workers|0x00007}").is_none());
/// # Some::<()>(()).ok_or(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct FarPid {
    /// The text of the PID, equal on all nodes.
    pub text: Arc<str>,
    /// The name of the node.
    pub node: Arc<str>,
    /// The incarnation of the node.
    pub incarnation: u64,
}

impl FarPid {
    /// Reads the text of a PID in a cluster. Returns `None` for other texts.
    pub fn parse(text: &str) -> Option<FarPid> {
        match Destination::parse(text) {
            Ok(Destination::Clustered(address)) => Some(FarPid::of(text, &address)),
            _ => None,
        }
    }

    fn of(text: &str, address: &Address<'_>) -> FarPid {
        FarPid {
            text: text.into(),
            node: address.node.into(),
            incarnation: address.incarnation,
        }
    }

    /// Returns whether the process is of this start of a node.
    pub fn is_of(&self, node: &str, incarnation: u64) -> bool {
        self.incarnation == incarnation && *self.node == *node
    }
}

/// The end of a process of this node, for another node whose processes are tied to it.
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
    /// The processes of the other node that are told.
    pub told: Vec<Arc<str>>,
}

/// The other nodes, which the kernel tells of ends.
pub trait FarPeers: Debug + Send + Sync {
    /// Tells a node of the end of a process. Does not wait: the kernel calls it with no
    /// lock held, on the task of the process. The news may be lost only if the node is down.
    fn ended(&self, node: &str, incarnation: u64, end: FarEnd);
}
