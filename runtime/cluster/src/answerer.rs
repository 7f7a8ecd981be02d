//! The way back of an answer.

use warren_kernel::{Error, NodeId};

use crate::cluster::Cluster;
use crate::handler::IncomingId;
use crate::signal::Reply;

/// Answers one request of another node, once, from any thread. Dropped without an answer, it
/// answers with INTERNAL.
#[derive(Debug)]
pub struct Answerer {
    pub(crate) cluster: Cluster,
    pub(crate) request: IncomingId,
    pub(crate) from: NodeId,
    pub(crate) is_answered: bool,
}

impl Answerer {
    /// Returns the number of the request, which
    /// [`Handler::abandoned`](crate::Handler::abandoned) tells.
    pub fn request(&self) -> IncomingId {
        self.request
    }

    /// Returns the node that asked.
    pub fn from(&self) -> &NodeId {
        &self.from
    }

    /// Answers.
    pub fn answer(mut self, reply: Reply) {
        self.is_answered = true;
        self.cluster.answer(self.request, reply);
    }
}

impl Drop for Answerer {
    fn drop(&mut self) {
        if !self.is_answered {
            let error = Error::internal("the request was not answered");
            self.cluster.answer(self.request, Err(error));
        }
    }
}
