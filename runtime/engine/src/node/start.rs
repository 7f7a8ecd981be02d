//! The start of a node.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::Notify;
use warren_kernel::{Error, Kernel, Kind, nanoseconds};

use super::far_ends::FarEnds;
use super::frames::Frames;
use super::hosts::HostParts;
use super::waiters::Waiters;
use super::{Node, NodeConfig, NodeError, Programs, Time, virtual_time};
use crate::abi::imports;
use crate::capability::{Capabilities, Capability};
use crate::code::address_space::FOR_FAST_SLOTS;
use crate::code::artifact::Compiler;
use crate::code::bounds::CompileLimits;
use crate::code::cache::CodeCache;
use crate::code::definition::Edition;
use crate::code::linkers::{Imports, Interface};
use crate::code::mappings::Mappings;
use crate::code::slots::SlotsBuilder;
use crate::environment::Environment;
use crate::guest::Guest;
use crate::guest::node_watchers::NodeWatchers;
use crate::guest::outdated::Outdated;
use crate::guest::parking::Parking;
use crate::guest::refused_paths::RefusedPaths;
use crate::guest::shared::{MaxPrepare, Shared};
use crate::guest::stacks::Stacks;
use crate::host_limits::HostLimits;
use crate::log::Log;
use crate::memory::{MachineMemory, SystemMemory, Watch, default_max_memory};
use crate::output::Output;
use crate::sched::meter::Meter;
use crate::sched::permits::Permits;
use crate::sched::scheduler::Scheduler;
use crate::sched::simulation::Simulation;
use crate::sched::ticker::{Engines, Ticker};
use crate::sched::timers::Timers;
use crate::sched::virtual_clock::VirtualClock;
use crate::security::Judges;
use crate::traces::Traces;

/// The start of the wall clock in runs with a seed: 2030-01-01T00:00:00Z.
const SEEDED: Duration = Duration::from_secs(1_893_456_000);

