//! The node: everything the processes of one program share.

mod aside;
mod embedder;
mod ending;
mod failures;
mod kept;
mod observers;
mod programs;
mod slots;
mod spawn;
mod stack;
mod turns;

use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::runtime::Handle;
use tokio::sync::Notify;
use warren_kernel::{
    Charge, Error, Host, HostConfig, Kernel, MemoryLimits, Moment, Monotonic, Timestamp,
    nanoseconds,
};

use crate::address_space::FOR_FAST_PLACES;
use crate::bounds::CompileLimits;
use crate::cache::CodeCache;
use crate::code::Compiler;
use crate::definition::Definitions;
use crate::files::{FileLimits, Files, FilesInUse, HostFiles};
use crate::guest::LogHook;
use crate::limits::{self, Payer};
use crate::log::{DEFAULT_MAX_LOG, DEFAULT_MAX_LOG_TOTAL, Limits, Log};
use crate::mappings::Mappings;
use crate::memory::{MachineMemory, SystemMemory, Watch, default_max_memory};
use crate::meter::{Meter, Reading};
use crate::operand::Limit;
use crate::output::{Output, Sink};
use crate::pool::Pools;
use crate::scheduler::Scheduler;
use crate::security::{Authorizer, Judges};
use crate::sites::{self, Room};
use crate::stacks::Stacks;
use crate::ticker::Ticker;
use crate::timers::Timers;
use crate::traces::Traces;

pub(crate) use aside::AT_ONCE;
pub use embedder::Start;
pub(crate) use failures::Failure;
use observers::Observers;
pub(crate) use programs::Programs;
pub(crate) use spawn::Presence;
pub use spawn::{Ended, Running};
pub(crate) use spawn::{Given, Relation, SpawnRequest};
use turns::Turns;

/// What the processes of a host may use.
#[derive(Clone, Debug)]
pub struct HostLimits {
    /// How many there may be, and what each may hold and know.
    pub processes: HostConfig,
    /// Bytes of memory of each: its linear memory, and what the runtime holds for
    /// it (messages, events, results, names, ties, arguments and context).
    pub max_memory: u64,
    /// Bytes of memory of all of them together; absent, seven eighths of what the
    /// node may have.
    pub max_memory_total: Option<u64>,
    /// Processor time that each may use in all, where there is a limit. It is
    /// counted in ticks, and its guests are held to it: native code is not.
    pub max_cpu: Option<Duration>,
    /// Bytes of log records that each may write in a second; see
    /// [`DEFAULT_MAX_LOG`](crate::DEFAULT_MAX_LOG).
    pub max_log: u64,
    /// The same for all of the host together.
    pub max_log_total: u64,
    /// How many files they may have open, and how much fuller they may make disks.
    pub files: FileLimits,
}

/// Processor time that preparing one source may take, and as slices of the ticker.
#[derive(Clone, Copy)]
pub(crate) struct MaxPrepare {
    pub(crate) time: Duration,
    pub(crate) slices: u64,
}

/// Definitions whose chains of calls are counted one by one: an embedder may name
/// its native processes as it likes.
const MAX_FRAMES: usize = 10_000;

/// Paths that were not granted.
#[derive(Default)]
struct RefusedPaths {
    /// Those where it was looked for what is there.
    looked_at: HashSet<PathBuf>,
    /// How many the operator was told of.
    told: usize,
}

/// Refused paths that are looked at.
const MAX_LOOKED_AT: usize = 512;

/// Refused paths that the operator is told of.
const MAX_TOLD: usize = 64;

/// Memory of a process where nobody said otherwise: 64 MiB.
pub const DEFAULT_MAX_MEMORY: u64 = 64 << 20;

