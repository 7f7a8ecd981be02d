//! The way back of an answer.

use std::fmt;
use std::sync::Arc;

use warren_kernel::{Error, NodeId};

use crate::news::IncomingId;
use crate::shared::Shared;
use crate::signal::Reply;

/// Answers one request of another node, once, from any thread. Dropped without an answer, it
/// answers with INTERNAL.
pub struct Answerer {
    pub(crate) shared: Arc<Shared>,
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
        self.shared.answer(self.request, reply);
    }
}

impl fmt::Debug for Answerer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Answerer").field(&self.request).finish()
    }
}

impl Drop for Answerer {
    fn drop(&mut self) {
        if !self.is_answered {
            let error = Error::internal("the request was not answered");
            self.shared.answer(self.request, Err(error));
        }
    }
}
