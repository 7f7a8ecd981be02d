//! The node: the state that all processes of one program share.

pub(crate) mod drive;
mod embedder;
mod ending;
pub(crate) mod explain;
mod failures;
mod for_guests;
mod frames;
pub(crate) mod instance;
mod kept;
pub(crate) mod native;
mod presence;
mod programs;
mod running;
mod slots;
mod spawn;
mod stack;
pub(crate) mod task;
pub(crate) mod traceback;
mod waiters;

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Notify;
use warren_kernel::{Error, Host, HostConfig, Kernel, MemoryLimits, Moment, nanoseconds};

use crate::abi::imports;
use crate::capability::{Capabilities, Capability};
use crate::code::address_space::FOR_FAST_SLOTS;
use crate::code::artifact::Compiler;
use crate::code::bounds::CompileLimits;
use crate::code::cache::CodeCache;
use crate::code::definition::Definitions;
use crate::code::mappings::Mappings;
use crate::code::pool::Pools;
use crate::code::slots::{HostSlots, SlotsBuilder};
use crate::files::{Files, FilesInUse, HostFiles};
use crate::guest::refused_paths::RefusedPaths;
use crate::guest::shared::{MaxPrepare, PerHost, Shared};
use crate::guest::stacks::Stacks;
use crate::guest::{Guest, NodeForGuests, Surroundings};
use crate::host_limits::HostLimits;
use crate::log::{self, Log, LogHook};
use crate::memory::{MachineMemory, SystemMemory, Watch, default_max_memory};
use crate::output::{Output, Sink};
use crate::sched::meter::{Meter, Reading};
use crate::sched::scheduler::Scheduler;
use crate::sched::ticker::Ticker;
use crate::sched::timers::Timers;
use crate::security::{Authorizer, Judges};
use crate::traces::Traces;

use crate::sched::permits::Permits;
use frames::Frames;
pub(crate) use programs::Programs;
pub use running::Running;
use waiters::Waiters;

/// The configuration of a node.
pub struct NodeConfig {
    /// The program's definitions.
    pub definitions: Arc<dyn Definitions>,
    /// The services that guests may call. Of two with one name the later counts.
    pub capabilities: Vec<Arc<dyn Capability>>,
    /// The hosts, by name.
    pub hosts: Vec<(String, HostLimits)>,
    /// The authorizer that permits or forbids actions. Without one, processes with
    /// an actor or a scope may do nothing that needs a permission; all other
    /// processes may do everything.
    pub authorizer: Option<Arc<dyn Authorizer>>,
    /// The directory that keeps compiled code between runs; nothing is kept if
    /// absent.
    pub cache: Option<PathBuf>,
    /// The sink for the processes' output.
    pub output: Box<dyn Sink>,
    /// The receiver of the processes' log records; `tracing` if absent.
    pub log: Option<LogHook>,
    /// The Lua interpreter guest, in place of the bundled one.
    pub interpreter: Option<Vec<u8>>,
    /// Threads that run processes: one for each core if absent.
    pub workers: Option<NonZeroUsize>,
    /// The slice of a guest: the longest time that it runs while others wait. Use
    /// [`DEFAULT_TICK`](crate::DEFAULT_TICK), unless instructions are to be counted
    /// without a clock that interferes.
    pub tick: Duration,
    /// If true, each message carries the message that caused it.
    pub trace_messages: bool,
    /// The limits of sources and modules, and of compiling them.
    pub compile: CompileLimits,
    /// Bytes of memory of all processes together. If absent, the memory of the
    /// machine less a reserve ([`default_max_memory`]).
    pub max_memory_total: Option<u64>,
    /// The memory of the machine; read from Linux if absent.
    pub memory: Option<Arc<dyn MachineMemory>>,
}

/// An error of [`Node::start`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NodeError {
    /// The operating system refuses a thread.
    #[error("cannot start a thread: {0}")]
    Thread(#[source] std::io::Error),
    /// A host has an invalid or a duplicate name, or an invalid limit.
    #[error("host {name}: {error}")]
    Host {
        /// The name.
        name: String,
        /// What is wrong.
        error: Box<warren_kernel::Error>,
    },
    /// Called outside a tokio runtime.
    #[error("cannot start a node outside a tokio runtime")]
    NoRuntime,
}

