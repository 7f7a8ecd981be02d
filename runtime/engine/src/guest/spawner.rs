//! The node, as its guests see it.

use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::sync::oneshot;
use warren_kernel::{Error, Host, Outcome, Process, Relation, Spawned, Trace};

use super::{Inherited, Pool, Run, Slot};
use crate::code::native_code::NativeCode;
use crate::code::program::{Chunk, Program};
use crate::codec::NO_VALUES;
use crate::guest::shared::Shared;
use crate::security::{Identity, Judge};

/// The parts of a node that a guest can reach.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub(crate) shared: Arc<Shared>,
    pub(crate) spawner: Arc<dyn Spawner>,
}

/// Starts processes, and prepares their code.
pub(crate) trait Spawner: Send + Sync {
    /// Starts a process. A failed spawn leaves nothing behind.
    fn spawn(self: Arc<Self>, request: SpawnRequest) -> BoxFuture<'static, Result<Spawned, Error>>;

    /// Prepares an upgrade of a process. Returns a slot if the new code needs one
    /// of another shape.
    fn upgrade(
        self: Arc<Self>,
        upgrade: UpgradeRequest,
    ) -> BoxFuture<'static, Result<(Run, Option<Slot>), Error>>;

    /// Returns one of the program's own modules, prepared for the interpreter of
    /// this program; `None` if there is no module of this name.
    fn module(
        self: Arc<Self>,
        program: Arc<Program>,
        name: String,
        host: Arc<Host>,
    ) -> BoxFuture<'static, Result<Option<Arc<Chunk>>, Error>>;
}

/// The parameters of a spawn.
pub(crate) struct SpawnRequest {
    pub(crate) definition: String,
    /// Code of a host function process that no definition names; `definition` is
    /// then only its name.
    pub(crate) code: Option<NativeCode>,
    pub(crate) host: String,
    /// Encoded values.
    pub(crate) arguments: Arc<[u8]>,
    /// Absent where the embedder spawns.
    pub(crate) parent: Option<Arc<Process>>,
    /// The judge of the spawner; absent if the spawner may do everything.
    pub(crate) judge: Option<Judge>,
    pub(crate) relation: Relation,
    /// True if the spawner waits for the outcome of the process.
    pub(crate) exec: bool,
    pub(crate) inherited: Arc<Inherited>,
    /// The values in `inherited` that the spawner sets for the new process.
    pub(crate) given: Given,
    /// The identity that the embedder assigns. It takes precedence over the one
    /// that the operator assigns to the definition and host.
    pub(crate) assigned: Identity,
    pub(crate) name: Option<String>,
    pub(crate) messages: Vec<(String, Arc<[u8]>)>,
    /// The message that the spawner handles, if messages are traced.
    pub(crate) cause: Option<Trace>,
    /// True for the program's first process.
    pub(crate) first: bool,
    /// Receives the end of the process.
    pub(crate) ended: Option<oneshot::Sender<Ended>>,
}

/// The values that a spawner sets; each needs a permission.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Given {
    pub(crate) context: bool,
    pub(crate) identity: bool,
}

/// The end of a process.
#[derive(Clone, Debug)]
pub struct Ended {
    /// The result or error of the process.
    pub outcome: Arc<Outcome>,
    /// The status that the process passed to `program.exit`; absent if the process
    /// ended otherwise.
    pub status: Option<i32>,
}

/// The parameters of an upgrade.
pub(crate) struct UpgradeRequest {
    pub(crate) process: Arc<Process>,
    /// The program that the process runs now.
    pub(crate) running: Arc<Program>,
    /// The pool of the process's instance; absent for a host function process.
    pub(crate) pool: Option<Arc<Pool>>,
    pub(crate) definition: String,
    /// Encoded values.
    pub(crate) arguments: Arc<[u8]>,
}

/// The arguments as an encoded array: no bytes become an empty array.
pub(crate) fn arguments_of(arguments: Arc<[u8]>) -> Arc<[u8]> {
    if arguments.is_empty() {
        NO_VALUES.into()
    } else {
        arguments
    }
}
