//! The node: the state that all processes of one program share.

mod calls;
mod config;
pub(crate) mod deadline;
pub(crate) mod drive;
mod embedder;
mod ending;
pub(crate) mod explain;
mod failures;
mod far;
mod far_ends;
mod for_guests;
mod frames;
mod hosts;
pub(crate) mod instance;
mod kept;
mod last_lines;
pub(crate) mod native;
mod outcome;
pub(crate) mod park;
mod prepare;
mod presence;
mod programs;
mod records;
mod reload;
mod running;
mod scratch;
mod set;
mod slots;
mod spawn;
mod stack;
mod start;
pub(crate) mod task;
pub(crate) mod traceback;
mod virtual_time;
mod waiters;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::sync::Notify;
use warren_kernel::{Host, Kernel, Moment, Pid};

use crate::capability::Calls;
use crate::code::artifact::Compiler;
use crate::code::slots::HostSlots;
use crate::files::FilesInUse;
use crate::guest::shared::Shared;
use crate::guest::{Guest, NodeForGuests, Surroundings};
use crate::memory::Watch;
use crate::sched::meter::Reading;
use crate::sched::permits::Permits;
use crate::sched::scheduler::Scheduler;
pub use config::{DEFAULT_PARK_AFTER, Membership, NodeConfig, NodeError, Time};
use far_ends::FarEnds;
use frames::Frames;
use hosts::HostParts;
pub(crate) use programs::Programs;
pub use reload::{MAX_REFUSED, Prepared, Published, Reload, Unprepared};
pub use running::Running;
pub use virtual_time::Busy;
use waiters::Waiters;

/// The processes of one program and what they share.
pub struct Node {
    _watch: Option<Watch>,
    shared: Arc<Shared>,
    hosts: HostParts,
    programs: Programs,
    compiler: Compiler,
    compiling: Permits,
    preparing: Permits,
    /// Permits for opening pools of slots.
    opening: Permits,
    scheduler: Scheduler,
    waiters: Waiters,
    far_ends: FarEnds,
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
        self.hosts.slots_taken()
    }

    /// True if a reload that changes the code of a process is an event of that process.
    pub fn tells_of_reloads(&self, pid: Pid) -> bool {
        self.shared.outdated.is_asking(pid)
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
    pub(crate) fn host_slots<'a>(&'a self, host: &'a Host) -> &'a HostSlots<Guest> {
        &self.shared.host(host).slots
    }

    /// The lane of a host.
    fn lane(&self, host: &Host) -> usize {
        self.shared.host(host).lane.get()
    }

    /// The calls of each capability, by name.
    pub fn capability_calls(&self) -> Vec<Calls> {
        self.shared.capabilities.calls()
    }

    /// The open files and disk space that the processes of a host use.
    pub fn files_in_use(&self, host: &Host) -> FilesInUse {
        self.shared.files(host).in_use()
    }
}
