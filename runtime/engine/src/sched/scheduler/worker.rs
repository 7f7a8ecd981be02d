//! One worker thread.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;

use async_task::ScheduleInfo;
use warren_kernel::Monotonic;

use super::burst::Burst;
use super::lanes::{Lanes, next_after};
use super::pace::Pace;
use super::patience::Patience;
use super::turn::Turn;
use super::{Runnable, Shared};
use crate::sched::cores;

thread_local! {
    /// The worker that runs on this thread.
    static WORKER: RefCell<Option<Rc<Worker>>> = const { RefCell::new(None) };
}

struct Worker {
    shared: Arc<Shared>,
    index: usize,
    /// The task that the running task woke last.
    next: Cell<Option<Runnable>>,
    /// Tasks in a row that were `next`.
    handed_on: Cell<u32>,
    /// The tasks that the running task has woken.
    burst: Burst,
    /// All other tasks; other workers steal from here.
    lanes: Lanes,
    /// The host whose tasks run now.
    turn: Turn,
    /// True if its last task came from elsewhere.
    took_injected: Cell<bool>,
    /// The host whose task from elsewhere it took last.
    injected_turn: Cell<usize>,
    /// The wait of tasks from elsewhere for another worker.
    patience: Patience,
    /// The time that the tasks of each host run.
    pace: Pace,
}

/// Most tasks in a row that run before queued ones because they were woken last.
const HAND_ONS: u32 = 16;

/// Works until the scheduler is dropped.
pub(super) fn run(shared: Arc<Shared>, index: usize, lanes: Lanes) {
    let worker = Rc::new(Worker {
        shared,
        index,
        next: Cell::new(None),
        handed_on: Cell::new(0),
        burst: Burst::default(),
        lanes,
        turn: Turn::default(),
        took_injected: Cell::new(false),
        injected_turn: Cell::new(0),
        patience: Patience::default(),
        pace: Pace::new(),
    });
    WORKER.set(Some(Rc::clone(&worker)));
    cores::worker_runs();
    worker.work();
    cores::worker_sleeps();
    WORKER.set(None);
}

/// Keeps a task on the worker that woke it. Returns the task as the error if this
/// thread is not a worker of the task's scheduler.
#[inline]
pub(super) fn keep(runnable: Runnable, info: ScheduleInfo) -> Result<(), Runnable> {
    WORKER.with_borrow(|worker| match worker {
        Some(worker) if Arc::ptr_eq(&worker.shared, &runnable.metadata().shared) => {
            worker.add(runnable, info);
            Ok(())
        }
        _ => Err(runnable),
    })
}

/// Notes that the task that runs on this thread has used up its slice, before it yields.
pub(super) fn slice_is_over() {
    WORKER.with_borrow(|worker| {
        if let Some(worker) = worker {
            worker.burst.slice_is_over();
        }
    });
}

impl Worker {
    fn work(&self) {
        let mut was_woken = false;
        while !self.shared.idle.is_stopped() {
            let Some(runnable) = self.find() else {
                let shared = &*self.shared;
                cores::worker_sleeps();
                was_woken = shared.meter.sleeping(self.index, || {
                    let has_work = || shared.has_work();
                    shared.idle.sleep(self.index, was_woken, has_work)
                });
                cores::worker_runs();
                continue;
            };
            if std::mem::take(&mut was_woken) {
                self.shared.idle.has_found_work();
            }
            if !self.lanes.is_empty() || !self.shared.injected.is_empty() {
                self.shared.idle.wake_one();
            }
            self.burst.begins();
            // A panic ends its task alone, and the panic hook has reported it.
            let _ = catch_unwind(AssertUnwindSafe(|| runnable.run()));
        }
    }

    #[inline]
    fn add(&self, runnable: Runnable, info: ScheduleInfo) {
        if info.woken_while_running {
            if self.burst.goes_on() {
                if let Some(displaced) = self.next.replace(Some(runnable)) {
                    self.lanes.push(displaced);
                }
            } else {
                // A task that yields lets others go first.
                self.lanes.push(runnable);
            }
            return;
        }
        self.burst.wakes();
        if let Some(displaced) = self.next.replace(Some(runnable)) {
            self.lanes.push(displaced);
            self.shared.idle.wake_one();
        }
    }

    #[inline]
    fn find(&self) -> Option<Runnable> {
        let next = self.next.take();
        let elsewhere = self.elsewhere();
        if !self.lanes.is_empty() || (elsewhere != 0 && next.is_some()) {
            return self.choose(next, elsewhere);
        }
        self.pace.pause();
        if next.is_some() {
            self.handed_on.set(self.handed_on.get().saturating_add(1));
            return next;
        }
        self.handed_on.set(0);
        self.take_any()
    }

