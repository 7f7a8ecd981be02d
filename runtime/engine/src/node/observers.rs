//! Observers: waits of the embedder for the ends of processes.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;
use warren_kernel::Pid;

use crate::guest::Ended;

/// All observers of a node. For a process without observers the cost is one load at
/// its end.
#[derive(Default)]
pub(crate) struct Observers {
    /// The number of observed processes, read without taking the lock.
    observed: AtomicUsize,
    last: AtomicU64,
    by_pid: Mutex<HashMap<Pid, Vec<Observer>>>,
}

struct Observer {
    number: u64,
    sender: oneshot::Sender<Ended>,
}

impl Observers {
    /// Observes the end of a process. `has_exited` tells if the process has exited.
    /// Returns `None` if it exited before.
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
            // Removes observers whose receiver was dropped.
            observers.retain(|observer| !observer.sender.is_closed());
            observers.push(Observer { number, sender });
            self.observed.store(by_pid.len(), Ordering::SeqCst);
        }
        // A process exits first and tells its observers afterwards. An observer
        // that was in the list before the exit is told. A later one may never be
        // told, so it leaves the list.
        let too_late = has_exited() && self.leave(pid, number);
        (!too_late).then_some(receiver)
    }

    /// Tells the observers of a process how it ended.
    pub(crate) fn tell(&self, pid: Pid, ended: &Ended) {
        for observer in self.take(pid) {
            // Fails only if the receiver was dropped.
            let _ = observer.sender.send(ended.clone());
        }
    }

    /// Removes an observer; returns true if it was still in the list.
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
