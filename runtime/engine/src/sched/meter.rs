//! Counts of the workers' activity: the process that runs, the processor time, the
//! messages sent.
//!
//! Time is not measured at every poll of a task: that would cost more than many polls take. Once
//! a tick, the ticker reads the processor time of each worker's thread. It charges the
//! time since the worker's last charge to the process that runs there at that moment.
//! A worker that other threads keep from its core uses no time, so nobody is charged
//! for the wait. If a tick finds the worker idle, the time used before is charged to
//! the next process that a tick finds there. So over seconds each process is charged
//! the time that it used. A process that runs for microseconds now and then is charged
//! a whole tick now and then.

use std::cell::Cell;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use crate::sched::thread_clock::ThreadClock;
use crate::sched::virtual_clock::VirtualClock;
use warren_kernel::{Kernel, Kind, Monotonic, Pid, nanoseconds};

/// The counts of one node.
pub(crate) struct Meter {
    kernel: Arc<Kernel>,
    started: Instant,
    /// The time of the last tick on the clock of the machine, for the turns of workers.
    ticked: AtomicU64,
    /// The clock of the processes, in virtual time.
    virtual_clock: Option<Arc<VirtualClock>>,
    workers: Box<[Worker]>,
    /// Messages sent from threads that are not workers.
    sent_elsewhere: AtomicU64,
    refused: [AtomicU64; Kind::NAMED.len() + 1],
}

/// The counts of one worker. The worker writes them, except `busy`, which the ticker
/// writes. Each has cache lines of its own.
#[derive(Default)]
#[repr(align(128))]
struct Worker {
    /// The number of the PID that runs, [`NO_PROCESS`], or 0 for nothing.
    running: AtomicU64,
    /// True while it has nothing to do.
    sleeps: AtomicBool,
    sent: AtomicU64,
    busy: AtomicU64,
    /// The clock of the worker's thread. Unset on systems without such clocks, where
    /// the time between ticks is charged instead.
    clock: OnceLock<ThreadClock>,
    /// The reading of that clock at the last charge.
    charged: AtomicU64,
}

/// Stands for a PID while the worker runs code that belongs to no process.
const NO_PROCESS: u64 = u64::MAX;

/// The activity of the workers since the start of the node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// Processor time that each worker has used for processes, in nanoseconds.
    pub busy: Vec<u64>,
    /// Processes that run now.
    pub running: Vec<Pid>,
    /// Tasks that wait for a worker.
    pub queued: usize,
    /// Messages that processes have sent, refused ones included.
    pub sent: u64,
    /// Refused calls of the process API by kind of error. Kinds that programs define
    /// count as `Other`.
    pub refused: Vec<(&'static str, u64)>,
    /// Time since the start of the node.
    pub uptime: Duration,
}

thread_local! {
    /// The index of the worker that this thread is, in its own node.
    static INDEX: Cell<usize> = const { Cell::new(usize::MAX) };
}

/// Notes that this thread is a worker.
fn this_is_worker(index: usize) {
    INDEX.set(index);
}

impl Meter {
    pub(crate) fn new(kernel: &Arc<Kernel>, workers: NonZeroUsize) -> Meter {
        Meter {
            kernel: Arc::clone(kernel),
            started: Instant::now(),
            ticked: AtomicU64::new(0),
            virtual_clock: None,
            workers: (0..workers.get()).map(|_| Worker::default()).collect(),
            sent_elsewhere: AtomicU64::new(0),
            refused: Default::default(),
        }
    }

    /// Returns the counts of a node whose processes have a clock of their own.
    pub(crate) fn with_clock(self, virtual_clock: Option<Arc<VirtualClock>>) -> Meter {
        Meter {
            virtual_clock,
            ..self
        }
    }

    pub(crate) fn workers(&self) -> NonZeroUsize {
        NonZeroUsize::new(self.workers.len()).unwrap_or(NonZeroUsize::MIN)
    }

    /// Returns the time as of the last tick, on the clock of the machine.
    #[inline]
    pub(crate) fn clock(&self) -> Monotonic {
        Monotonic(self.ticked.load(Ordering::Relaxed))
    }

    /// Advances the clock.
    #[cfg(test)]
    pub(crate) fn advance_clock(&self, nanoseconds: u64) {
        self.ticked.fetch_add(nanoseconds, Ordering::Relaxed);
    }

    pub(crate) fn started(&self) -> Instant {
        self.started
    }