    /// Chooses between the task that was woken last, queued tasks, and tasks from
    /// elsewhere. `elsewhere` has a bit for each host with tasks from elsewhere.
    fn choose(&self, next: Option<Runnable>, elsewhere: u64) -> Option<Runnable> {
        if let Some(between) = self.take_between(elsewhere) {
            self.next.set(next);
            return Some(between);
        }
        if let Some(next) = next {
            if self.goes_on(&next, elsewhere) {
                self.handed_on.set(self.handed_on.get().saturating_add(1));
                return Some(next);
            }
            self.lanes.push(next);
        }
        self.handed_on.set(0);
        self.pop(elsewhere).or_else(|| self.take_any())
    }

    /// Takes a task from elsewhere that goes before the worker's own tasks. Both alternate,
    /// so that neither starve.
    fn take_between(&self, elsewhere: u64) -> Option<Runnable> {
        if elsewhere == 0 {
            self.pace.pause();
            return None;
        }
        if self.took_injected.replace(false) {
            self.pace.skip(self.now());
            return None;
        }
        let present = self.turn.lane();
        self.pace.measure(present, self.now());
        // Tasks of other hosts wait for the end of the turn, except beside long tasks,
        // which one more delays by little.
        let hosts = match self.pace.is_long(present) {
            true => elsewhere,
            false => elsewhere & 1 << present,
        };
        let taken = self.shared.injected.take(hosts, &self.injected_turn)?;
        self.took_injected.set(true);
        Some(taken)
    }

    /// Returns true if the task that was woken last runs before those that wait.
    fn goes_on(&self, next: &Runnable, elsewhere: u64) -> bool {
        let waiting = self.lanes.busy() | elsewhere;
        if self.turn.is_over(waiting, || self.now()) {
            return false;
        }
        if self.handed_on.get() < HAND_ONS {
            return true;
        }
        let lane = self.lanes.of(next);
        if lane != self.turn.lane() || self.lanes.has(lane) {
            return false;
        }
        // Only other hosts wait, for the end of the turn. Queued and taken again, the task
        // could be stolen from its partner in between.
        self.handed_on.set(0);
        self.turn.count();
        true
    }

    /// Takes the next queued task: of the host that has the turn, or of the next one. Tasks
    /// from elsewhere of the hosts in `elsewhere` count as queued.
    fn pop(&self, elsewhere: u64) -> Option<Runnable> {
        if self.lanes.is_empty() {
            return None;
        }
        let present = self.turn.lane();
        let mut waiting = self.lanes.busy() | elsewhere;
        if !self.turn.is_over(waiting, || self.now())
            && let Some(runnable) = self.pop_of(present, elsewhere)
        {
            self.turn.count();
            return Some(runnable);
        }
        loop {
            let lane = next_after(present, waiting)?;
            if let Some(runnable) = self.pop_of(lane, elsewhere) {
                self.turn.begin(lane, self.now());
                return Some(runnable);
            }
            waiting &= !(1 << lane);
        }
    }

    /// Takes the next queued task of a host.
    #[inline]
    fn pop_of(&self, lane: usize, elsewhere: u64) -> Option<Runnable> {
        let own = self.lanes.pop(lane);
        if own.is_none() && elsewhere & 1 << lane != 0 {
            return self.shared.injected.pop(lane);
        }
        own
    }

    /// Returns a bit for each host with tasks from elsewhere, if they are not left to a
    /// worker that is being woken.
    #[inline]
    fn elsewhere(&self) -> u64 {
        let waiting = self.shared.injected.busy();
        if waiting == 0 {
            self.patience.is_over();
            return 0;
        }
        // Threads that work for other workers are at work.
        cores::worker_runs();
        if self.shared.idle.has_another() && self.patience.lasts(self.now()) {
            return 0;
        }
        waiting
    }

    /// Takes a task from elsewhere, for which hosts take turns of one task, or one of
    /// another worker.
    fn take_any(&self) -> Option<Runnable> {
        let taken = self.shared.injected.take(u64::MAX, &self.injected_turn);
        let Some(taken) = taken else {
            return self.steal();
        };
        self.took_injected.set(true);
        self.turn.begin(self.lanes.of(&taken), self.now());
        Some(taken)
    }

    /// Takes half of a lane from another worker, and begins a turn of that lane.
    fn steal(&self) -> Option<Runnable> {
        let (before, from) = self.shared.stealers.split_at(self.index);
        let mut victims = from.iter().skip(1).chain(before);
        let present = self.turn.lane();
        let (lane, runnable) = victims.find_map(|victim| self.lanes.steal(victim, present))?;
        self.turn.begin(lane, self.now());
        Some(runnable)
    }

    /// Returns the time as of the last tick.
    #[inline]
    fn now(&self) -> Monotonic {
        self.shared.meter.clock()
    }
}
