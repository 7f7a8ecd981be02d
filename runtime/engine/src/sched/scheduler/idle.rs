//! The sleep of workers without a task, and their waking.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::{self, Thread};

use parking_lot::Mutex;

/// The workers that sleep. At most one at a time is on its way from sleep to a task:
/// if there is more to do, it wakes the next.
///
/// No task from elsewhere is missed. The thread that adds it checks for sleepers
/// afterwards. A worker checks for tasks after it has listed itself as a sleeper. All
/// accesses to both are in one order (`SeqCst`, in crossbeam's `Injector` too). A task
/// in the lane of a worker may be missed, and that worker checks for sleepers again at
/// its next task.
pub(super) struct Idle {
    threads: Box<[OnceLock<Thread>]>,
    /// The length of `sleepers`, readable without the lock.
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

    /// Returns true if a worker sleeps or is on its way to a task.
    pub(super) fn has_another(&self) -> bool {
        self.waking.load(Ordering::SeqCst) || self.count.load(Ordering::SeqCst) != 0
    }

    #[cold]
    fn wake(&self) {
        if self.waking.swap(true, Ordering::SeqCst) {
            return;
        }
        let mut sleepers = self.sleepers.lock();
        let woken = sleepers.pop();
        self.count.store(sleepers.len(), Ordering::SeqCst);
        drop(sleepers);
        match woken {
            Some(index) => self.unpark(index),
            None => self.waking.store(false, Ordering::SeqCst),
        }
    }

    /// Notes that the woken worker has found a task: the next one may be woken.
    pub(super) fn has_found_work(&self) {
        self.waking.store(false, Ordering::SeqCst);
    }

    /// Sleeps, as worker `index`, until woken; does not sleep if `has_work` returns
    /// true. Returns true if it was woken for work.
    pub(super) fn sleep(&self, index: usize, was_woken: bool, has_work: impl Fn() -> bool) -> bool {
        let _set_once = self.threads[index].get_or_init(thread::current);
        let mut sleepers = self.sleepers.lock();
        sleepers.push(index);
        self.count.store(sleepers.len(), Ordering::SeqCst);
        drop(sleepers);
        if was_woken {
            self.waking.store(false, Ordering::SeqCst);
        }
        if self.is_stopped() || (has_work() && self.rise(index)) {
            return false;
        }
        while self.sleepers.lock().contains(&index) {
            if self.is_stopped() {
                return false;
            }
            thread::park();
        }
        true
    }

    /// Takes a worker off the list. Returns false if it is being woken already.
    fn rise(&self, index: usize) -> bool {
        let mut sleepers = self.sleepers.lock();
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
        // A worker that has never slept sees by itself that it is stopped.
        if let Some(thread) = self.threads[index].get() {
            thread.unpark();
        }
    }
}
