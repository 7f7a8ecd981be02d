//! Other nodes of a cluster, as the engine knows them.
//!
//! ```text
//!  node a                                               node b
//!  guest ── not found here ──> Remote::request ─ ─ ─ ─> Node::far_request
//!                                                         judges, acts, answers
//!  guest goes on <──────────── FarAnswer <─ ─ ─ ─ ─ ─ ─ ─
//! ```
//!
//! The embedder carries requests and answers, in the order of each pair of nodes.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use futures::future::BoxFuture;
use warren_kernel::{Error, FarPid, NodeId, Outcome, Pid, Process, Relation, Trace};

use crate::security::{Actor, Identity, Scope};

/// The other nodes of the cluster that a node is part of.
///
/// No function blocks. What takes time is a future, which any executor may poll. A future
/// that is dropped abandons its request.
pub trait Remote: Debug + Send + Sync {
    /// Returns this node.
    fn node(&self) -> &NodeId;

    /// Returns the other nodes that are up, by name.
    fn nodes(&self) -> Vec<NodeId>;

    /// Sends a request to a node, which may be this one. The future yields the answer, and
    /// `Unavailable` if the node is or goes down first.
    fn request(
        &self,
        to: &NodeId,
        request: FarRequest,
    ) -> BoxFuture<'static, Result<FarAnswer, Error>>;

    /// Gives a process of this node a name that is unique in the cluster. The future yields
    /// the fencing token, which is larger for each later holder of the name.
    fn register(&self, name: &str, process: &Process) -> BoxFuture<'static, Result<u64, Error>>;

    /// Frees a name of the cluster. The future yields false if nobody held it.
    fn unregister(&self, name: &str) -> BoxFuture<'static, Result<bool, Error>>;

    /// Finds the holder of a name of the cluster, and its token.
    fn lookup(&self, name: &str) -> BoxFuture<'static, Result<(FarPid, u64), Error>>;

    /// Sends a message to the members of a group on other nodes, and does not wait.
    fn broadcast(&self, caller: FarCaller, group: &str, topic: &str, payload: &[u8]);

    /// Sends an event to the subscriptions of all other nodes that are up, and does not wait. A
    /// node that is too far behind misses it.
    fn event(&self, caller: FarCaller, event: &FarEvent<'_>);

    /// Reports the end of a process of this node, which may have had names of the cluster.
    fn exited(&self, process: Pid);
}

/// An event between nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FarEvent<'a> {
    /// The system.
    pub system: &'a str,
    /// The kind.
    pub kind: &'a str,
    /// The path.
    pub path: &'a str,
    /// One encoded value; absent for nil.
    pub data: Option<&'a [u8]>,
}

/// A request of a process to another node.
#[derive(Clone, Debug)]
pub struct FarRequest {
    /// The process, and the identity for which it asks.
    pub caller: FarCaller,
    /// The request itself.
    pub ask: FarAsk,
}

/// The process that makes a request, and its identity. The receiving node judges it by its
/// own policies.
#[derive(Clone, Debug)]
pub struct FarCaller {
    /// The process.
    pub process: FarPid,
    /// The definition that it runs.
    pub definition: Arc<str>,
    /// The frame of its chain of calls.
    pub frame: Arc<str>,
    /// The actor, if it has one.
    pub actor: Option<Arc<Actor>>,
    /// The scope, if it has one.
    pub scope: Option<Arc<Scope>>,
    /// Encoded context values by key.
    pub context: Arc<BTreeMap<String, Arc<[u8]>>>,
    /// The message that it handles, if messages are traced.
    pub cause: Option<Trace>,
}

/// The content of a request.
#[derive(Clone, Debug)]
pub enum FarAsk {
    /// Queue a message.
    Send {
        /// The receiver.
        to: FarPid,
        /// The topic.
        topic: String,
        /// Encoded values.
        payload: Vec<u8>,
    },
    /// Ask a process to end.
    Cancel {
        /// The process.
        to: FarPid,
        /// Time up to the deadline.
        within: Option<Duration>,
        /// The reason.
        reason: Option<String>,
    },
    /// End a process.
    Terminate {
        /// The process.
        to: FarPid,
    },
    /// Set or undo the far side of a tie with the caller.
    Tie {
        /// The process.
        to: FarPid,
        /// The change.
        change: TieChange,
    },
    /// Start a process.
    Spawn(Box<FarStart>),
    /// Start a process and wait for its end. The process is terminated if the request is
    /// abandoned.
    Exec(Box<FarStart>),
    /// Wait for the end of a process, which goes on if the request is abandoned.
    Watch {
        /// The process.
        to: FarPid,
    },
    /// Count the processes of a host.
    Load {
        /// The host.
        host: String,
    },
    /// Give a process a name that is unique in the cluster.
    Register {
        /// The process.
        to: FarPid,
        /// The name.
        name: String,
    },
    /// Let a process join a group, or leave it. The answer is the number of memberships that
    /// began or ended, 0 or 1.
    Member {
        /// The process.
        to: FarPid,
        /// The group.
        group: String,
        /// True to join.
        joins: bool,
    },
    /// Take a name of the cluster from a process. The answer is the number of names that it
    /// held, 0 or 1.
    Unregister {
        /// The process.
        to: FarPid,
        /// The name.
        name: String,
    },
}

/// A change of a tie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TieChange {
    /// The two are linked.
    Link,
    /// The two are linked no more.
    Unlink,
    /// The caller watches the process.
    Monitor,
    /// The caller watches the process no more.
    Unmonitor,
}

/// A process to start on another node.
#[derive(Clone, Debug, Default)]
pub struct FarStart {
    /// The definition.
    pub definition: String,
    /// The host on the other node.
    pub host: String,
    /// One encoded array of values.
    pub arguments: Arc<[u8]>,
    /// A name to register together with the start, on the other node.
    pub name: Option<String>,
    /// Topics and arrays of values of the first messages.
    pub messages: Vec<(String, Arc<[u8]>)>,
    /// The ties of the new process to the caller.
    pub relation: Relation,
    /// Context values over the caller's.
    pub context: BTreeMap<String, Arc<[u8]>>,
    /// Actor and scope in place of the caller's.
    pub identity: Identity,
    /// True for a call of a function.
    pub call: bool,
    /// True if [`FarAsk::Watch`] follows: the end of the process is kept for it.
    pub watched: bool,
}

/// The answer to a request that succeeded.
#[derive(Clone, Debug)]
pub enum FarAnswer {
    /// The request was carried out.
    Done,
    /// The process that was started.
    Spawned(FarPid),
    /// The end of the process that was started or is watched.
    Ended(Arc<Outcome>),
    /// The number of processes, names or memberships.
    Number(u64),
}

/// The answer of this node to a request of another one.
pub enum FarReply {
    /// The request was carried out or refused.
    Now(Result<FarAnswer, Error>),
    /// The request takes time. Dropping the future abandons it.
    Later(BoxFuture<'static, Result<FarAnswer, Error>>),
}

impl FarCaller {
    /// Returns a process of a node of a cluster, with what it has inherited; `None` without a
    /// cluster.
    pub(crate) fn of(
        process: &Process,
        definition: &Arc<str>,
        cause: Option<Trace>,
    ) -> Option<FarCaller> {
        Some(FarCaller {
            process: FarPid::parse(process.text())?,
            definition: Arc::clone(definition),
            frame: "".into(),
            actor: None,
            scope: None,
            context: Arc::default(),
            cause,
        })
    }
}

impl Debug for FarReply {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            FarReply::Now(_) => "Now",
            FarReply::Later(_) => "Later",
        })
    }
}