/// The processes of one program and what they share.
pub struct Node {
    _watch: Option<Watch>,
    shared: Arc<Shared>,
    /// The slots of the hosts, by number.
    host_slots: Vec<HostSlots<Guest>>,
    /// The slots of hosts that the embedder added to the kernel itself.
    other_host_slots: HostSlots<Guest>,
    programs: Programs,
    compiler: Compiler,
    compiling: Permits,
    preparing: Permits,
    /// The pools of all slots above.
    pools: Vec<Arc<Pools<Guest>>>,
    scheduler: Scheduler,
    waiters: Waiters,
    frames: Frames,
    closed: AtomicBool,
    /// Processes whose tasks have not ended.
    present: AtomicUsize,
    /// Notified at the end of every process, and when a host takes processes again.
    ended: Notify,
}

impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node")
            .field("live", &self.kernel().live())
            .finish_non_exhaustive()
    }
}

impl Node {
    /// Starts a node. Its processes run on threads of its own; blocking work
    /// (standard input, files) runs on the tokio runtime in which this is called.
    /// Compiles nothing yet.
    ///
    /// Logs a warning and goes on without a code cache if the cache cannot be
    /// opened.
    ///
    /// # Errors
    ///
    /// See [`NodeError`].
    pub fn start(config: NodeConfig) -> Result<Arc<Node>, NodeError> {
        let tokio = Handle::try_current().map_err(|_| NodeError::NoRuntime)?;
        crate::file_size::ignore_signal();
        let workers = config
            .workers
            .map_or_else(std::thread::available_parallelism, Ok);
        let memory = config
            .memory
            .unwrap_or_else(|| Arc::new(SystemMemory::find()));
        let max_memory = config
            .max_memory_total
            .or_else(|| memory.total().map(default_max_memory));
        let kernel = Kernel::within(max_memory.unwrap_or(u64::MAX));
        let workers = workers.map_err(NodeError::Thread)?;
        let meter = Arc::new(Meter::new(&kernel, workers));
        let scheduler =
            Scheduler::start(&meter, &tokio, config.hosts.len()).map_err(NodeError::Thread)?;
        let ticker = Ticker::start(config.tick, Arc::clone(&meter)).map_err(NodeError::Thread)?;
        let ticker = Arc::new(ticker);
        let judges = Judges::new(config.authorizer);
        let mappings = Arc::new(Mappings::new());
        let imports = imports::all(judges.authorizer().is_some());
        let mut slots = SlotsBuilder::new(
            &FOR_FAST_SLOTS,
            Arc::clone(&ticker),
            mappings,
            Arc::clone(kernel.budget()),
            imports,
        );
        let mut host_slots = Vec::new();
        let files = Files::of_system();
        let mut hosts = Vec::new();
        for (name, limits) in config.hosts {
            hosts.push(per_host(&limits, files.host(&name, limits.files)));
            let memory = MemoryLimits {
                process: limits.max_memory,
                total: limits.max_memory_total,
            };
            allowed(&limits.processes)
                .and_then(|()| kernel.add_host_within(&name, limits.processes, memory))
                .map_err(|error| NodeError::Host {
                    name,
                    error: Box::new(error),
                })?;
            host_slots.push(slots.of_host(&limits));
        }
        let cache = config.cache.and_then(|directory| {
            CodeCache::open(&directory)
                .inspect_err(|error| {
                    let help = error.remedy();
                    tracing::warn!(help, "no code cache, every start compiles: {error}");
                })
                .ok()
                .map(Arc::new)
        });
        let watch = Watch::start(&kernel, memory).map_err(NodeError::Thread)?;
        let other = HostLimits::default();
        let other_host_slots = slots.of_host(&other);
        let max_prepare = MaxPrepare {
            time: config.compile.max_prepare,
            slices: nanoseconds(config.compile.max_prepare) / nanoseconds(config.tick).max(1),
        };
        let shared = Shared {
            kernel,
            hosts,
            other_host: per_host(&other, files.host("-", other.files)),
            refused_paths: RefusedPaths::default(),
            definitions: config.definitions,
            judges,
            max_prepare,
            aside: Permits::new(workers),
            capabilities: Capabilities::new(config.capabilities),
            computing: Permits::new(workers),
            ticker,
            timers: Timers::start().map_err(NodeError::Thread)?,
            output: Output::start(config.output).map_err(NodeError::Thread)?,
            tokio,
            stacks: Stacks::default(),
            traces: config.trace_messages.then(|| Box::new(Traces::new())),
            log: Log::start(config.log).map_err(NodeError::Thread)?,
            started: meter.started(),
            meter,
        };
        Ok(Arc::new(Node {
            _watch: watch,
            shared: Arc::new(shared),
            host_slots,
            other_host_slots,
            programs: Programs::new(config.interpreter, config.compile),
            compiler: Compiler {
                cache,
                compiled: Arc::default(),
            },
            compiling: Permits::new(workers),
            preparing: Permits::new(workers),
            pools: slots.finish(),
            scheduler,
            waiters: Waiters::default(),
            frames: Frames::default(),
            closed: AtomicBool::new(false),
            present: AtomicUsize::new(0),
            ended: Notify::new(),
        }))
    }

