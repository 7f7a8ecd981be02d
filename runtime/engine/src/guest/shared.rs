//! The part of a node that running guests use.
//!
//! Guests use [`Shared`] directly. They reach the node, which starts processes,
//! through [`NodeForGuests`](crate::guest::NodeForGuests).

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use tokio::runtime::Handle;
use warren_kernel::{
    Charge, Error, Host, HostConfig, Kernel, Moment, Monotonic, Process, Timestamp, nanoseconds,
    text,
};

use super::Guest;
use crate::capability::Capabilities;
use crate::code::slots::HostSlots;
use crate::environment::Environment;
use crate::files::HostFiles;
use crate::guest::node_watchers::NodeWatchers;
use crate::guest::outdated::Outdated;
use crate::guest::parking::Parking;
use crate::guest::refused_paths::RefusedPaths;
use crate::guest::stacks::Stacks;
use crate::guest::watches::Watches;
use crate::limits::{self, Payer};
use crate::log::{self, Entry, Log, Origin, Record};
use crate::operand::Limit;
use crate::output::Output;
use crate::remote::Remote;
use crate::sched::lane::LaneNumber;
use crate::sched::meter::Meter;
use crate::sched::permits::Permits;
use crate::sched::simulation::Simulation;
use crate::sched::ticker::Ticker;
use crate::sched::timers::Timers;
use crate::security::{Judges, Scope};
use crate::traces::{self, Traces};

/// The state that all guests of a node use.
pub(crate) struct Shared {
    pub(crate) kernel: Arc<Kernel>,
    /// The part of hosts that the embedder added to the kernel itself.
    pub(crate) other_host: PerHost,
    pub(crate) refused_paths: RefusedPaths,
    /// The processes that ask for changes of their code.
    pub(crate) outdated: Outdated,
    pub(crate) judges: Judges,
    /// The limits of preparing one source.
    pub(crate) max_prepare: MaxPrepare,
    pub(crate) ticker: Arc<Ticker>,
    pub(crate) timers: Timers,
    pub(crate) output: Arc<Output>,
    /// The embedder's tokio runtime, for host function processes and blocking work.
    pub(crate) tokio: Handle,
    pub(crate) stacks: Stacks,
    /// True if `message:payload()` of Lua gives objects.
    pub(crate) payload_objects: bool,
    /// True if interpreters count how often each line runs.
    pub(crate) counts_lines: bool,
    /// The message tracer, if messages are traced.
    pub(crate) traces: Option<Box<Traces>>,
    pub(crate) log: Log,
    pub(crate) meter: Arc<Meter>,
    pub(crate) started: Instant,
    /// Permits for reading long records.
    pub(crate) aside: Permits,
    pub(crate) capabilities: Capabilities,
    /// The variables that the program has set.
    pub(crate) environment: Environment,
    /// Permits for the work of capabilities.
    pub(crate) computing: Permits,
    /// Permits for reading debug information.
    pub(crate) reading: Permits,
    pub(crate) watches: Arc<Watches>,
    /// The other nodes; absent without a cluster.
    pub(crate) remote: Option<Arc<dyn Remote>>,
    /// The processes that ask for news of nodes.
    pub(crate) node_watchers: NodeWatchers,
    /// The number of things that the runtime does for the program and that keep the virtual
    /// clock from jumping.
    pub(crate) busy: AtomicUsize,
    /// The choices of a run with a seed.
    pub(crate) simulation: Option<Arc<Simulation>>,
    pub(crate) parking: Parking,
}

/// The engine's part of one host, attached to the kernel's. Other limits of the host come
/// with another value.
pub(crate) struct PerHost {
    pub(crate) max_memory: u64,
    pub(crate) max_cpu: Option<Duration>,
    pub(crate) max_log: u64,
    pub(crate) max_log_total: u64,
    /// The limit in force of all processes together, whatever limits they were started with.
    pub(crate) log_total: Arc<AtomicU64>,
    pub(crate) files: Arc<HostFiles>,
    pub(crate) slots: HostSlots<Guest>,
    pub(crate) lane: Arc<LaneNumber>,
}

impl PerHost {
    /// The limits of the log.
    pub(crate) fn log(&self) -> log::Limits {
        log::Limits {
            process: self.max_log,
            host: self.log_total.load(Ordering::Relaxed),
        }
    }

    /// Puts the limits of the host as a whole in force.
    pub(crate) fn enforce(&self) {
        self.log_total.store(self.max_log_total, Ordering::Relaxed);
        self.files.enforce();
    }
}

/// The most bytes of a message in a host.
pub(super) fn message_limit(config: &HostConfig) -> Limit {
    Limit::message(config.max_message)
}

/// The most bytes of the options of a spawn in a host: inherited values up to the size of
/// a message, and first messages that fit into one queue.
pub(super) fn options_limit(config: &HostConfig) -> Limit {
    Limit {
        name: "max_message + max_queue.bytes",
        bytes: config.max_message.saturating_add(config.queue.bytes),
    }
}

/// The most processor time of preparing one source, also as a number of slices.
#[derive(Clone, Copy)]
pub(crate) struct MaxPrepare {
    pub(crate) time: Duration,
    pub(crate) slices: u64,
}

