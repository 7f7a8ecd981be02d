//! A node's part in its cluster.

use std::fmt;
use std::sync::Arc;

use tokio::sync::oneshot;
use warren_kernel::{Address, Error, NodeId, NodeName, Pid};

use crate::clock;
use crate::config::Config;
use crate::core::{CallId, Core, Named};
use crate::driver;
use crate::handler::Handler;
use crate::pending::{Pending, PendingName};
use crate::shared::Shared;
use crate::signal::{Notice, Place, Request};
use crate::transport::Transport;
use crate::view::{Holder, NamePage, NodeView, Token};

/// A node's part in its cluster. Clones are the same part. All functions but
/// [`Cluster::join`] and [`Cluster::leave`] return at once; what takes time is a future, which
/// any executor may poll.
#[derive(Clone)]
pub struct Cluster {
    shared: Arc<Shared>,
}

impl Cluster {
    /// Joins a cluster: registers this node, with a larger incarnation than it ever had, and
    /// begins sessions with the other nodes. Runs on the present tokio runtime from then on.
    ///
    /// # Errors
    /// `Invalid` for settings out of bounds; `Unavailable` if the broker does not answer.
    pub async fn join(
        config: Config,
        transport: impl Transport,
        handler: Arc<dyn Handler>,
    ) -> Result<Cluster, Error> {
        config.check()?;
        let shared = driver::join(config, Box::new(transport), handler).await?;
        Ok(Cluster { shared })
    }

    /// Leaves the cluster: gives up all names, tells the other nodes, and ends. Later calls
    /// fail with `Unavailable`.
    pub async fn leave(&self) {
        let mut done = self.shared.done.subscribe();
        self.shared.inner.lock().leaves = true;
        self.shared.wake.notify_one();
        // An error is the end of the driver, too.
        let _ = done.wait_for(|is_done| *is_done).await;
    }

    /// Returns this node.
    pub fn node(&self) -> &NodeId {
        &self.shared.node
    }

    /// Returns the other nodes that are up, by name.
    pub fn nodes(&self) -> Vec<NodeView> {
        self.shared.inner.lock().core.views()
    }

    /// Returns the life of another node that is up.
    pub fn find(&self, name: &NodeName) -> Option<NodeId> {
        let up = self.shared.inner.lock().core.up();
        up.into_iter().find(|node| node.name == *name)
    }

    /// Sends a request to another node. The future yields the answer; `Unavailable`,
    /// retryable, with details `{node, delivered}`, if the node is or goes down first
    /// (`delivered` is "no" or "unknown"); `RateLimited` if too many bytes wait for the node;
    /// `Invalid` for a request over `max_signal`. A future that is dropped abandons the
    /// request.
    pub fn request(&self, to: &NodeId, request: Request) -> Pending {
        let (sender, answer) = oneshot::channel();
        let mut inner = self.shared.inner.lock();
        let mut call = CallId(0);
        // Without the sender the answer is that the node has left.
        if !inner.core.is_over() {
            call = inner.core.request(to, request);
            inner.replies.insert(call, sender);
        }
        drop(inner);
        self.shared.wake.notify_one();
        Pending {
            shared: Arc::clone(&self.shared),
            call,
            answer,
            is_answered: false,
        }
    }

    /// Sends a notice to another node. Returns false if the node is not up, or if too many bytes
    /// wait for it: a notice of an end waits all the same.
    pub fn notify(&self, to: &NodeId, notice: Notice) -> bool {
        let now = clock::now();
        let sent = self.shared.inner.lock().core.notify(to, &notice, now);
        self.shared.wake.notify_one();
        sent
    }

    /// Sends a notice to all nodes that are up. Returns the number of those that have room.
    pub fn notify_all(&self, notice: Notice) -> usize {
        let mut inner = self.shared.inner.lock();
        let up = inner.core.up();
        let sent = inner.core.notify_each(&up, &notice);
        drop(inner);
        self.shared.wake.notify_one();
        sent
    }

    /// Reports the end of a process of this node that has or had names or memberships in the
    /// cluster; harmless for others.
    pub fn exited(&self, process: Pid) {
        let has_news = self.shared.inner.lock().core.exited(process, clock::now());
        if has_news {
            self.shared.wake.notify_one();
        }
    }

