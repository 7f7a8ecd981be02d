//! A scheduler with one worker, which runs ready tasks in an order that a seed fixes.
//!
//! The order depends on nothing else as long as tasks are woken by tasks and by the clock.
//! A task that is woken from elsewhere, at a time that the machine decides, waits until no
//! other one is ready, or for [`LONGEST_WAIT`].

use std::cell::Cell;
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use async_task::ScheduleInfo;
use parking_lot::{Condvar, Mutex};

use super::{Runnable, Shared};
use crate::sched::simulation::Simulation;

/// The longest wait of a task that was woken from elsewhere. A process that asks again and
/// again for the result of another one, without waiting, would otherwise ask for ever.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

thread_local! {
    /// True on a thread whose wakes come at a time that the seed decides.
    static IN_ORDER: Cell<bool> = const { Cell::new(false) };
}

/// The tasks of a seeded run.
pub(super) struct Seeded {
    simulation: Arc<Simulation>,
    state: Mutex<State>,
    changed: Condvar,
    numbers: AtomicUsize,
}

/// The ready tasks, by their numbers: the order in which they were woken does not count.
#[derive(Default)]
struct State {
    ready: BTreeMap<usize, Runnable>,
    from_elsewhere: BTreeMap<usize, Runnable>,
    /// The time since which the first task of `from_elsewhere` waits.
    waits_since: Option<Instant>,
    is_held: bool,
    is_stopped: bool,
}

impl Seeded {
    pub(super) fn new(simulation: Arc<Simulation>) -> Seeded {
        Seeded {
            simulation,
            state: Mutex::default(),
            changed: Condvar::new(),
            numbers: AtomicUsize::new(0),
        }
    }

    /// Returns the number of a new task, which it has in place of a lane.
    pub(super) fn number(&self) -> usize {
        self.numbers.fetch_add(1, Ordering::Relaxed)
    }

    /// Returns the number of tasks that wait for the worker.
    pub(super) fn queued(&self) -> usize {
        let state = self.state.lock();
        state.ready.len() + state.from_elsewhere.len()
    }

    /// Wakes tasks together: the worker begins with the first one when all are woken.
    pub(super) fn together(&self, wake: impl FnOnce()) {
        self.state.lock().is_held = true;
        IN_ORDER.set(true);
        wake();
        IN_ORDER.set(false);
        self.state.lock().is_held = false;
        self.changed.notify_all();
    }

    pub(super) fn stop(&self) {
        self.state.lock().is_stopped = true;
        self.changed.notify_all();
    }

    /// Drops the tasks that have not run.
    pub(super) fn clear(&self) {
        let mut state = self.state.lock();
        let tasks = (
            std::mem::take(&mut state.ready),
            std::mem::take(&mut state.from_elsewhere),
        );
        drop(state);
        // Not under the lock: a task that ends may wake others.
        drop(tasks);
    }

    fn push(&self, runnable: Runnable) {
        let number = runnable.metadata().lane;
        let mut state = self.state.lock();
        if IN_ORDER.get() {
            state.ready.insert(number, runnable);
        } else {
            state.waits_since.get_or_insert_with(Instant::now);
            state.from_elsewhere.insert(number, runnable);
        }
        drop(state);
        self.changed.notify_all();
    }

    /// Waits for the next task; `None` once the scheduler is dropped.
    fn next(&self, shared: &Shared) -> Option<Runnable> {
        loop {
            let mut state = self.state.lock();
            if state.is_stopped {
                return None;
            }
            if !state.is_held {
                let is_late = |since: Instant| since.elapsed() > LONGEST_WAIT;
                if state.ready.is_empty() || state.waits_since.is_some_and(is_late) {
                    let from_elsewhere = std::mem::take(&mut state.from_elsewhere);
                    state.ready.extend(from_elsewhere);
                    state.waits_since = None;
                }
                let index = match state.ready.len() {
                    0 => None,
                    1 => Some(0),
                    count => Some(self.simulation.choose(count)),
                };
                let number = index.and_then(|index| state.ready.keys().nth(index).copied());
                if let Some(number) = number {
                    return state.ready.remove(&number);
                }
            }
            shared.meter.sleeping(0, || self.changed.wait(&mut state));
        }
    }
}

/// Works until the scheduler is dropped.
pub(super) fn run(shared: &Arc<Shared>) {
    IN_ORDER.set(true);
    let Some(seeded) = &shared.seeded else {
        return;
    };
    while let Some(runnable) = seeded.next(shared) {
        // A panic ends its task alone, and the panic hook has reported it.
        let _ = catch_unwind(AssertUnwindSafe(|| runnable.run()));
    }
}

/// Makes a task ready.
pub(super) fn schedule(runnable: Runnable, _: ScheduleInfo) {
    let shared = Arc::clone(&runnable.metadata().shared);
    if let Some(seeded) = &shared.seeded {
        seeded.push(runnable);
    }
}
