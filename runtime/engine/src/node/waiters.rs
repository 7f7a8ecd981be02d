//! Waits of the embedder for the ends of processes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::sync::oneshot;
use warren_kernel::Pid;

use crate::guest::ProcessEnd;

/// All waiters of a node. A process without waiters costs one load at its
/// end.
#[derive(Default)]
pub(crate) struct Waiters {
    /// The number of awaited processes, read without taking the lock.
    awaited: AtomicUsize,
    last: AtomicU64,
    by_pid: Mutex<HashMap<Pid, Vec<Waiter>>>,
}

struct Waiter {
    number: u64,
    sender: oneshot::Sender<ProcessEnd>,
}

impl Waiters {
    /// Adds a wait for the end of a process. `has_exited` tells if the process has exited.
    /// Returns `None` if it exited before.
    pub(crate) fn add(
        &self,
        pid: Pid,
        has_exited: impl Fn() -> bool,
    ) -> Option<oneshot::Receiver<ProcessEnd>> {
        let (sender, receiver) = oneshot::channel();
        let number = self.last.fetch_add(1, Ordering::Relaxed);
        {
            let mut by_pid = self.by_pid.lock();
            let waiters = by_pid.entry(pid).or_default();
            // Removes waiters whose receiver was dropped.
            waiters.retain(|waiter| !waiter.sender.is_closed());
            waiters.push(Waiter { number, sender });
            self.awaited.store(by_pid.len(), Ordering::SeqCst);
        }
        // A process exits first and tells its waiters afterwards. A waiter
        // that was in the list before the exit is told. A later one may never be
        // told, so it leaves the list.
        let too_late = has_exited() && self.leave(pid, number);
        (!too_late).then_some(receiver)
    }

    /// Tells the waiters of a process how it ended.
    pub(crate) fn tell(&self, pid: Pid, end: &ProcessEnd) {
        for waiter in self.take(pid) {
            // Fails only if the receiver was dropped.
            let _ = waiter.sender.send(end.clone());
        }
    }

    /// Removes a waiter; returns true if it was still in the list.
    fn leave(&self, pid: Pid, number: u64) -> bool {
        let mut by_pid = self.by_pid.lock();
        let Some(waiters) = by_pid.get_mut(&pid) else {
            return false;
        };
        let before = waiters.len();
        waiters.retain(|waiter| waiter.number != number);
        let was_there = waiters.len() < before;
        if waiters.is_empty() {
            by_pid.remove(&pid);
        }
        self.awaited.store(by_pid.len(), Ordering::SeqCst);
        was_there
    }

    fn take(&self, pid: Pid) -> Vec<Waiter> {
        if self.awaited.load(Ordering::SeqCst) == 0 {
            return Vec::new();
        }
        let mut by_pid = self.by_pid.lock();
        let waiters = by_pid.remove(&pid).unwrap_or_default();
        self.awaited.store(by_pid.len(), Ordering::SeqCst);
        waiters
    }
}
