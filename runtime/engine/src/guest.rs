//! One running instance, as its imports see it: the data of its store, and the
//! operations of the process API, written once behind both linkers.

pub(crate) mod aside;
pub(crate) mod control;
mod files;
mod options;
mod permission;
mod process;
mod program;
pub(crate) mod receive;
pub(crate) mod refused_paths;
pub(crate) mod shared;
mod sight;
mod spawner;
pub(crate) mod stacks;
mod stdio;

use std::any::Any;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use warren_kernel::{Error, Message, Outcome, Process};
use wasmtime::Memory;

use crate::code::program::Program;
use crate::guest::control::Control;
use crate::guest::shared::Shared;
use crate::guest::stacks::Sight;
use crate::limits::Limits;
use crate::security::{Actor, Rights, Scope};

pub(crate) use options::{Related, SpawnOptions, context};
pub(crate) use program::settled_outcome;
pub(crate) use sight::show_if_asked;
pub use spawner::Ended;
pub(crate) use spawner::{
    Given, Relation, SpawnRequest, Spawner, Surroundings, UpgradeRequest, arguments_of,
};

/// Code that is loaded into a pool.
pub(crate) type Loaded = crate::code::loaded::Loaded<Guest>;
/// A core module that is loaded into a pool.
pub(crate) type CoreCode = crate::code::loaded::CoreCode<Guest>;
/// A pool of slots for instances.
pub(crate) type Pool = crate::code::pool::Pool<Guest>;
/// A slot of a pool.
pub(crate) type Slot = crate::code::pool::Slot<Guest>;

/// What a process inherits from its spawner and hands on.
#[derive(Clone, Debug)]
pub(crate) struct Inherited {
    /// The identifier of the call chain.
    pub(crate) frame: Arc<str>,
    /// Encoded values by key.
    pub(crate) context: Arc<BTreeMap<String, Arc<[u8]>>>,
    /// On whose behalf the process acts.
    pub(crate) actor: Option<Arc<Actor>>,
    /// What it may do.
    pub(crate) scope: Option<Arc<Scope>>,
}

/// What one start of a process runs.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) program: Arc<Program>,
    /// Encoded values.
    pub(crate) arguments: Arc<[u8]>,
}

/// What came of preparing a source. A process has room for it, too, so an error is
/// elsewhere.
pub(crate) type Prepared = Result<Arc<[u8]>, Box<Error>>;

/// What a store runs for.
pub(crate) enum Purpose {
    /// A process.
    Process {
        process: Arc<Process>,
        inherited: Arc<Inherited>,
        /// Whether it is the program's first, which may read standard input
        /// and end the program.
        first: bool,
    },
    /// Turning a source into prepared code, with no process around it.
    Prepare {
        /// What `program.prepared` or `program.fail` said.
        prepared: Option<Prepared>,
    },
    /// Reading what another process has shown of itself.
    Explain {
        sight: Arc<Sight>,
        /// What is in it.
        text: Option<String>,
    },
}

/// The data of a store.
pub(crate) struct Guest {
    pub(crate) shared: Arc<Shared>,
    spawner: Arc<dyn Spawner>,
    /// Where it runs.
    pool: Option<Arc<Pool>>,
    pub(crate) control: Arc<Control>,
    pub(crate) purpose: Purpose,
    pub(crate) run: Run,
    pub(crate) limits: Limits,
    rights: Rights,
    /// Whom it last sent to by PID: most sends go where the one before went.
    correspondent: Option<Arc<Process>>,
    /// The exported memory of a core module, once it is instantiated.
    pub(crate) memory: Option<Memory>,
    /// A result or error of the flat ABI that the guest has yet to fetch.
    pub(crate) held: Vec<u8>,
    /// What the guest said its result is.
    pub(crate) outcome: Option<Outcome>,
    /// Whether that is an error for want of memory.
    pub(crate) out_of_memory: bool,
    /// How often it was preempted.
    pub(crate) slices: u32,
    /// What it has of WASI, made when it first asks.
    pub(crate) wasi: Option<Box<dyn Any + Send + Sync>>,
}

