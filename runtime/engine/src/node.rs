//! The node: everything the processes of one program share.

pub(crate) mod drive;
mod embedder;
mod ending;
pub(crate) mod explain;
mod failures;
pub(crate) mod instance;
mod kept;
pub(crate) mod native;
mod observers;
mod programs;
mod slots;
mod spawn;
mod spawner;
mod stack;
pub(crate) mod start;
pub(crate) mod task;
pub(crate) mod traceback;

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Notify;
use warren_kernel::{Error, Host, HostConfig, Kernel, MemoryLimits, Moment, nanoseconds};

use crate::abi::imports;
use crate::code::address_space::FOR_FAST_PLACES;
use crate::code::artifact::Compiler;
use crate::code::bounds::CompileLimits;
use crate::code::cache::CodeCache;
use crate::code::definition::Definitions;
use crate::code::mappings::Mappings;
use crate::code::pool::Pools;
use crate::code::sites::{self, Room};
use crate::files::{Files, FilesInUse, HostFiles};
use crate::guest::refused_paths::RefusedPaths;
use crate::guest::shared::{MaxPrepare, PerHost, Shared};
use crate::guest::stacks::Stacks;
use crate::guest::{Guest, Spawner, Surroundings};
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

use crate::sched::turns::Turns;
use observers::Observers;
pub(crate) use programs::Programs;
pub use spawn::Running;

/// Definitions whose chains of calls are counted one by one: an embedder may name
/// its native processes as it likes.
const MAX_FRAMES: usize = 10_000;

/// What a node is made of.
pub struct NodeConfig {
    /// Who knows the program's definitions.
    pub definitions: Arc<dyn Definitions>,
    /// The hosts, by name.
    pub hosts: Vec<(String, HostLimits)>,
    /// Who judges what processes ask to do. Without one, processes with an actor
    /// or a scope may do nothing that needs a permission, all others everything.
    pub authorizer: Option<Arc<dyn Authorizer>>,
    /// Where compiled code is kept between runs; nowhere if absent.
    pub cache: Option<PathBuf>,
    /// Where the processes' output goes.
    pub output: Box<dyn Sink>,
    /// What is given the log records of the processes, in place of `tracing`.
    pub log: Option<LogHook>,
    /// The Lua interpreter guest, in place of the bundled one.
    pub interpreter: Option<Vec<u8>>,
    /// Threads that run processes: one for each core if absent.
    pub workers: Option<NonZeroUsize>,
    /// How long a guest runs at most before others get their turn:
    /// [`DEFAULT_TICK`](crate::DEFAULT_TICK), unless one counts instructions
    /// and wants no clock to interfere.
    pub tick: Duration,
    /// Whether each message carries what caused it.
    pub trace_messages: bool,
    /// What sources and modules may consist of, and what compiling them may take.
    pub compile: CompileLimits,
    /// Bytes of memory of all processes together: what the machine has, less a
    /// reserve ([`default_max_memory`]), if absent.
    pub max_memory_total: Option<u64>,
    /// The memory of the machine, in place of what Linux says.
    pub memory: Option<Arc<dyn MachineMemory>>,
}

/// Why a node cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The operating system refuses a thread.
    #[error("no thread can be started: {0}")]
    Thread(#[source] std::io::Error),
    /// A host's name is wrong or there twice.
    #[error("host {name}: {error}")]
    Host {
        /// The name.
        name: String,
        /// What is wrong.
        error: Box<warren_kernel::Error>,
    },
    /// Called outside a tokio runtime.
    #[error("a node starts inside a tokio runtime")]
    NoRuntime,
}

