//! Requests and news of other nodes, handed to the engine.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, OnceLock, Weak};

use parking_lot::Mutex;
use tokio::task::AbortHandle;
use warren_cluster::{Answerer, GroupChange, Handler, IncomingId, NodeChange, Notice, Request};
use warren_engine::Node;
use warren_engine::remote::{FarEvent, FarReply};
use warren_kernel::{Address, Error, Kind, NodeId, Pid};

use super::convert;
use super::held::Held;

/// Hands requests of other nodes to the engine. Until the engine has started, requests are
/// answered with `Unavailable`.
pub(super) struct Receiver {
    engine: OnceLock<Weak<Node>>,
    /// Requests that take time. An entry is made before the task can end.
    open: Arc<Mutex<HashMap<IncomingId, Option<AbortHandle>>>>,
    /// Held while the engine takes in members of groups: the news of a change may not come
    /// before the members that were read earlier.
    members: Mutex<()>,
    deposed: OnceLock<String>,
    posts: Held,
}

impl Receiver {
    pub(super) fn new() -> Receiver {
        Receiver {
            engine: OnceLock::new(),
            open: Arc::default(),
            members: Mutex::new(()),
            deposed: OnceLock::new(),
            posts: Held::new(),
        }
    }

    pub(super) fn posts(&self) -> &Held {
        &self.posts
    }

    /// Begins to act on requests. `members` hands the engine the members that other nodes told
    /// of before.
    pub(super) fn attach(&self, engine: &Arc<Node>, members: impl FnOnce()) {
        let _in_order = self.members.lock();
        // Set once: a cluster is given to one builder.
        let _ = self.engine.set(Arc::downgrade(engine));
        members();
    }

    pub(super) fn engine(&self) -> Option<Arc<Node>> {
        self.engine.get()?.upgrade()
    }

    /// Returns the reason for which this node is no longer of its cluster.
    pub(super) fn deposed(&self) -> Option<&str> {
        self.deposed.get().map(String::as_str)
    }

    fn act(&self, engine: &Arc<Node>, from: &NodeId, request: Request, answerer: Answerer) {
        let Some(own) = engine.kernel().node() else {
            return;
        };
        let request = match convert::far_request(request, from, own) {
            Ok(request) => request,
            Err(error) => return answerer.answer(Err(error)),
        };
        match engine.far_request(request) {
            FarReply::Now(answer) => answerer.answer(convert::reply(answer)),
            FarReply::Later(answer) => {
                let id = answerer.request();
                self.open.lock().insert(id, None);
                let open = Arc::clone(&self.open);
                let task = engine.tokio().spawn(async move {
                    let answer = answer.await;
                    open.lock().remove(&id);
                    answerer.answer(convert::reply(answer));
                });
                if let Some(kept) = self.open.lock().get_mut(&id) {
                    *kept = Some(task.abort_handle());
                }
            }
        }
    }
}

impl Handler for Receiver {
    fn request(&self, from: &NodeId, request: Request, answerer: Answerer) {
        match self.engine() {
            Some(engine) => self.act(&engine, from, request, answerer),
            None => answerer.answer(Err(Error::new(
                Kind::Unavailable,
                "the node starts or ends at this moment",
            ))),
        }
    }

    fn abandoned(&self, request: IncomingId) {
        let task = self.open.lock().remove(&request).flatten();
        if let Some(task) = task {
            task.abort();
        }
    }

    fn notice(&self, from: &NodeId, notice: Notice) {
        let Some(engine) = self.engine() else {
            return;
        };
        match notice {
            Notice::Ended(end) => {
                if let Some(own) = engine.kernel().node() {
                    engine.far_ended(&convert::far_end(end, from, own));
                }
            }
            Notice::Broadcast {
                caller,
                group,
                topic,
                payload,
            } => {
                if let Ok(caller) = convert::far_caller(caller, from) {
                    engine.far_broadcast(&caller, &group, &topic, &payload);
                }
            }
            Notice::Event {
                caller,
                system,
                kind,
                path,
                data,
            } => {
                if let Ok(caller) = convert::far_caller(caller, from) {
                    let event = FarEvent {
                        system: &system,
                        kind: &kind,
                        path: &path,
                        data: (!data.is_empty()).then_some(&data[..]),
                    };
                    engine.far_event(&caller, &event);
                }
            }
            Notice::Other { .. } => {
                tracing::debug!(node = from.name.as_str(), "a notice is not known");
            }
        }
    }

    fn node(&self, change: NodeChange) {
        let engine = self.engine();
        match change {
            NodeChange::Up(node) => {
                tracing::info!(node = node.name.as_str(), "a node is up");
                if let Some(engine) = engine {
                    engine.node_is_up(&node);
                }
            }
            NodeChange::Down(node, reason) => {
                tracing::warn!(node = node.name.as_str(), "a node is down: {reason}");
                if let Some(engine) = engine {
                    engine.node_is_down(&node);
                }
            }
            NodeChange::CutOff(node, reason) => {
                tracing::error!(node = node.name.as_str(), "a node was cut off: {reason}");
            }
            NodeChange::Refused(name, reason) => {
                tracing::error!(node = name.as_str(), "a node is refused: {reason}");
            }
        }
    }

    fn name_lost(&self, name: &str, holder: Pid) {
        if self.posts.lose(name) {
            return;
        }
        if let Some(engine) = self.engine() {
            engine.name_is_lost(name, holder);
        }
    }

    fn group(&self, change: GroupChange) {
        let _in_order = self.members.lock();
        if let Some(engine) = self.engine() {
            let members = change.members.iter().map(Address::text);
            let members: Vec<_> = members.collect();
            engine.far_group_changed(&change.group, &members, change.joined);
        }
    }

    fn deposed(&self, reason: &str) {
        tracing::error!("this node is no longer of its cluster: {reason}");
        let _ = self.deposed.set(reason.to_owned());
    }
}

impl fmt::Debug for Receiver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Receiver")
            .field("open", &self.open.lock().len())
            .finish_non_exhaustive()
    }
}
