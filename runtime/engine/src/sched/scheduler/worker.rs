//! One worker thread.

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;

use async_task::ScheduleInfo;
use warren_kernel::Monotonic;

use super::lanes::{Lanes, next_after};
use super::patience::Patience;
use super::turn::Turn;
use super::{Runnable, Shared};

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
    /// All other tasks; other workers steal from here.
    lanes: Lanes,
    /// The host whose queued tasks run now.
    turn: Turn,
    /// True if its last task came from elsewhere.
    took_injected: Cell<bool>,
    /// The host whose task from elsewhere it took last.
    injected_turn: Cell<usize>,
    /// The wait of tasks from elsewhere for another worker.
    patience: Patience,
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
        lanes,
        turn: Turn::default(),
        took_injected: Cell::new(false),
        injected_turn: Cell::new(0),
        patience: Patience::default(),
    });
    WORKER.set(Some(Rc::clone(&worker)));
    worker.work();
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

impl Worker {
    fn work(&self) {
        let mut was_woken = false;
        while !self.shared.idle.is_stopped() {
            let Some(runnable) = self.find() else {
                let shared = &*self.shared;
                was_woken = shared.meter.sleeping(self.index, || {
                    let has_work = || shared.has_work();
                    shared.idle.sleep(self.index, was_woken, has_work)
                });
                continue;
            };
            if std::mem::take(&mut was_woken) {
                self.shared.idle.has_found_work();
            }
            if !self.lanes.is_empty() || !self.shared.injected.is_empty() {
                self.shared.idle.wake_one();
            }
            // A panic ends its task alone, and the panic hook has reported it.
            let _ = catch_unwind(AssertUnwindSafe(|| runnable.run()));
        }
    }

    #[inline]
    fn add(&self, runnable: Runnable, info: ScheduleInfo) {
        if info.woken_while_running {
            // A task that yields lets others go first.
            self.lanes.push(runnable);
        } else if let Some(displaced) = self.next.replace(Some(runnable)) {
            self.lanes.push(displaced);
            self.shared.idle.wake_one();
        }
    }

    #[inline]
    fn find(&self) -> Option<Runnable> {
        // Tasks from elsewhere and own ones alternate, so that neither starve.
        if !self.took_injected.get()
            && !self.leaves_injected()
            && let Some(runnable) = self.take_injected()
        {
            self.took_injected.set(true);
            return Some(runnable);
        }
        self.took_injected.set(false);
        if let Some(next) = self.next.take() {
            let handed_on = self.handed_on.get();
            let is_over = || self.turn.is_over(self.lanes.busy(), || self.now());
            let goes_on = || handed_on < HAND_ONS && !is_over();
            if self.lanes.is_empty() || goes_on() {
                self.handed_on.set(handed_on.saturating_add(1));
                return Some(next);
            }
            self.lanes.push(next);
        }
        self.handed_on.set(0);
        self.pop()
            .or_else(|| self.take_injected())
            .or_else(|| self.steal())
    }

    /// Takes the next queued task: of the host that has its turn, or of the next one.
    #[inline]
    fn pop(&self) -> Option<Runnable> {
        if self.lanes.is_empty() {
            return None;
        }
        let present = self.turn.lane();
        if !self.turn.is_over(self.lanes.busy(), || self.now())
            && let Some(runnable) = self.lanes.pop(present)
        {
            self.turn.count();
            return Some(runnable);
        }
        loop {
            let lane = next_after(present, self.lanes.busy())?;
            if let Some(runnable) = self.lanes.pop(lane) {
                self.turn.begin(lane, self.now());
                return Some(runnable);
            }
        }
    }

    /// Returns true if there is no task from elsewhere, or another worker should take
    /// it.
    #[inline]
    fn leaves_injected(&self) -> bool {
        if self.shared.injected.is_empty() {
            self.patience.is_over();
            return true;
        }
        self.shared.idle.has_another() && self.patience.lasts(self.now())
    }

    #[inline]
    fn take_injected(&self) -> Option<Runnable> {
        self.shared.injected.take(&self.injected_turn)
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