    /// The parts of this node that a guest can reach.
    fn surroundings(self: &Arc<Self>) -> Surroundings {
        Surroundings {
            shared: Arc::clone(&self.shared),
            node: Arc::clone(self) as Arc<dyn NodeForGuests>,
        }
    }

    /// The processes and names.
    pub fn kernel(&self) -> &Arc<Kernel> {
        &self.shared.kernel
    }

    /// The current time on both clocks.
    pub fn now(&self) -> Moment {
        self.shared.now()
    }

    /// The number of tasks of processes. For a moment it is larger than the number
    /// of living processes: the end of a process is announced before its task ends.
    pub fn tasks(&self) -> usize {
        self.present.load(Ordering::SeqCst)
    }

    /// The number of slots in use: one for each guest, and one for each source that
    /// is being prepared.
    pub fn slots_taken(&self) -> usize {
        self.pools.iter().map(|pools| pools.taken()).sum()
    }

    /// The counters of the workers.
    pub fn reading(&self) -> Reading {
        self.shared.meter.read(self.scheduler.queued())
    }

    /// The number of modules that were compiled because the code cache did not have
    /// them.
    pub fn compiled(&self) -> u64 {
        self.compiler.compiled.load(Ordering::Relaxed)
    }

    /// The number of times that compiling a module or preparing a source was begun.
    /// It includes failures and results from the code cache.
    pub fn compilations_begun(&self) -> u64 {
        self.programs.begun()
    }

    /// The number of log records that were lost because nobody took them in time.
    pub fn log_records_lost(&self) -> u64 {
        self.shared.log.lost()
    }

    /// The slots of a host.
    pub(crate) fn host_slots(&self, host: &Host) -> &HostSlots<Guest> {
        self.host_slots
            .get(host.number())
            .unwrap_or(&self.other_host_slots)
    }

    /// The open files and disk space that the processes of a host use.
    pub fn files_in_use(&self, host: &Host) -> FilesInUse {
        self.shared.files(host).in_use()
    }
}

fn per_host(limits: &HostLimits, files: Arc<HostFiles>) -> PerHost {
    PerHost {
        max_memory: limits.max_memory,
        max_cpu: limits.max_cpu,
        log: log::Limits {
            process: limits.max_log,
            host: limits.max_log_total,
        },
        files,
    }
}

/// Bytes of the largest message that the SDKs encode.
const MAX_MESSAGE: usize = 1 << 20;

/// Refuses a limit for messages that no guest could write.
fn allowed(config: &HostConfig) -> Result<(), Error> {
    if config.max_message > MAX_MESSAGE {
        return Err(Error::invalid(format!(
            "max_message is {} bytes, but a message has at most {MAX_MESSAGE}: lower max_message",
            config.max_message
        )));
    }
    Ok(())
}
