//! The engine's side of a cluster.

use warren_kernel::{NodeId, Pid};

use crate::answerer::Answerer;
use crate::news::{GroupChange, IncomingId, NodeChange};
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

    /// A process of this node has lost a name of the cluster: the node could not renew its lease
    /// in time, leaves, or was asked by another node to free the name. No other process can have
    /// it yet.
    fn name_lost(&self, name: &str, holder: Pid);

    /// Processes of another node became members of a group, or ceased to be.
    fn group(&self, change: GroupChange);

    /// This node is no longer of the cluster: another node has taken its name. The cluster
    /// calls nothing afterwards.
    fn deposed(&self, reason: &str);
}
