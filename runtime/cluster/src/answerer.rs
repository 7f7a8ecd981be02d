//! The way back of an answer.

use warren_kernel::NodeId;

use crate::cluster::Cluster;
use crate::handler::IncomingId;
use crate::signal::{Place, Reply};

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

    /// Makes the ties that a spawn asks for, between the caller and the new process, before
    /// the process runs. From then on the end of the process has to be reported by
    /// [`Cluster::exited`].
    pub fn started(&self, _process: &Place) {
        todo!()
    }

    /// Answers.
    pub fn answer(self, _reply: Reply) {
        todo!()
    }
}