    /// Begins to count this thread as a worker.
    pub(crate) fn worker_starts(&self, index: usize) {
        this_is_worker(index);
        if let (Some(worker), Some(clock)) = (self.workers.get(index), ThreadClock::of_this()) {
            worker
                .charged
                .store(clock.read().unwrap_or(0), Ordering::Relaxed);
            let _set_once = worker.clock.set(clock);
        }
    }

    /// Notes, on a worker, that it runs code of no process: nobody is charged.
    pub(crate) fn runs_no_process(&self) {
        if let Some(worker) = self.this_worker() {
            worker.running.store(NO_PROCESS, Ordering::Relaxed);
        }
    }

    /// Notes, on a worker, that it runs this process.
    #[inline]
    pub(crate) fn runs(&self, process: Pid) {
        if let Some(worker) = self.this_worker() {
            worker.running.store(process.number(), Ordering::Relaxed);
        }
    }

    /// Counts this worker as asleep while `sleep` runs.
    pub(crate) fn sleeping<T>(&self, worker: usize, sleep: impl FnOnce() -> T) -> T {
        let Some(worker) = self.workers.get(worker) else {
            return sleep();
        };
        worker.running.store(0, Ordering::Relaxed);
        worker.sleeps.store(true, Ordering::SeqCst);
        self.note_change();
        let slept = sleep();
        worker.sleeps.store(false, Ordering::SeqCst);
        self.note_change();
        slept
    }

    /// Tells the virtual clock that a worker sleeps, or no longer does.
    fn note_change(&self) {
        if let Some(clock) = &self.virtual_clock {
            clock.note_change();
        }
    }

    /// Returns true if all workers sleep. `SeqCst`: one order with the stores in
    /// [`Meter::sleeping`].
    pub(crate) fn all_sleep(&self) -> bool {
        let mut workers = self.workers.iter();
        workers.all(|worker| worker.sleeps.load(Ordering::SeqCst))
    }

    /// Counts a message that is about to be sent, or refused.
    #[inline]
    pub(crate) fn sends(&self) {
        match self.this_worker() {
            // Only this thread writes it.
            Some(worker) => {
                let sent = worker.sent.load(Ordering::Relaxed);
                worker.sent.store(sent.wrapping_add(1), Ordering::Relaxed);
            }
            None => self.sends_elsewhere(),
        }
    }

    #[cold]
    fn sends_elsewhere(&self) {
        self.sent_elsewhere.fetch_add(1, Ordering::Relaxed);
    }

    /// Counts a refused call of the process API.
    pub(crate) fn refused(&self, kind: &Kind) {
        let word = kind.as_str();
        let index = Kind::NAMED
            .iter()
            .position(|kind| *kind == word)
            .unwrap_or(Kind::NAMED.len());
        self.refused[index].fetch_add(1, Ordering::Relaxed);
    }

    /// Charges the running processes with the time that their workers have used since
    /// the last charge. `since` is the time since the last tick.
    pub(crate) fn charge(&self, since: Duration) {
        let now = self.set_clock();
        for worker in &self.workers {
            let running = worker.running.load(Ordering::Relaxed);
            if running == 0 {
                continue;
            }
            let used = worker.used(since);
            worker.busy.fetch_add(used, Ordering::Relaxed);
            if running == NO_PROCESS {
                continue;
            }
            let process = Pid::from_number(running).and_then(|pid| self.kernel.process(pid));
            // A process that has ended meanwhile is not charged.
            if let Some(process) = process {
                process.usage().charge(used, now);
            }
        }
    }

    /// Sets the kernel's clock: at each tick while guests run, and at each event while
    /// none runs.
    pub(crate) fn set_clock(&self) -> Monotonic {
        let real = nanoseconds(self.started.elapsed());
        self.ticked.store(real, Ordering::Relaxed);
        let now = match &self.virtual_clock {
            None => Monotonic(real),
            Some(clock) => clock.monotonic(),
        };
        self.kernel.set_clock(now);
        now
    }

    pub(crate) fn read(&self, queued: usize) -> Reading {
        let workers = || self.workers.iter();
        let sent = workers().map(|worker| worker.sent.load(Ordering::Relaxed));
        let refused = self
            .refused
            .iter()
            .zip(Kind::NAMED.into_iter().chain(["Other"]));
        Reading {
            busy: workers()
                .map(|worker| worker.busy.load(Ordering::Relaxed))
                .collect(),
            running: workers()
                .map(|worker| worker.running.load(Ordering::Relaxed))
                .filter(|running| *running != NO_PROCESS)
                .filter_map(Pid::from_number)
                .collect(),
            queued,
            sent: sent.sum::<u64>() + self.sent_elsewhere.load(Ordering::Relaxed),
            refused: refused
                .map(|(count, kind)| (kind, count.load(Ordering::Relaxed)))
                .collect(),
            uptime: self.started.elapsed(),
        }
    }

