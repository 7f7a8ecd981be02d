//! The data of one instance's store, and the operations of the process API. Both
//! linkers call these operations.

pub(crate) mod aside;
pub(crate) mod asleep;
pub(crate) mod call_span;
pub(crate) mod called;
pub(crate) mod caller;
mod cancel;
pub(crate) mod capability;
mod cluster;
mod context;
pub(crate) mod control;
pub(crate) mod far;
pub(crate) mod far_names;
mod far_options;
mod far_start;
mod far_work;
mod files;
mod inherited;
mod logger;
pub(crate) mod mailbox;
mod node;
pub(crate) mod node_watchers;
mod options;
pub(crate) mod outdated;
pub(crate) mod parking;
mod pause;
mod permission;
mod process;
mod process_end;
mod program;
pub(crate) mod refused_paths;
mod registry;
pub(crate) mod request;
mod security;
pub(crate) mod shared;
mod sight;
mod spawn;
pub(crate) mod stacks;
mod start;
pub(crate) mod stdio;
pub(crate) mod upgradable;
mod waited;
mod watch;
pub(crate) mod watches;
mod words;

use std::any::Any;
use std::sync::Arc;
use std::time::Duration;

use warren_kernel::{
    Error, HostConfig, Kind, Message, Monotonic, Outcome, Process, Subscription, nanoseconds,
};
use wasmtime::Memory;

use crate::capability::Kept;
use crate::capability::http::Incoming;
use crate::code::program::Program;
use crate::guest::caller::KeptByGuest;
use crate::guest::control::Control;
use crate::guest::shared::Shared;
use crate::guest::stacks::Sight;
use crate::limits::Limits;
use crate::operand::Limit;
use crate::security::Rights;

pub(crate) use inherited::Inherited;
pub(crate) use node::{Module, NodeForGuests, Surroundings, UpgradeRequest};
pub(crate) use options::{Mistake, read_context};
pub use process_end::ProcessEnd;
pub(crate) use program::settled_outcome;
pub(crate) use sight::show_if_asked;
pub(crate) use spawn::{Awaits, SpawnRequest, Spawner};
pub use start::{Gate, Start};

/// Code that is loaded into a pool.
pub(crate) type Loaded = crate::code::loaded::Loaded<Guest>;
/// A core module that is loaded into a pool.
pub(crate) type CoreCode = crate::code::loaded::CoreCode<Guest>;
/// A component that is loaded into a pool.
pub(crate) type ComponentCode = crate::code::loaded::ComponentCode<Guest>;
/// A pool of slots for instances.
pub(crate) type Pool = crate::code::pool::Pool<Guest>;
/// A slot of a pool.
pub(crate) type Slot = crate::code::pool::Slot<Guest>;

/// The program of one start of a process, with its arguments.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    pub(crate) program: Arc<Program>,
    /// Encoded values.
    pub(crate) arguments: Arc<[u8]>,
}

/// The code that `prepare` made of a source, or an error. The error is boxed to
/// keep the type small: every process holds room for it.
pub(crate) type Prepared = Result<Arc<[u8]>, Box<Error>>;

/// The purpose for which a store was made.
pub(crate) enum Purpose {
    /// A process.
    Process {
        process: Arc<Process>,
        inherited: Arc<Inherited>,
        /// True for the program's first process, which may read standard input and
        /// end the program.
        first: bool,
    },
    /// Preparing a source. No process is involved.
    Prepare {
        /// The argument of the last call of `program.prepared` or `program.fail`.
        prepared: Option<Prepared>,
    },
    /// Reading the copied memory of another process.
    Explain {
        sight: Arc<Sight>,
        /// The text that `traceback` found in that memory.
        text: Option<String>,
    },
}

/// The data of a store.
pub(crate) struct Guest {
    pub(crate) shared: Arc<Shared>,
    node: Arc<dyn NodeForGuests>,
    /// The pool of the instance; absent for a host function process.
    pool: Option<Arc<Pool>>,
    pub(crate) control: Arc<Control>,
    pub(crate) purpose: Purpose,
    pub(crate) run: Run,
    pub(crate) limits: Limits,
    rights: Rights,
    /// The last process to which the guest sent by PID. Most sends go to the same
    /// process as the one before.
    correspondent: Option<Arc<Process>>,
    /// The exported memory of a core module, once it is instantiated.
    pub(crate) memory: Option<Memory>,
    /// A result or error of the flat ABI that the guest has yet to fetch.
    pub(crate) held: Vec<u8>,
    /// The outcome that the guest last gave with `program.finish` or
    /// `program.fail`.
    pub(crate) outcome: Option<Outcome>,
    /// True if that outcome is an error for want of memory.
    pub(crate) out_of_memory: bool,
    /// The number of times that the guest was preempted.
    pub(crate) slices: u32,
    /// The messages and the time that the guest waits for once its function has returned.
    pub(crate) awaited: Option<Box<Awaited>>,
    /// True if the guest was asked to return, since it was last entered.
    pub(crate) was_asked: bool,
    /// The guest's WASI state, made at the first call of WASI.
    pub(crate) wasi: Option<Box<dyn Any + Send + Sync>>,
    /// The state that capabilities keep for the guest.
    kept: KeptByGuest,
}

/// The wait of a guest whose function has returned.
pub(crate) struct Awaited {
    pub(crate) wanted: Vec<Subscription>,
    pub(crate) deadline: Option<Monotonic>,
}