/// Why a guest's stack is unwound by the runtime itself, which is no trap of
/// the guest's.
#[derive(Debug)]
pub(crate) enum Unwind {
    /// `program.exit`.
    Exit(i32),
    /// `process.upgrade` to this; in another place, where code of another
    /// shape needs one.
    Upgrade(Run, Option<Slot>),
}

impl std::fmt::Display for Unwind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Unwind::Exit(_) => "the process exits",
            Unwind::Upgrade(..) => "the process is upgraded",
        })
    }
}

impl std::error::Error for Unwind {}

impl Guest {
    pub(crate) fn new(
        around: Surroundings,
        pool: Option<Arc<Pool>>,
        control: Arc<Control>,
        purpose: Purpose,
        run: Run,
        limits: Limits,
        rights: Rights,
    ) -> Guest {
        Guest {
            shared: around.shared,
            spawner: around.spawner,
            pool,
            control,
            purpose,
            run,
            limits,
            rights,
            correspondent: None,
            memory: None,
            held: Vec::new(),
            outcome: None,
            out_of_memory: false,
            slices: 0,
            wasi: None,
        }
    }

    /// What it fails with where it has used up its processor time.
    pub(crate) fn has_run_too_long(&self) -> Option<Error> {
        if let Purpose::Prepare { .. } = self.purpose {
            return self.has_prepared_too_long();
        }
        let process = self.process().ok()?;
        let limit = self.shared.host(process.host()).max_cpu?;
        let used = Duration::from_nanos(process.usage().processor());
        (used >= limit).then(|| {
            Error::internal(format!(
                "out of processor time: it has used {used:.1?}, the limit is {limit:?} (max_cpu of \
                 host {})",
                process.host().name()
            ))
        })
    }

    /// Preparing has no process whose time is counted: its slices are.
    #[cold]
    fn has_prepared_too_long(&self) -> Option<Error> {
        let limit = self.shared.max_prepare();
        (u64::from(self.slices) > limit.slices).then(|| {
            let time = limit.time;
            Error::invalid(format!(
                "preparing it takes longer than {time:?} of processor time (max_prepare)"
            ))
            .with("limit", "max_prepare")
            .with("value", u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
        })
    }

    /// Where it runs; nowhere for native code.
    pub(crate) fn pool(&self) -> Option<&Arc<Pool>> {
        self.pool.as_ref()
    }

    /// The process this runs for.
    ///
    /// # Errors
    ///
    /// `Invalid` where it is none.
    #[inline]
    pub(crate) fn process(&self) -> Result<&Arc<Process>, Error> {
        process_of(&self.purpose)
    }

    pub(crate) fn inherited(&self) -> Result<&Arc<Inherited>, Error> {
        match &self.purpose {
            Purpose::Process { inherited, .. } => Ok(inherited),
            Purpose::Prepare { .. } | Purpose::Explain { .. } => Err(no_process()),
        }
    }

    /// Notes that an operation was refused, for those who look at the process.
    #[cold]
    pub(crate) fn was_refused(&self, error: &Error) {
        self.shared.meter().refused(&error.kind);
        if let Ok(process) = self.process() {
            process.set_last_error(error);
        }
    }

    /// It has taken a message, and handles it from now on.
    #[inline]
    pub(crate) fn handles(&self, message: &mut Message) {
        if let Ok(process) = self.process() {
            handles(&self.shared, process, &self.control, message);
        }
    }

    /// Whether this is the program's first process.
    pub(crate) fn is_first(&self) -> bool {
        matches!(self.purpose, Purpose::Process { first: true, .. })
    }
}

/// A process has taken a message, and handles it from now on.
#[inline]
fn handles(shared: &Shared, process: &Process, control: &Control, message: &mut Message) {
    if let Some(traces) = shared.traces() {
        traces.received(process, control.cause(), message);
    }
}

#[inline]
fn process_of(purpose: &Purpose) -> Result<&Arc<Process>, Error> {
    match purpose {
        Purpose::Process { process, .. } => Ok(process),
        Purpose::Prepare { .. } | Purpose::Explain { .. } => Err(no_process()),
    }
}

fn no_process() -> Error {
    Error::invalid("no process here: code is being prepared, not run")
}