    #[inline]
    fn this_worker(&self) -> Option<&Worker> {
        self.workers.get(INDEX.get())
    }
}

impl Worker {
    /// Returns the nanoseconds to charge now.
    fn used(&self, since: Duration) -> u64 {
        let Some(clock) = self.clock.get() else {
            return nanoseconds(since);
        };
        // A thread that has ended uses no time.
        let Some(now) = clock.read() else {
            return 0;
        };
        now.saturating_sub(self.charged.swap(now, Ordering::Relaxed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use warren_kernel::{HostConfig, Spawn};

    const TICK: Duration = Duration::from_millis(1);

    #[test]
    fn a_tick_is_charged_to_whoever_runs() {
        let kernel = Kernel::new();
        let host = kernel
            .add_host("app:processes", HostConfig::default())
            .unwrap();
        let spawn = || {
            let place = host.reserve().unwrap();
            kernel.spawn(place, Spawn::default()).unwrap().process
        };
        let (one, other) = (spawn(), spawn());
        let meter = Meter::new(&kernel, NonZeroUsize::MIN);
        this_is_worker(0);
        meter.runs(one.pid());
        meter.charge(TICK);
        meter.charge(TICK);
        meter.runs(other.pid());
        meter.charge(TICK);
        assert!(!meter.all_sleep());
        meter.sleeping(0, || {
            assert!(meter.all_sleep());
            meter.charge(TICK);
        });
        assert!(!meter.all_sleep());
        this_is_worker(usize::MAX);
        assert_eq!(one.usage().processor(), 2_000_000);
        assert_eq!(other.usage().processor(), 1_000_000);
        let reading = meter.read(0);
        assert_eq!(reading.busy, [3_000_000]);
        assert_eq!(reading.running, []);
    }

    /// Burns processor time of this thread.
    fn compute(clock: ThreadClock, nanoseconds: u64) {
        let end = clock.read().unwrap() + nanoseconds;
        while clock.read().unwrap() < end {}
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn the_processor_time_of_a_worker_is_charged_and_its_waiting_is_not() {
        let kernel = Kernel::new();
        let host = kernel
            .add_host("app:processes", HostConfig::default())
            .unwrap();
        let spawn = || {
            let place = host.reserve().unwrap();
            kernel.spawn(place, Spawn::default()).unwrap().process
        };
        let (one, other) = (spawn(), spawn());
        let meter = Meter::new(&kernel, NonZeroUsize::MIN);
        // The wall clock shows an hour for each tick.
        let tick = || meter.charge(Duration::from_secs(3_600));
        let on_a_thread = std::thread::scope(|scope| {
            let thread = scope.spawn(|| {
                let clock = ThreadClock::of_this().unwrap();
                let begun = clock.read().unwrap();
                meter.worker_starts(0);
                meter.runs(one.pid());
                compute(clock, 5_000_000);
                tick();
                // Time used between ticks that find the worker idle is not lost.
                meter.sleeping(0, tick);
                compute(clock, 5_000_000);
                meter.sleeping(0, tick);
                meter.runs(other.pid());
                tick();
                // Nobody is charged for code of no process.
                meter.runs_no_process();
                let other_work = clock.read().unwrap();
                compute(clock, 5_000_000);
                tick();
                (other_work - begun, clock.read().unwrap() - begun)
            });
            thread.join().unwrap()
        });
        let (of_processes, all) = on_a_thread;
        let [one, other] = [&one, &other].map(|process| process.usage().processor());
        assert!(one >= 5_000_000, "{one}");
        assert!(other >= 5_000_000, "{other}");
        assert!(one + other <= of_processes, "{one} + {other}");
        let busy = meter.read(0).busy[0];
        assert!(
            busy <= all && busy >= one + other + 5_000_000,
            "{busy} of {all}"
        );
    }

    #[test]
    fn sends_and_refusals_are_counted() {
        let meter = Meter::new(&Kernel::new(), NonZeroUsize::MIN);
        meter.sends();
        this_is_worker(0);
        meter.sends();
        this_is_worker(usize::MAX);
        meter.refused(&Kind::RateLimited);
        meter.refused(&Kind::Other("mine".into()));
        let reading = meter.read(7);
        assert_eq!((reading.sent, reading.queued), (2, 7));
        let counted: Vec<_> = reading.refused.iter().filter(|(_, n)| *n > 0).collect();
        assert_eq!(counted, [&("RateLimited", 1), &("Other", 1)]);
    }
}
