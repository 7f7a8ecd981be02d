//! The node, as its guests see it.

use std::sync::Arc;

use futures::future::BoxFuture;
use warren_kernel::{Error, Host, Process, Spawned};

use super::{Pool, Run, Slot, SpawnRequest};
use crate::code::artifact::Artifact;
use crate::code::class::Class;
use crate::code::definition::Source;
use crate::code::program::{Chunk, Program};
use crate::guest::shared::Shared;

/// The parts of a node that a guest can reach.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub(crate) shared: Arc<Shared>,
    pub(crate) node: Arc<dyn NodeForGuests>,
}

/// The operations of a node that its guests call: the node starts processes, and
/// prepares their code. The node is above the guests, so they know it by this trait.
pub(crate) trait NodeForGuests: Send + Sync {
    /// Starts a process. A failed spawn leaves nothing behind.
    fn spawn(self: Arc<Self>, request: SpawnRequest) -> BoxFuture<'static, Result<Spawned, Error>>;

    /// Refuses a start on another node that this node's policies do not permit.
    fn permit_spawn(&self, request: &mut SpawnRequest) -> Result<(), Error>;

    /// Takes a slot that is free and has the code loaded, for a parked process that had one
    /// of this class. A slot of that class is preferred: the memory of the process differs
    /// less from the snapshot there.
    fn free_slot(&self, host: &Host, artifact: &Artifact, class: Class) -> Option<Slot>;

    /// Takes a slot, as for a new process.
    fn slot(
        self: Arc<Self>,
        host: Arc<Host>,
        artifact: Arc<Artifact>,
    ) -> BoxFuture<'static, Result<Slot, Error>>;

    /// Prepares an upgrade of a process. Returns a slot if the new code needs one
    /// of another shape.
    fn upgrade(
        self: Arc<Self>,
        upgrade: UpgradeRequest,
    ) -> BoxFuture<'static, Result<(Run, Option<Slot>), Error>>;

    /// Returns one of the program's own modules, prepared for the interpreter of
    /// this program; `None` if there is no module of this name. The module is of the same
    /// moment as the program.
    fn module(
        self: Arc<Self>,
        program: Arc<Program>,
        name: String,
        host: Arc<Host>,
    ) -> BoxFuture<'static, Result<Option<Module>, Error>>;
}

/// A module of a program: its file, and its code for the interpreter.
pub(crate) struct Module {
    pub(crate) source: Source,
    pub(crate) chunk: Arc<Chunk>,
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
