//! The tasks that were woken from outside the workers: a queue for each host.
//!
//! With one queue for all hosts, a process whose timer rings would wait for every process
//! of another host that was woken before.

use std::cell::Cell;
use std::sync::atomic::{AtomicU64, Ordering};

use crossbeam_deque::{Injector, Steal};

use super::Runnable;
use super::lanes::{InUse, MOST, next_after};

pub(super) struct Injected {
    queues: Box<[Injector<Runnable>]>,
    in_use: InUse,
    /// A bit for each queue that may have tasks. The bit is set after a task is added. It
    /// is cleared before the queue is checked once more, so no task is forgotten.
    busy: AtomicU64,
}

impl Injected {
    pub(super) fn new(in_use: &InUse) -> Injected {
        Injected {
            queues: (0..MOST).map(|_| Injector::new()).collect(),
            in_use: in_use.clone(),
            busy: AtomicU64::new(0),
        }
    }

    /// Returns true if no task waits.
    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.busy() == 0
    }

    /// Returns a bit for each host that may have tasks.
    #[inline]
    pub(super) fn busy(&self) -> u64 {
        self.busy.load(Ordering::SeqCst)
    }

    /// Returns the number of tasks.
    pub(super) fn len(&self) -> usize {
        let in_use = self.queues.iter().take(self.in_use.get());
        in_use.map(Injector::len).sum()
    }

    pub(super) fn push(&self, runnable: Runnable) {
        let lane = runnable.metadata().lane % self.in_use.get();
        self.queues[lane].push(runnable);
        self.mark_busy(lane);
    }

    /// Takes the next task of the first of these hosts after `turn`, and sets `turn` to
    /// that host. `hosts` has a bit for each of them.
    pub(super) fn take(&self, hosts: u64, turn: &Cell<usize>) -> Option<Runnable> {
        loop {
            let lane = next_after(turn.get(), self.busy() & hosts)?;
            turn.set(lane);
            let taken = self.pop(lane);
            if taken.is_some() {
                return taken;
            }
        }
    }

    /// Takes the next task of a host.
    pub(super) fn pop(&self, lane: usize) -> Option<Runnable> {
        let queue = self.queues.get(lane)?;
        let taken = loop {
            match queue.steal() {
                Steal::Success(runnable) => break Some(runnable),
                Steal::Empty => break None,
                Steal::Retry => {}
            }
        };
        if queue.is_empty() {
            self.busy.fetch_and(!(1 << lane), Ordering::SeqCst);
            if !queue.is_empty() {
                self.mark_busy(lane);
            }
        }
        taken
    }

    fn mark_busy(&self, lane: usize) {
        // A load costs less than a write to a cache line that all workers read.
        if self.busy() & 1 << lane == 0 {
            self.busy.fetch_or(1 << lane, Ordering::SeqCst);
        }
    }
}