    /// Gives a process of this node a name that is unique in the cluster. The future yields the
    /// fencing token; `AlreadyExists`, details `{pid}`; `Unavailable` without the broker or
    /// without a lease. The same pair again succeeds.
    pub fn register(&self, name: &str, process: &Place) -> PendingName<Token> {
        let start = |core: &mut Core| core.register(name, process, clock::now());
        self.on_name(start, |named| match named {
            Named::Taken(token) => Some(token),
            _ => None,
        })
    }

    /// Frees a name, whoever holds it. The future yields false if nobody did; `Unavailable` if
    /// the holder's node is not up and its lease not over.
    pub fn unregister(&self, name: &str) -> PendingName<bool> {
        let start = |core: &mut Core| core.unregister(name, clock::now());
        self.on_name(start, |named| match named {
            Named::Freed(was_held) => Some(was_held),
            _ => None,
        })
    }

    /// Finds the holder of a name. The future yields `NotFound`, "name not registered", if there
    /// is none.
    pub fn lookup(&self, name: &str) -> PendingName<Holder> {
        let start = |core: &mut Core| core.look_up(name, clock::now());
        self.on_name(start, |named| match named {
            Named::Found(holder) => Some(holder),
            _ => None,
        })
    }

    /// Reads some of the names that are held in the cluster, at most `most` and at most 1,000,
    /// from the one after `after` on; all names come after the empty one. The future yields
    /// `Unavailable` without the broker.
    pub fn names(&self, after: &str, most: usize) -> PendingName<NamePage> {
        let start = |core: &mut Core| core.list_names(after, most, clock::now());
        self.on_name(start, |named| match named {
            Named::Listed(page) => Some(page),
            _ => None,
        })
    }

    fn on_name<T>(
        &self,
        start: impl FnOnce(&mut Core) -> CallId,
        read: fn(Named) -> Option<T>,
    ) -> PendingName<T> {
        let (sender, result) = oneshot::channel();
        let mut inner = self.shared.inner.lock();
        if !inner.core.is_over() {
            let call = start(&mut inner.core);
            inner.names.insert(call, sender);
        }
        drop(inner);
        self.shared.wake.notify_one();
        PendingName { result, read }
    }

    /// Returns the token of a name that a process of this node holds at this very moment.
    pub fn holds(&self, name: &str) -> Option<Token> {
        self.shared.inner.lock().core.holds(name, clock::now())
    }

    /// Tells the other nodes that a process of this node is a member of a group. To be called
    /// for the first join of a process and its last leave alone.
    pub fn join_group(&self, group: &str, process: &Place) {
        self.shared.inner.lock().core.join_group(group, process);
        self.shared.wake.notify_one();
    }

    /// Tells the other nodes that a process of this node is no member of a group any more.
    pub fn leave_group(&self, group: &str, process: &Place) {
        self.shared.inner.lock().core.leave_group(group, process);
        self.shared.wake.notify_one();
    }

    /// Returns the members of a group on other nodes that are up, in order.
    pub fn members(&self, group: &str) -> Vec<Address> {
        self.shared.inner.lock().core.members(group)
    }

    /// Returns the groups that have members on other nodes, in order, from the one after
    /// `after` on, at most `count`.
    pub fn groups(&self, after: &str, count: usize) -> Vec<String> {
        self.shared.inner.lock().core.groups(after, count)
    }

    /// Sends a notice to the nodes that have members of a group. Returns the number of those
    /// that have room.
    pub fn notify_group(&self, group: &str, notice: Notice) -> usize {
        let mut inner = self.shared.inner.lock();
        let nodes = inner.core.nodes_of(group);
        let sent = inner.core.notify_each(&nodes, &notice);
        drop(inner);
        self.shared.wake.notify_one();
        sent
    }
}

#[cfg(test)]
impl Cluster {
    pub(crate) fn shared(&self) -> &Shared {
        &self.shared
    }
}

impl fmt::Debug for Cluster {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Cluster").field(&self.shared.node).finish()
    }
}