/// The slice of a guest in runs with a seed. The end of a slice depends on the machine, so it
/// is far away.
const SEEDED_TICK: Duration = Duration::from_secs(1);

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
        let (clock, simulation) = match config.time {
            Time::Real => (None, None),
            Time::Virtual => (Some(VirtualClock::new()), None),
            Time::Seeded { seed, delays } => (
                Some(VirtualClock::starting_at(SEEDED)),
                Some(Arc::new(Simulation::new(seed, delays))),
            ),
        };
        let clock = clock.map(Arc::new);
        let workers = match &simulation {
            None => config
                .workers
                .map_or_else(std::thread::available_parallelism, Ok)
                .map_err(NodeError::Thread)?,
            Some(_) => NonZeroUsize::MIN,
        };
        // The time of the machine decides when a process is parked.
        let park_after = config.park_after.filter(|_| simulation.is_none());
        let tick = match &simulation {
            None => config.tick,
            Some(_) => config.tick.max(SEEDED_TICK),
        };
        let memory = config
            .memory
            .unwrap_or_else(|| Arc::new(SystemMemory::find()));
        let kernel = Kernel::within(max_memory(config.max_memory_total, &*memory));
        let remote = config.cluster.map(|member| {
            kernel.join_cluster(member.remote.node().clone(), member.peers);
            member.remote
        });
        let meter = Meter::new(&kernel, workers).with_clock(clock.clone());
        let meter = Arc::new(meter);
        let scheduler = match &simulation {
            None => Scheduler::start(&meter, &tokio, config.hosts.len()),
            Some(simulation) => Scheduler::start_seeded(&meter, &tokio, Arc::clone(simulation)),
        };
        let scheduler = scheduler.map_err(NodeError::Thread)?;
        let ticker = Ticker::start(tick, Arc::clone(&meter)).map_err(NodeError::Thread)?;
        let ticker = Arc::new(ticker);
        let judges = Judges::new(config.authorizer);
        let imports = imports::all(
            // In a simulation, functions may have to wait for a delay, and in a cluster for
            // another node.
            judges.authorizer().is_some() || simulation.is_some() || remote.is_some(),
            interfaces(&config.capabilities),
        );
        let hosts = HostParts::new(slots(&kernel, ticker.engines(), imports));
        add_hosts(config.hosts, &kernel, &hosts)?;
        let watch = Watch::start(&kernel, memory).map_err(NodeError::Thread)?;
        let edition = Edition::new(config.definitions);
        let shared = Shared {
            kernel,
            other_host: hosts.part("-", &HostLimits::default()),
            refused_paths: RefusedPaths::default(),
            outdated: Outdated::new(edition.clone()),
            judges,
            max_prepare: max_prepare(config.compile.max_prepare, tick),
            aside: Permits::new(workers),
            capabilities: Capabilities::new(config.capabilities),
            environment: Environment::default(),
            computing: Permits::new(workers),
            reading: Permits::one_for_each_host(workers),
            watches: Arc::default(),
            remote,
            node_watchers: NodeWatchers::default(),
            parking: Parking::start(park_after).map_err(NodeError::Thread)?,
            ticker,
            timers: Timers::start(clock.clone()).map_err(NodeError::Thread)?,
            output: Output::start(config.output).map_err(NodeError::Thread)?,
            tokio,
            stacks: Stacks::default(),
            payload_objects: config.payload_objects,
            counts_lines: config.counts_lines,
            traces: config.trace_messages.then(|| Box::new(Traces::new())),
            log: Log::start(config.log).map_err(NodeError::Thread)?,
            started: meter.started(),
            meter,
            busy: AtomicUsize::new(0),
            simulation: simulation.clone(),
        };
        let node = Arc::new(Node {
            _watch: watch,
            shared: Arc::new(shared),
            hosts,
            programs: Programs::new(edition, config.interpreter, config.compile),
            compiler: compiler(config.cache, config.compile, simulation.is_some()),
            compiling: Permits::new(workers),
            preparing: Permits::new(workers),
            opening: Permits::new(workers),
            scheduler,
            waiters: Waiters::default(),
            far_ends: FarEnds::default(),
            frames: Frames::default(),
            closed: AtomicBool::new(false),
            present: AtomicUsize::new(0),
            ended: Notify::new(),
        });
        if let Some(clock) = clock {
            virtual_time::start(&node, clock).map_err(NodeError::Thread)?;
        }
        Ok(node)
    }
}

/// Returns the bytes that all processes may hold: as configured, or else by the memory
/// of the machine.
fn max_memory(configured: Option<u64>, memory: &dyn MachineMemory) -> u64 {
    configured
        .or_else(|| memory.total().map(default_max_memory))
        .unwrap_or(u64::MAX)
}

/// Returns the interfaces that capabilities have for components.
fn interfaces(capabilities: &[Arc<dyn Capability>]) -> Arc<[Interface]> {
    let interface = |capability: &Arc<dyn Capability>| {
        let name = capability.interface()?.to_owned();
        let capability = capability.name().to_owned();
        Some(Interface { name, capability })
    };
    capabilities.iter().filter_map(interface).collect()
}

fn slots(kernel: &Kernel, ticked: Engines, imports: Imports<Guest>) -> SlotsBuilder<Guest> {
    SlotsBuilder::new(
        &FOR_FAST_SLOTS,
        ticked,
        Arc::new(Mappings::new()),
        Arc::clone(kernel.budget()),
        imports,
    )
}

/// Makes the configured hosts, and puts them into the kernel.
fn add_hosts(
    hosts: Vec<(String, HostLimits)>,
    kernel: &Kernel,
    parts: &HostParts,
) -> Result<(), NodeError> {
    for (name, limits) in hosts {
        let refused = |error| NodeError::Host {
            name: name.clone(),
            error: Box::new(error),
        };
        if kernel.host(&name).is_ok() {
            let twice = Error::new(Kind::Conflict, format!("host already exists: {name}"));
            return Err(refused(twice));
        }
        let host = parts.new_host(kernel, &name, &limits).map_err(refused)?;
        kernel.put_hosts(&[host], &[]);
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
fn compiler(cache: Option<PathBuf>, limits: CompileLimits, is_seeded: bool) -> Compiler {
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
        is_seeded,
        compiled: Arc::default(),
    }
}
