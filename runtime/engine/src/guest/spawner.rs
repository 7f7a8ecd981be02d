//! What guests ask of the node that started them.

use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::sync::oneshot;
use warren_kernel::{Error, Host, Outcome, Process, Spawned, Trace};

use super::{Inherited, Pool, Run, Slot};
use crate::code::native_code::NativeCode;
use crate::code::program::{Chunk, Program};
use crate::codec::NO_VALUES;
use crate::guest::shared::Shared;
use crate::security::{Identity, Judge};

/// What a guest has around it.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub(crate) shared: Arc<Shared>,
    pub(crate) spawner: Arc<dyn Spawner>,
}

/// Starts processes, and readies their code.
pub(crate) trait Spawner: Send + Sync {
    /// Starts a process. Nothing is left behind where it fails.
    fn spawn(self: Arc<Self>, request: SpawnRequest) -> BoxFuture<'static, Result<Spawned, Error>>;

    /// Readies an upgrade of a process from the program that it runs, in this pool,
    /// to the definition of this id. Returns a place where the new code needs
    /// another one.
    fn upgrade(
        self: Arc<Self>,
        upgrade: UpgradeRequest,
    ) -> BoxFuture<'static, Result<(Run, Option<Slot>), Error>>;

    /// One of the program's own modules, prepared for the interpreter that runs
    /// this program.
    fn module(
        self: Arc<Self>,
        program: Arc<Program>,
        name: String,
        host: Arc<Host>,
    ) -> BoxFuture<'static, Result<Option<Arc<Chunk>>, Error>>;
}

/// How a new process is tied to its spawner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    /// By a monitor, a link, both or neither.
    Related { monitored: bool, linked: bool },
    /// The spawner waits for its outcome.
    Exec,
}

/// Everything a spawn says.
pub(crate) struct SpawnRequest {
    pub(crate) definition: String,
    /// Code that no definition names, which then only gives it a name.
    pub(crate) code: Option<NativeCode>,
    pub(crate) host: String,
    /// Encoded values.
    pub(crate) arguments: Arc<[u8]>,
    /// Absent where the embedder spawns.
    pub(crate) parent: Option<Arc<Process>>,
    /// Who judges the spawner; absent where it may do everything.
    pub(crate) judge: Option<Judge>,
    pub(crate) relation: Relation,
    pub(crate) inherited: Arc<Inherited>,
    /// What of that the spawner does not have itself but gives.
    pub(crate) given: Given,
    /// What it gets before what its definition and host give it.
    pub(crate) assigned: Identity,
    pub(crate) name: Option<String>,
    pub(crate) messages: Vec<(String, Arc<[u8]>)>,
    /// What the spawner handles.
    pub(crate) cause: Option<Trace>,
    /// Whether it is the program's first process.
    pub(crate) first: bool,
    /// Told how it ended.
    pub(crate) ended: Option<oneshot::Sender<Ended>>,
}

/// What a spawner gives beyond what is inherited; each needs a permission.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Given {
    pub(crate) context: bool,
    pub(crate) identity: bool,
}

/// How a process ended.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Its result or error.
    pub outcome: Arc<Outcome>,
    /// The status it asked for, where it called for an exit.
    pub status: Option<i32>,
}

/// Everything an upgrade says.
pub(crate) struct UpgradeRequest {
    pub(crate) process: Arc<Process>,
    /// What the process runs until then.
    pub(crate) running: Arc<Program>,
    /// Where it runs; absent for native code.
    pub(crate) pool: Option<Arc<Pool>>,
    pub(crate) definition: String,
    /// Encoded values.
    pub(crate) arguments: Arc<[u8]>,
}

/// The arguments as they are passed on: no bytes are no values.
pub(crate) fn arguments_of(arguments: Arc<[u8]>) -> Arc<[u8]> {
    if arguments.is_empty() {
        NO_VALUES.into()
    } else {
        arguments
    }
}