/// A reason for which the runtime itself unwinds a guest's stack. It is not a trap
/// of the guest.
#[derive(Debug)]
pub(crate) enum Unwind {
    /// `program.exit`.
    Exit(i32),
    /// `process.upgrade` to this run. The slot is present if the new code needs one
    /// of another shape.
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
            node: around.node,
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
            awaited: None,
            was_asked: false,
            wasi: None,
            kept: KeptByGuest::default(),
        }
    }

    /// Sets the state that capabilities find from the beginning.
    pub(crate) fn keep(&mut self, kept: Option<Arc<Kept>>) {
        self.kept = KeptByGuest::beginning_with(kept);
    }

    /// Returns true if the process was started to answer a request.
    pub(crate) fn answers_request(&self) -> bool {
        let kept = self.kept.made();
        kept.is_some_and(|kept| kept.find::<Incoming>().is_some())
    }

    /// Returns the error to fail with if the guest has used up its processor time.
    pub(crate) fn has_run_too_long(&self) -> Option<Error> {
        if let Purpose::Prepare { .. } = self.purpose {
            return self.has_prepared_too_long();
        }
        out_of_processor_time(&self.shared, self.process().ok()?)
    }

    /// Counts slices: a preparation has no process whose processor time could be
    /// counted.
    #[cold]
    fn has_prepared_too_long(&self) -> Option<Error> {
        let limit = self.shared.max_prepare;
        (u64::from(self.slices) > limit.slices).then(|| {
            let time = limit.time;
            let message =
                format!("preparing takes more processor time than max_prepare = {time:?}");
            Error::at_limit(Kind::Invalid, "max_prepare", nanoseconds(time), message)
        })
    }

    /// Takes another pool: that of the slot in which the guest is woken.
    pub(crate) fn enter_pool(&mut self, pool: Arc<Pool>) {
        self.pool = Some(pool);
        self.memory = None;
    }

    /// The pool of the instance; absent for a host function process.
    pub(crate) fn pool(&self) -> Option<&Arc<Pool>> {
        self.pool.as_ref()
    }

    /// The process for which this guest runs.
    ///
    /// # Errors
    ///
    /// `Invalid` if the guest prepares a source or explains a stack.
    #[inline]
    pub(crate) fn process(&self) -> Result<&Arc<Process>, Error> {
        process_of(&self.purpose)
    }

    /// The limit of an operand of so many bytes that may be as long as a message. The limit
    /// of the destination is checked later.
    #[cold]
    pub(crate) fn message_limit(&self, bytes: usize) -> Limit {
        self.limit_of(bytes, self.shared.message_limit(), shared::message_limit)
    }

    /// The limit of the options of a spawn of so many bytes.
    #[cold]
    pub(crate) fn options_limit(&self, bytes: usize) -> Limit {
        self.limit_of(bytes, self.shared.options_limit(), shared::options_limit)
    }

    /// The largest limit of any host, or, for what is larger, that of the process's own host:
    /// an error tells it nothing of other hosts.
    fn limit_of(&self, bytes: usize, largest: Limit, of: fn(&HostConfig) -> Limit) -> Limit {
        match self.process() {
            Ok(process) if bytes > largest.bytes => of(process.host().config()),
            _ => largest,
        }
    }

    pub(crate) fn inherited(&self) -> Result<&Arc<Inherited>, Error> {
        inherited_of(&self.purpose)
    }

    /// Records a refused operation for introspection. Returns the error as the process gets
    /// it, with its host if a limit refuses.
    #[cold]
    pub(crate) fn refused(&self, mut error: Error) -> Error {
        self.shared.meter.refused(&error.kind);
        if let Ok(process) = self.process() {
            error = error.in_host(process.host().name());
            process.set_last_error(&error);
        }
        error
    }

    /// Records that the guest handles this message from now on.
    #[inline]
    pub(crate) fn handles(&self, message: &mut Message) {
        if let Ok(process) = self.process() {
            handles(&self.shared, process, &self.control, message);
        }
    }

    /// Returns the request that the process answers, if the server has started it for one.
    pub(crate) fn incoming(&self) -> Option<Arc<Incoming>> {
        self.kept.made()?.find()
    }

    /// Returns true for the program's first process.
    pub(crate) fn is_first(&self) -> bool {
        matches!(self.purpose, Purpose::Process { first: true, .. })
    }
}

/// Returns the error to fail with if a process has used up its processor time.
fn out_of_processor_time(shared: &Shared, process: &Process) -> Option<Error> {
    let limit = shared.host(process.host()).max_cpu?;
    let used = Duration::from_nanos(process.usage().processor());
    (used >= limit).then(|| {
        let host = process.host().name();
        let message = format!(
            "out of processor time: the process has used {used:.1?} and has reached max_cpu = \
             {limit:?} of host {host}"
        );
        // A process that does the same again will need as much again.
        Error::at_limit(Kind::RateLimited, "max_cpu", nanoseconds(limit), message)
            .retryable(false)
            .in_host(host)
    })
}

/// Records that a process handles this message from now on.
#[inline]
fn handles(shared: &Shared, process: &Process, control: &Control, message: &mut Message) {
    if let Some(traces) = &shared.traces {
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

fn inherited_of(purpose: &Purpose) -> Result<&Arc<Inherited>, Error> {
    match purpose {
        Purpose::Process { inherited, .. } => Ok(inherited),
        Purpose::Prepare { .. } | Purpose::Explain { .. } => Err(no_process()),
    }
}

fn no_process() -> Error {
    Error::invalid(
        "this import is for processes, but the guest is preparing code or reading a stack",
    )
}
