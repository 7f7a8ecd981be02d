//! Which workers sleep, and waking them.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::thread::{self, Thread};

/// The workers that sleep. At most one at a time is on its way from sleep to a
/// task: if there is more to do, it wakes the next.
///
/// Nobody is missed: who adds a task looks for sleepers afterwards, who falls
/// asleep looks for tasks after it has said so, and every access to the two is
/// in one order (`SeqCst`, in crossbeam's `Injector` too). A task in the lane of a
/// worker may be missed, and that worker looks for sleepers again at its next task.
pub(super) struct Idle {
    threads: Box<[OnceLock<Thread>]>,
    /// Follows the list's length, to be read without the lock.
    count: AtomicUsize,
    sleepers: Mutex<Vec<usize>>,
    waking: AtomicBool,
    stopped: AtomicBool,
}

impl Idle {
    pub(super) fn new(workers: usize) -> Idle {
        Idle {
            threads: (0..workers).map(|_| OnceLock::new()).collect(),
            count: AtomicUsize::new(0),
            sleepers: Mutex::default(),
            waking: AtomicBool::new(false),
            stopped: AtomicBool::new(false),
        }
    }

    /// Wakes a worker, unless none sleeps or one is being woken.
    #[inline]
    pub(super) fn wake_one(&self) {
        if self.count.load(Ordering::SeqCst) != 0 {
            self.wake();
        }
    }

    /// Whether a worker sleeps or is on its way to a task.
    pub(super) fn has_another(&self) -> bool {
        self.waking.load(Ordering::SeqCst) || self.count.load(Ordering::SeqCst) != 0
    }

    #[cold]
    fn wake(&self) {
        if self.waking.swap(true, Ordering::SeqCst) {
            return;
        }
        let mut sleepers = self.lock();
        let woken = sleepers.pop();
        self.count.store(sleepers.len(), Ordering::SeqCst);
        drop(sleepers);
        match woken {
            Some(index) => self.unpark(index),
            None => self.waking.store(false, Ordering::SeqCst),
        }
    }

    /// A worker that was woken has something to do, and the next may be woken.
    pub(super) fn has_found_work(&self) {
        self.waking.store(false, Ordering::SeqCst);
    }

    /// Sleeps, as worker `index`, until woken, or at all only where `has_work`
    /// finds nothing. Returns whether it was woken for work.
    pub(super) fn sleep(&self, index: usize, was_woken: bool, has_work: impl Fn() -> bool) -> bool {
        let _set_once = self.threads[index].get_or_init(thread::current);
        let mut sleepers = self.lock();
        sleepers.push(index);
        self.count.store(sleepers.len(), Ordering::SeqCst);
        drop(sleepers);
        if was_woken {
            self.waking.store(false, Ordering::SeqCst);
        }
        if self.is_stopped() || (has_work() && self.rise(index)) {
            return false;
        }
        while self.lock().contains(&index) {
            if self.is_stopped() {
                return false;
            }
            thread::park();
        }
        true
    }

    /// Takes a worker off the list; false where it is being woken.
    fn rise(&self, index: usize) -> bool {
        let mut sleepers = self.lock();
        let before = sleepers.len();
        sleepers.retain(|sleeper| *sleeper != index);
        self.count.store(sleepers.len(), Ordering::SeqCst);
        sleepers.len() < before
    }

    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    /// Ends all sleep for good.
    pub(super) fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        for index in 0..self.threads.len() {
            self.unpark(index);
        }
    }

    fn unpark(&self, index: usize) {
        // One that has never slept sees for itself that it is stopped.
        if let Some(thread) = self.threads[index].get() {
            thread.unpark();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<usize>> {
        self.sleepers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