impl Shared {
    /// The current time on both clocks.
    pub(crate) fn now(&self) -> Moment {
        if let Some(clock) = self.timers.virtual_clock() {
            return clock.moment();
        }
        let wall = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Moment {
            wall: Timestamp(i64::try_from(wall.as_nanos()).unwrap_or(i64::MAX)),
            monotonic: self.monotonic(),
        }
    }

    /// The current time on the clock of deadlines.
    #[inline]
    pub(crate) fn monotonic(&self) -> Monotonic {
        match self.timers.virtual_clock() {
            None => Monotonic(nanoseconds(self.started.elapsed())),
            Some(clock) => clock.monotonic(),
        }
    }

    /// Fills bytes with randomness: of the operating system, or of the seed of the run.
    ///
    /// # Errors
    ///
    /// The operating system has no random numbers.
    pub(crate) fn fill_with_random_bytes(&self, bytes: &mut [u8]) -> wasmtime::Result<()> {
        if let Some(simulation) = &self.simulation {
            simulation.fill(bytes);
            return Ok(());
        }
        getrandom::fill(bytes).map_err(|error| {
            wasmtime::format_err!("cannot get random bytes from the operating system: {error}")
        })
    }

    /// Sleeps on the clock of the processes; works outside a tokio runtime.
    pub(crate) async fn sleep(&self, duration: Duration) {
        self.timers.sleep(duration).await;
    }

    /// Sleeps on the clock of the machine, also in virtual time: for the patience of the
    /// runtime itself.
    pub(crate) async fn real_sleep(&self, duration: Duration) {
        self.timers.real_sleep(duration).await;
    }

    /// Moves the message notes of this thread to the log.
    #[cold]
    pub(crate) fn pass_on_traces(&self, process: Option<&Process>) {
        if let Some(notes) = traces::take_notes() {
            let origin = Origin {
                pid: process.map_or_else(|| "".into(), |process| Arc::clone(process.text())),
                frame: "".into(),
                definition: "".into(),
                trace: None,
            };
            self.log(process, origin, Record::Messages(notes));
        }
    }

    /// Adds a record to the log. The record is lost if the log is full.
    pub(crate) fn log(&self, process: Option<&Process>, origin: Origin, record: Record) {
        self.log.put(self.entry(process, origin, record));
    }

    /// Adds a record to the log. [`Log::write`] describes how it waits for room.
    pub(crate) async fn log_slowly(
        &self,
        process: Option<&Process>,
        origin: Origin,
        record: Record,
    ) {
        let entry = self.entry(process, origin, record);
        self.log.write(&self.timers, entry).await;
    }

    fn entry(&self, process: Option<&Process>, origin: Origin, record: Record) -> Entry {
        let host = process.map(|process| &**process.host());
        let limits = host.map_or(&self.other_host, |host| self.host(host)).log();
        Entry::new(limits, process, origin, record)
    }

    /// Returns false if no record of this level is wanted. Safe on a guest's stack.
    pub(crate) fn may_want_log(&self, level: log::Level) -> bool {
        self.log.may_want(level)
    }

    /// Returns true if records of this level are wanted.
    pub(crate) fn wants_log(&self, level: log::Level) -> bool {
        self.log.wants(level)
    }

    /// The scope that the operator has defined under this name.
    ///
    /// # Errors
    ///
    /// `NotFound`.
    pub(crate) fn named_scope(&self, name: &str) -> Result<Scope, Error> {
        let authorizer = self.judges.authorizer();
        authorizer
            .and_then(|authorizer| authorizer.named_scope(name))
            .ok_or_else(|| Error::not_found(format!("scope not found: {}", text::line(name))))
    }

    /// The most bytes of a message in any host. Operands are compared with this
    /// limit before the destination is known.
    #[cold]
    pub(crate) fn message_limit(&self) -> Limit {
        self.largest(message_limit)
    }

    /// The most bytes of the options of a spawn in any host.
    #[cold]
    pub(crate) fn options_limit(&self) -> Limit {
        self.largest(options_limit)
    }

    fn largest(&self, of: fn(&HostConfig) -> Limit) -> Limit {
        let hosts = self.kernel.hosts();
        let limits = hosts.iter().map(|host| of(host.config()));
        let none = Limit::message(0);
        limits.max_by_key(|limit| limit.bytes).unwrap_or(none)
    }

    /// The engine's part of a host.
    #[inline]
    pub(crate) fn host<'a>(&'a self, host: &'a Host) -> &'a PerHost {
        host.attachment().unwrap_or(&self.other_host)
    }

    /// The open files of a host.
    pub(crate) fn files<'a>(&'a self, host: &'a Host) -> &'a Arc<HostFiles> {
        &self.host(host).files
    }

    /// The open files of hosts that the embedder added itself, and of preparations.
    pub(crate) fn other_files(&self) -> &Arc<HostFiles> {
        &self.other_host.files
    }

    /// The limits of an instance without a process; its memory is charged to the
    /// host.
    pub(crate) fn limits_of(&self, host: &Host) -> limits::Limits {
        let charge = Charge::new(Arc::clone(host.budget()));
        limits::Limits::new(self.host(host).max_memory, Payer::Host(charge))
    }
}
