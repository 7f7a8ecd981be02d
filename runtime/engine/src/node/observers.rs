//! Who among the embedder waits for the ends of processes it did not start.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use warren_kernel::Pid;

use crate::guest::Ended;

/// Told at the end of each process; costs those that nobody observes one load.
#[derive(Default)]
pub(crate) struct Observers {
    /// Observed processes, to be read without the lock.
    observed: AtomicUsize,
    last: AtomicU64,
    by_pid: Mutex<HashMap<Pid, Vec<Observer>>>,
}

struct Observer {
    number: u64,
    sender: oneshot::Sender<Ended>,
}

impl Observers {
    /// Waits for the end of a process, which `has_exited` tells of. None where
    /// it had ended before.
    pub(crate) fn observe(
        &self,
        pid: Pid,
        has_exited: impl Fn() -> bool,
    ) -> Option<oneshot::Receiver<Ended>> {
        let (sender, receiver) = oneshot::channel();
        let number = self.last.fetch_add(1, Ordering::Relaxed);
        {
            let mut by_pid = self.lock();
            let observers = by_pid.entry(pid).or_default();
            // Those nobody waits for any more make room.
            observers.retain(|observer| !observer.sender.is_closed());
            observers.push(Observer { number, sender });
            self.observed.store(by_pid.len(), Ordering::SeqCst);
        }
        // A process exits first and tells afterwards: who is in the list before
        // the exit is told. Who came later may have come too late, and is in
        // the list for ever.
        let too_late = has_exited() && self.leave(pid, number);
        (!too_late).then_some(receiver)
    }

    /// Passes on how a process ended.
    pub(crate) fn tell(&self, pid: Pid, ended: &Ended) {
        for observer in self.take(pid) {
            // Whoever waited may have lost interest.
            let _ = observer.sender.send(ended.clone());
        }
    }

    /// Whether this one was still in the list.
    fn leave(&self, pid: Pid, number: u64) -> bool {
        let mut by_pid = self.lock();
        let Some(observers) = by_pid.get_mut(&pid) else {
            return false;
        };
        let before = observers.len();
        observers.retain(|observer| observer.number != number);
        let was_there = observers.len() < before;
        if observers.is_empty() {
            by_pid.remove(&pid);
        }
        self.observed.store(by_pid.len(), Ordering::SeqCst);
        was_there
    }

    fn take(&self, pid: Pid) -> Vec<Observer> {
        if self.observed.load(Ordering::SeqCst) == 0 {
            return Vec::new();
        }
        let mut by_pid = self.lock();
        let observers = by_pid.remove(&pid).unwrap_or_default();
        self.observed.store(by_pid.len(), Ordering::SeqCst);
        observers
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Pid, Vec<Observer>>> {
        self.by_pid.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
