//! A node's part in its cluster.

use std::sync::Arc;

use bytes::Bytes;
use warren_kernel::{Address, Error, NodeId, NodeName, Pid};

use crate::config::Config;
use crate::handler::Handler;
use crate::pending::{Pending, PendingName};
use crate::signal::{Notice, Place, Request};
use crate::transport::Transport;

/// A node's part in its cluster. Clones are the same part. All functions but
/// [`Cluster::join`] and [`Cluster::leave`] return at once; what takes time is a future, which
/// any executor may poll.
#[derive(Clone, Debug)]
pub struct Cluster {}

impl Cluster {
    /// Joins a cluster: registers this node, with a larger incarnation than it ever had, and
    /// begins sessions with the other nodes. Runs on the present tokio runtime from then on.
    ///
    /// # Errors
    /// `Invalid` for settings out of bounds; `Unavailable` if the broker does not answer.
    pub async fn join(
        _config: Config,
        _transport: impl Transport,
        _handler: Arc<dyn Handler>,
    ) -> Result<Cluster, Error> {
        todo!()
    }

    /// Leaves the cluster: gives up all names, tells the other nodes, and ends. Later calls
    /// fail with `Unavailable`.
    pub async fn leave(&self) {
        todo!()
    }

    /// Returns this node.
    pub fn node(&self) -> &NodeId {
        todo!()
    }

    /// Returns the other nodes that are up, by name.
    pub fn nodes(&self) -> Vec<NodeView> {
        todo!()
    }

    /// Returns the life of another node that is up.
    pub fn find(&self, _name: &NodeName) -> Option<NodeId> {
        todo!()
    }

    /// Sends a request to another node. The future yields the answer; `Unavailable`,
    /// retryable, with details `{node, delivered}`, if the node is or goes down first
    /// (`delivered` is "no" or "unknown"); `RateLimited` if too many bytes wait for the node;
    /// `Invalid` for a request over `max_signal`. A future that is dropped abandons the
    /// request.
    pub fn request(&self, _to: &NodeId, _request: Request) -> Pending {
        todo!()
    }

    /// Sends a notice to another node. Returns false if the node is not up, or if too many bytes
    /// wait for it.
    pub fn notify(&self, _to: &NodeId, _notice: Notice) -> bool {
        todo!()
    }

    /// Sends a notice to all nodes that are up. Returns their number.
    pub fn notify_all(&self, _notice: Notice) -> usize {
        todo!()
    }

    /// Reports the end of a process of this node that has or had names or memberships in the
    /// cluster; harmless for others.
    pub fn exited(&self, _process: Pid) {
        todo!()
    }

    /// Gives a process of this node a name that is unique in the cluster. The future yields the
    /// fencing token; `AlreadyExists`, details `{pid}`; `Unavailable` without the broker or
    /// without a lease. The same pair again succeeds.
    pub fn register(&self, _name: &str, _process: &Place) -> PendingName<Token> {
        todo!()
    }

    /// Frees a name, whoever holds it. The future yields false if nobody did.
    pub fn unregister(&self, _name: &str) -> PendingName<bool> {
        todo!()
    }

    /// Finds the holder of a name. The future yields `NotFound`, "name not registered", if there
    /// is none.
    pub fn lookup(&self, _name: &str) -> PendingName<Holder> {
        todo!()
    }

    /// Returns the token of a name that a process of this node holds at this very moment.
    pub fn holds(&self, _name: &str) -> Option<Token> {
        todo!()
    }

    /// Tells the other nodes that a process of this node is a member of a group. To be called
    /// for the first join of a process and its last leave alone.
    pub fn join_group(&self, _group: &str, _process: &Place) {
        todo!()
    }

    /// Tells the other nodes that a process of this node is no member of a group any more.
    pub fn leave_group(&self, _group: &str, _process: &Place) {
        todo!()
    }

    /// Returns the members of a group on other nodes that are up, in order.
    pub fn members(&self, _group: &str) -> Vec<Address> {
        todo!()
    }

    /// Returns the groups that have members on other nodes, in order, from the one after
    /// `after` on, at most `count`.
    pub fn groups(&self, _after: &str, _count: usize) -> Vec<String> {
        todo!()
    }

    /// Sends a notice to the nodes that have members of a group. Returns their number.
    pub fn notify_group(&self, _group: &str, _notice: Notice) -> usize {
        todo!()
    }
}

/// Another node that is up, and the figures of the session with it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NodeView {
    /// The node.
    pub id: NodeId,
    /// The hash of its program, if it told one.
    pub code: Bytes,
    /// Figures of the session.
    pub figures: Figures,
}

/// Figures of a session, since its beginning.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Frames sent, those sent again included.
    pub frames_sent: u64,
    /// Frames received in order.
    pub frames_received: u64,
    /// Bytes sent, those sent again included.
    pub bytes_sent: u64,
    /// Bytes received in order.
    pub bytes_received: u64,
    /// Frames sent again.
    pub frames_resent: u64,
    /// Bytes sent and not acknowledged.
    pub in_flight: u64,
    /// Bytes that wait for a place in the window.
    pub waiting: u64,
    /// Nanoseconds between a heartbeat and its acknowledgement, the last measured.
    pub round_trip: Option<u64>,
}

/// The revision under which a name was taken: larger for each later holder of the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(pub u64);

/// The holder of a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The process.
    pub address: Address,
    /// The revision.
    pub token: Token,
}
