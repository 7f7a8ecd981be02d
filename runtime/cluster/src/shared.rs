//! The state of a node's part in its cluster, behind one lock.

use std::collections::HashMap;

use parking_lot::Mutex;
use tokio::sync::{Notify, oneshot, watch};
use warren_kernel::{Error, NodeId};

use crate::core::{CallId, Core, Named};
use crate::news::IncomingId;
use crate::signal::Reply;

/// The state behind all clones.
pub(crate) struct Shared {
    pub(crate) node: NodeId,
    pub(crate) inner: Mutex<Inner>,
    /// Tells the driver that there is something to send.
    pub(crate) wake: Notify,
    /// True once the driver has ended.
    pub(crate) done: watch::Sender<bool>,
}

/// The state under the lock.
pub(crate) struct Inner {
    pub(crate) core: Core,
    pub(crate) replies: HashMap<CallId, oneshot::Sender<Reply>>,
    pub(crate) names: HashMap<CallId, oneshot::Sender<Result<Named, Error>>>,
    /// True once the node is to leave.
    pub(crate) leaves: bool,
}

impl Shared {
    pub(crate) fn new(core: Core) -> Shared {
        let inner = Inner {
            replies: HashMap::new(),
            names: HashMap::new(),
            leaves: false,
            core,
        };
        Shared {
            node: inner.core.node().clone(),
            inner: Mutex::new(inner),
            wake: Notify::new(),
            done: watch::Sender::new(false),
        }
    }

    /// Gives up waiting for an answer.
    pub(crate) fn abandon(&self, call: CallId) {
        let mut inner = self.inner.lock();
        if inner.replies.remove(&call).is_some() {
            inner.core.abandon(call);
            drop(inner);
            self.wake.notify_one();
        }
    }

    /// Answers a request of another node.
    pub(crate) fn answer(&self, request: IncomingId, reply: Reply) {
        self.inner.lock().core.answer(request, reply);
        self.wake.notify_one();
    }
}
