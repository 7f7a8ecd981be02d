//! The start of a node.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Notify;
use warren_kernel::{Error, HostConfig, Kernel, nanoseconds};

use super::frames::Frames;
use super::waiters::Waiters;
use super::{Node, NodeConfig, NodeError, Programs};
use crate::abi::imports;
use crate::capability::Capabilities;
use crate::code::address_space::FOR_FAST_SLOTS;
use crate::code::artifact::Compiler;
use crate::code::bounds::CompileLimits;
use crate::code::cache::CodeCache;
use crate::code::mappings::Mappings;
use crate::code::slots::{HostSlots, SlotsBuilder};
use crate::environment::Environment;
use crate::files::{Files, HostFiles};
use crate::guest::Guest;
use crate::guest::outdated::Outdated;
use crate::guest::refused_paths::RefusedPaths;
use crate::guest::shared::{MaxPrepare, PerHost, Shared};
use crate::guest::stacks::Stacks;
use crate::host_limits::HostLimits;
use crate::log::{self, Log};
use crate::memory::{MachineMemory, SystemMemory, Watch, default_max_memory};
use crate::output::Output;
use crate::sched::meter::Meter;
use crate::sched::permits::Permits;
use crate::sched::scheduler::Scheduler;
use crate::sched::ticker::Ticker;
use crate::sched::timers::Timers;
use crate::security::Judges;
use crate::traces::Traces;

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
            .map_or_else(std::thread::available_parallelism, Ok)
            .map_err(NodeError::Thread)?;
        let memory = config
            .memory
            .unwrap_or_else(|| Arc::new(SystemMemory::find()));
        let kernel = Kernel::within(max_memory(config.max_memory_total, &*memory));
        let meter = Arc::new(Meter::new(&kernel, workers));
        let scheduler =
            Scheduler::start(&meter, &tokio, config.hosts.len()).map_err(NodeError::Thread)?;
        let ticker = Ticker::start(config.tick, Arc::clone(&meter)).map_err(NodeError::Thread)?;
        let ticker = Arc::new(ticker);
        let judges = Judges::new(config.authorizer);
        let mut slots = slots(&kernel, &ticker, &judges);
        let hosts = Hosts::add(config.hosts, &kernel, &mut slots)?;
        let watch = Watch::start(&kernel, memory).map_err(NodeError::Thread)?;
        let shared = Shared {
            kernel,
            hosts: hosts.limits,
            other_host: hosts.other_limits,
            refused_paths: RefusedPaths::default(),
            outdated: Outdated::new(Arc::clone(&config.definitions)),
            judges,
            max_prepare: max_prepare(config.compile.max_prepare, config.tick),
            aside: Permits::new(workers),
            capabilities: Capabilities::new(config.capabilities),
            environment: Environment::default(),
            computing: Permits::new(workers),
            watches: Arc::default(),
            ticker,
            timers: Timers::start().map_err(NodeError::Thread)?,
            output: Output::start(config.output).map_err(NodeError::Thread)?,
            tokio,
            stacks: Stacks::default(),
            payload_objects: config.payload_objects,
            traces: config.trace_messages.then(|| Box::new(Traces::new())),
            log: Log::start(config.log).map_err(NodeError::Thread)?,
            started: meter.started(),
            meter,
        };
        Ok(Arc::new(Node {
            _watch: watch,
            shared: Arc::new(shared),
            host_slots: hosts.slots,
            other_host_slots: hosts.other_slots,
            programs: Programs::new(config.definitions, config.interpreter, config.compile),
            compiler: compiler(config.cache, config.compile),
            compiling: Permits::new(workers),
            preparing: Permits::new(workers),
            opening: Permits::new(workers),
            pools: slots.finish(),
            scheduler,
            waiters: Waiters::default(),
            frames: Frames::default(),
            closed: AtomicBool::new(false),
            present: AtomicUsize::new(0),
            ended: Notify::new(),
        }))
    }
}

/// Returns the bytes that all processes may hold: as configured, or else by the memory
/// of the machine.
fn max_memory(configured: Option<u64>, memory: &dyn MachineMemory) -> u64 {
    configured
        .or_else(|| memory.total().map(default_max_memory))
        .unwrap_or(u64::MAX)
}

fn slots(kernel: &Kernel, ticker: &Arc<Ticker>, judges: &Judges) -> SlotsBuilder<Guest> {
    SlotsBuilder::new(
        &FOR_FAST_SLOTS,
        Arc::clone(ticker),
        Arc::new(Mappings::new()),
        Arc::clone(kernel.budget()),
        imports::all(judges.authorizer().is_some()),
    )
}

/// The hosts of a node, by number, and what holds for those that the embedder adds to
/// the kernel itself.
struct Hosts {
    limits: Vec<PerHost>,
    slots: Vec<HostSlots<Guest>>,
    other_limits: PerHost,
    other_slots: HostSlots<Guest>,
}

impl Hosts {
    /// Adds the configured hosts to the kernel, and their slots to the node's.
    fn add(
        hosts: Vec<(String, HostLimits)>,
        kernel: &Kernel,
        slots: &mut SlotsBuilder<Guest>,
    ) -> Result<Hosts, NodeError> {
        let files = Files::of_system();
        let mut all_limits = Vec::new();
        let mut all_slots = Vec::new();
        for (name, limits) in hosts {
            all_limits.push(per_host(&limits, files.host(&name, limits.of_files())));
            let config = limits.of_kernel();
            check_writable(&config)
                .and_then(|()| kernel.add_host_within(&name, config, limits.of_memory()))
                .map_err(|error| NodeError::Host {
                    name,
                    error: Box::new(error),
                })?;
            all_slots.push(slots.of_host(&limits));
        }
        let other = HostLimits::default();
        Ok(Hosts {
            limits: all_limits,
            slots: all_slots,
            other_limits: per_host(&other, files.host("-", other.of_files())),
            other_slots: slots.of_host(&other),
        })
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
fn check_writable(config: &HostConfig) -> Result<(), Error> {
    if config.max_message > MAX_MESSAGE {
        return Err(Error::invalid(format!(
            "max_message is {} bytes, but a message has at most {MAX_MESSAGE}: lower max_message",
            config.max_message
        )));
    }
    Ok(())
}

fn max_prepare(time: Duration, tick: Duration) -> MaxPrepare {
    MaxPrepare {
        time,
        slices: nanoseconds(time) / nanoseconds(tick).max(1),
    }
}

/// Opens the code cache. The node works without one, so an error is only logged.
fn compiler(cache: Option<PathBuf>, limits: CompileLimits) -> Compiler {
    let cache = cache.and_then(|directory| {
        CodeCache::open(&directory)
            .inspect_err(|error| {
                let help = error.remedy();
                tracing::warn!(help, "no code cache, every start compiles: {error}");
            })
            .ok()
            .map(Arc::new)
    });
    Compiler {
        cache,
        limits,
        compiled: Arc::default(),
    }
}