impl Default for HostLimits {
    fn default() -> Self {
        HostLimits {
            processes: HostConfig::default(),
            max_memory: DEFAULT_MAX_MEMORY,
            max_memory_total: None,
            max_cpu: None,
            max_log: DEFAULT_MAX_LOG,
            max_log_total: DEFAULT_MAX_LOG_TOTAL,
            files: FileLimits::default(),
        }
    }
}

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
    kernel: Arc<Kernel>,
    /// By the number of the host.
    rooms: Vec<Room>,
    /// Of hosts that the embedder added to the kernel itself.
    other_room: Room,
    /// Open files; by the number of the host.
    files: Vec<Arc<HostFiles>>,
    other_files: Arc<HostFiles>,
    /// Which paths were told of that nobody granted.
    refused_paths: Mutex<RefusedPaths>,
    definitions: Arc<dyn Definitions>,
    programs: Programs,
    judges: Judges,
    compiler: Compiler,
    max_prepare: MaxPrepare,
    compiling: Turns,
    preparing: Turns,
    /// To read what is long.
    aside: Turns,
    /// Those of all rooms.
    pools: Vec<Arc<Pools>>,
    ticker: Arc<Ticker>,
    timers: Timers,
    output: Arc<Output>,
    scheduler: Scheduler,
    /// The embedder's, for native processes and what blocks.
    tokio: Handle,
    observers: Observers,
    stacks: Stacks,
    /// Where it is asked for.
    traces: Option<Box<Traces>>,
    log: Log,
    meter: Arc<Meter>,
    started: Instant,
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
            .field("live", &self.kernel.live())
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
        let (mappings, asks) = (Arc::new(Mappings::new()), judges.authorizer().is_some());
        let mut sites = sites::Builder::new(
            &FOR_FAST_PLACES,
            Arc::clone(&ticker),
            mappings,
            Arc::clone(kernel.budget()),
            asks,
        );
        let mut rooms = Vec::new();
        let all_files = Files::of_system();
        let mut files = Vec::new();
        for (name, limits) in config.hosts {
            files.push(all_files.host(&name, limits.files));
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
        Ok(Arc::new(Node {
            _watch: watch,
            kernel,
            rooms,
            other_room: sites.room(&HostLimits::default()),
            files,
            other_files: all_files.host("-", FileLimits::default()),
            refused_paths: Mutex::default(),
            definitions: config.definitions,
            programs: Programs::new(config.interpreter, config.compile),
            judges,
            compiler: Compiler {
                cache,
                compiled: Arc::default(),
            },
            max_prepare: MaxPrepare {
                time: config.compile.max_prepare,
                slices: nanoseconds(config.compile.max_prepare) / nanoseconds(config.tick).max(1),
            },
            compiling: Turns::new(workers),
            preparing: Turns::new(workers),
            aside: Turns::new(workers),
            pools: sites.finish(),
            ticker,
            timers: Timers::start().map_err(StartError::Thread)?,
            output: Output::start(config.output).map_err(StartError::Thread)?,
            scheduler,
            tokio,
            observers: Observers::default(),
            stacks: Stacks::default(),
            traces: config.trace_messages.then(|| Box::new(Traces::new())),
            log: Log::start(config.log).map_err(StartError::Thread)?,
            started: meter.started(),
            meter,
            frames: Mutex::default(),
            closed: AtomicBool::new(false),
            present: AtomicUsize::new(0),
            ended: Notify::new(),
        }))
    }

    /// The processes and names.
    pub fn kernel(&self) -> &Arc<Kernel> {
        &self.kernel
    }

    /// The present, on both clocks.
    pub fn now(&self) -> Moment {
        let wall = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Moment {
            wall: Timestamp(i64::try_from(wall.as_nanos()).unwrap_or(i64::MAX)),
            monotonic: self.monotonic(),
        }
    }

    /// The present, on the clock of deadlines.
    #[inline]
    pub(crate) fn monotonic(&self) -> Monotonic {
        Monotonic(nanoseconds(self.started.elapsed()))
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
        self.meter.read(self.scheduler.queued())
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

    #[inline]
    pub(crate) fn stacks(&self) -> &Stacks {
        &self.stacks
    }

    /// Who follows messages, where that is asked for.
    #[inline]
    pub(crate) fn traces(&self) -> Option<&Traces> {
        self.traces.as_deref()
    }

    pub(crate) fn log(&self) -> &Log {
        &self.log
    }

    /// How many log records were lost because nobody took them in time.
    pub fn log_records_lost(&self) -> u64 {
        self.log.lost()
    }

    /// What the processes of a host may log.
    pub(crate) fn log_limits(&self, host: Option<&Host>) -> Limits {
        host.map_or(&self.other_room, |host| self.room(host)).log
    }

    pub(crate) fn judges(&self) -> &Judges {
        &self.judges
    }

    pub(crate) fn output(&self) -> &Arc<Output> {
        &self.output
    }

    #[inline]
    pub(crate) fn meter(&self) -> &Meter {
        &self.meter
    }

    pub(crate) fn ticker(&self) -> &Ticker {
        &self.ticker
    }

    /// What preparing one source may take.
    pub(crate) fn max_prepare(&self) -> MaxPrepare {
        self.max_prepare
    }

    pub(crate) fn timers(&self) -> &Timers {
        &self.timers
    }

    /// A host's part of the engine.
    pub(crate) fn room(&self, host: &Host) -> &Room {
        self.rooms.get(host.number()).unwrap_or(&self.other_room)
    }

    /// The most bytes that any host takes as a message. What a guest passes on is
    /// compared with this before it is known where to.
    #[cold]
    pub(crate) fn message_limit(&self) -> Limit {
        let hosts = self.kernel.hosts();
        let limits = hosts.iter().map(|host| host.config().max_message);
        Limit::message(limits.max().unwrap_or_default())
    }

    /// The most bytes of what a spawn sets: what is inherited has as many as a
    /// message, and the first messages fit into one queue.
    #[cold]
    pub(crate) fn options_limit(&self) -> Limit {
        let hosts = self.kernel.hosts();
        let limits = hosts.iter().map(|host| {
            let config = host.config();
            config.max_message.saturating_add(config.queue.bytes)
        });
        Limit {
            name: "max_message and max_queue.bytes",
            bytes: limits.max().unwrap_or_default(),
        }
    }

    /// What the processes of a host have of its files and disks.
    pub fn files_in_use(&self, host: &Host) -> FilesInUse {
        self.files(host).in_use()
    }

    /// The open files of a host.
    pub(crate) fn files(&self, host: &Host) -> &Arc<HostFiles> {
        self.files.get(host.number()).unwrap_or(&self.other_files)
    }

    /// Those of what runs in no host.
    pub(crate) fn other_files(&self) -> &Arc<HostFiles> {
        &self.other_files
    }

    pub(crate) fn definitions(&self) -> &Arc<dyn Definitions> {
        &self.definitions
    }

    /// Whether to look for what is at a path that was refused: once, and not for
    /// too many paths.
    pub(crate) fn looks_at_refused(&self, path: &Path) -> bool {
        let mut paths = self.lock_refused();
        paths.looked_at.len() < MAX_LOOKED_AT
            && paths.told < MAX_TOLD
            && paths.looked_at.insert(path.to_owned())
    }

    /// Whether to tell the operator of one more refused path.
    pub(crate) fn tells_of_refused(&self) -> bool {
        let mut paths = self.lock_refused();
        paths.told += 1;
        paths.told <= MAX_TOLD
    }

    fn lock_refused(&self) -> MutexGuard<'_, RefusedPaths> {
        let paths = self.refused_paths.lock();
        paths.unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn max_memory(&self, host: &Host) -> u64 {
        self.room(host).max_memory
    }

    /// Those of an instance that runs for no process, charged to its host.
    pub(crate) fn limits_of(&self, host: &Host) -> limits::Limits {
        let charge = Charge::new(Arc::clone(host.budget()));
        limits::Limits::new(self.max_memory(host), Payer::Host(charge))
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
