//! The right of a node to run a service that runs once in the cluster.

use std::sync::Arc;

use futures::future::BoxFuture;
use warren_engine::Gate;
use warren_kernel::{Error, Process};

/// The posts of services, each of which one node of the cluster holds at a time.
pub(crate) trait Posts: Send + Sync {
    /// Takes the post of a service for this node. The future has to be polled to its end: the
    /// post may be taken before.
    ///
    /// # Errors
    ///
    /// `AlreadyExists` while a node holds it; `Unavailable` without the server of the cluster.
    fn take(&self, service: &str) -> BoxFuture<'static, Result<Box<dyn Post>, Error>>;
}

/// The post of one service, which this node holds until it gives the post back or loses it. A
/// post that is dropped stays this node's until the node leaves the cluster.
pub(crate) trait Post: Send + Sync {
    /// Returns a gate that is open while the node holds the post.
    fn gate(&self) -> Gate;

    /// Returns whether the node has lost the post, or has to give it back at once.
    fn is_lost(&self) -> bool;

    /// Waits until the node has lost the post, or has to give it back at once. No other node
    /// takes a lost post for 7 % of the lease.
    fn lost(&self) -> BoxFuture<'static, ()>;

    /// Registers the name of the service for a process on all nodes. Ready once the process has
    /// the name, or has ended.
    fn announce(&self, process: &Arc<Process>) -> BoxFuture<'static, ()>;

    /// Gives the post back. To be called once the processes of the service have ended.
    fn give_back(self: Box<Self>) -> BoxFuture<'static, ()>;
}