/// The processes of one program and what they share.
pub struct Node {
    _watch: Option<Watch>,
    shared: Arc<Shared>,
    /// By the number of the host.
    rooms: Vec<Room<Guest>>,
    /// Of hosts that the embedder added to the kernel itself.
    other_room: Room<Guest>,
    programs: Programs,
    compiler: Compiler,
    compiling: Turns,
    preparing: Turns,
    /// Those of all rooms.
    pools: Vec<Arc<Pools<Guest>>>,
    scheduler: Scheduler,
    observers: Observers,
    frames: Mutex<HashMap<String, u64>>,
    closed: AtomicBool,
    /// Processes whose tasks have not ended.
    present: AtomicUsize,
    /// Told at the end of every process, and when a host takes processes again.
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
    /// Starts a node: its processes run on threads of its own, and use the
    /// tokio runtime this is called in for what blocks (compiling, standard
    /// input, files). Compiles nothing yet.
    ///
    /// A code cache that cannot be used is reported to the log and done
    /// without.
    ///
    /// # Errors
    ///
    /// See [`StartError`].
    pub fn start(config: NodeConfig) -> Result<Arc<Node>, StartError> {
        let tokio = Handle::try_current().map_err(|_| StartError::NoRuntime)?;
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
        let workers = workers.map_err(StartError::Thread)?;
        let meter = Arc::new(Meter::new(&kernel, workers));
        let scheduler =
            Scheduler::start(&meter, &tokio, config.hosts.len()).map_err(StartError::Thread)?;
        let ticker = Ticker::start(config.tick, Arc::clone(&meter)).map_err(StartError::Thread)?;
        let ticker = Arc::new(ticker);
        let judges = Judges::new(config.authorizer);
        let mappings = Arc::new(Mappings::new());
        let imports = imports::all(judges.authorizer().is_some());
        let mut sites = sites::Builder::new(
            &FOR_FAST_PLACES,
            Arc::clone(&ticker),
            mappings,
            Arc::clone(kernel.budget()),
            imports,
        );
        let mut rooms = Vec::new();
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
                .map_err(|error| StartError::Host {
                    name,
                    error: Box::new(error),
                })?;
            rooms.push(sites.room(&limits));
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
        let watch = Watch::start(&kernel, memory).map_err(StartError::Thread)?;
        let other = HostLimits::default();
        let other_room = sites.room(&other);
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
            aside: Turns::new(workers),
            ticker,
            timers: Timers::start().map_err(StartError::Thread)?,
            output: Output::start(config.output).map_err(StartError::Thread)?,
            tokio,
            stacks: Stacks::default(),
            traces: config.trace_messages.then(|| Box::new(Traces::new())),
            log: Log::start(config.log).map_err(StartError::Thread)?,
            started: meter.started(),
            meter,
        };
        Ok(Arc::new(Node {
            _watch: watch,
            shared: Arc::new(shared),
            rooms,
            other_room,
            programs: Programs::new(config.interpreter, config.compile),
            compiler: Compiler {
                cache,
                compiled: Arc::default(),
            },
            compiling: Turns::new(workers),
            preparing: Turns::new(workers),
            pools: sites.finish(),
            scheduler,
            observers: Observers::default(),
            frames: Mutex::default(),
            closed: AtomicBool::new(false),
            present: AtomicUsize::new(0),
            ended: Notify::new(),
        }))
    }

    /// What a guest of this node has around it.
    fn surroundings(self: &Arc<Self>) -> Surroundings {
        Surroundings {
            shared: Arc::clone(&self.shared),
            spawner: Arc::clone(self) as Arc<dyn Spawner>,
        }
    }

    /// The processes and names.
    pub fn kernel(&self) -> &Arc<Kernel> {
        self.shared.kernel()
    }

    /// The present, on both clocks.
    pub fn now(&self) -> Moment {
        self.shared.now()
    }

    /// How many processes have a task that has not ended: for a moment more than
    /// live, since a process that ended is told of before its task is gone.
    pub fn tasks(&self) -> usize {
        self.present.load(Ordering::SeqCst)
    }

    /// How many places of the pools are taken: one by each process, and by each
    /// source that is being prepared.
    pub fn places_taken(&self) -> usize {
        self.pools.iter().map(|pools| pools.taken()).sum()
    }

    /// What the workers do.
    pub fn reading(&self) -> Reading {
        self.shared.meter().read(self.scheduler.queued())
    }

    /// How many pieces of code were compiled to machine code because the cache
    /// did not have them.
    pub fn compiled(&self) -> u64 {
        self.compiler.compiled.load(Ordering::Relaxed)
    }

    /// How many times compiling a module or preparing a source was begun, also where
    /// it failed or the code cache had the result.
    pub fn compilations_begun(&self) -> u64 {
        self.programs.begun()
    }

    /// How many log records were lost because nobody took them in time.
    pub fn log_records_lost(&self) -> u64 {
        self.shared.log.lost()
    }

    /// A host's part of the engine.
    pub(crate) fn room(&self, host: &Host) -> &Room<Guest> {
        self.rooms.get(host.number()).unwrap_or(&self.other_room)
    }

    /// What the processes of a host have of its files and disks.
    pub fn files_in_use(&self, host: &Host) -> FilesInUse {
        self.shared.files(host).in_use()
    }

    /// A new frame id for a chain of calls that begins with this definition.
    fn new_frame(&self, definition: &str) -> Arc<str> {
        let mut frames = self.frames.lock().unwrap_or_else(PoisonError::into_inner);
        // Beyond, definitions count together: no number of theirs is given twice.
        let counted = if frames.len() < MAX_FRAMES || frames.contains_key(definition) {
            definition
        } else {
            ""
        };
        let number = frames.entry(counted.to_owned()).or_default();
        *number += 1;
        format!("{definition}#{number}").into()
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

/// Bytes of the largest message: where the SDKs stop encoding one.
const MAX_MESSAGE: usize = 1 << 20;

/// Refuses a host whose messages no guest could write.
fn allowed(config: &HostConfig) -> Result<(), Error> {
    if config.max_message > MAX_MESSAGE {
        return Err(Error::invalid(format!(
            "max_message is {} bytes, more than the {MAX_MESSAGE} of any message: set no more",
            config.max_message
        )));
    }
    Ok(())
}
