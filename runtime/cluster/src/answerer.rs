//! The way back of an answer.

use warren_kernel::NodeId;

use crate::cluster::Cluster;
use crate::handler::IncomingId;
use crate::signal::Reply;

/// Answers one request of another node, once, from any thread.
#[derive(Debug)]
pub struct Answerer {
    pub(crate) cluster: Cluster,
    pub(crate) request: IncomingId,
    pub(crate) from: NodeId,
    pub(crate) is_answered: bool,
}

impl Answerer {
    /// Returns the number of the request, which [`Handler::abandoned`](crate::Handler) tells.
    pub fn request(&self) -> IncomingId {
        self.request
    }

    /// Returns the node that asked.
    pub fn from(&self) -> &NodeId {
        &self.from
    }

    /// Answers.
    pub fn answer(self, _reply: Reply) {
        todo!()
    }
}
