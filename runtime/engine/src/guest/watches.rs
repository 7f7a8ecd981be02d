//! Watches: waits of a process for the end of another one, as for the outcome of an exec.
//!
//! A monitor tells its process by an event. A watch has a queue of its own, so that a
//! library can wait for the end of a process whatever the program does with its events.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use parking_lot::Mutex;
use warren_kernel::{Error, Outcome, Pid, Process, Subscription, Work};

/// The watches of a node. The end of a process that nobody watches costs one load.
#[derive(Default)]
pub(crate) struct Watches {
    /// The number of watched processes, read without taking the lock.
    watched: AtomicUsize,
    /// The watches by the watched process and the watching one.
    by_target: Mutex<HashMap<Pid, HashMap<Pid, Arc<Watch>>>>,
}

/// A watch. The watching process knows it as work that it waits for.
struct Watch {
    target: Pid,
    watcher: Arc<Process>,
    subscription: OnceLock<Subscription>,
    watches: Weak<Watches>,
}

impl Watches {
    /// Begins a watch, or returns the one that there is.
    ///
    /// # Errors
    ///
    /// `NotFound` if the target has ended, and those of [`Process::begin_work`].
    pub(super) fn begin(
        self: &Arc<Self>,
        watcher: &Arc<Process>,
        target: &Process,
    ) -> Result<Subscription, Error> {
        if let Some(subscription) = self.of_pair(watcher.pid(), target.pid()) {
            return Ok(subscription);
        }
        let watch = Arc::new(Watch {
            target: target.pid(),
            watcher: Arc::clone(watcher),
            subscription: OnceLock::new(),
            watches: Arc::downgrade(self),
        });
        let awaited: Weak<Watch> = Arc::downgrade(&watch);
        let subscription = watcher.begin_work(awaited, 0)?;
        // Set once, here.
        let _ = watch.subscription.set(subscription);
        self.change(|by_target| {
            let watches = by_target.entry(target.pid()).or_default();
            watches.insert(watcher.pid(), Arc::clone(&watch));
        });
        // A process exits first and tells its watches afterwards. A watch that was there
        // before the exit is told. A later one may never be told, and is taken back.
        if target.has_exited() && self.remove(&watch) {
            watcher.abandon_exec(subscription);
            let gone = format!("process not found: {}", target.text());
            return Err(Error::not_found(gone));
        }
        Ok(subscription)
    }

    /// Tells the watches of a process how it ended, after its last message was sent.
    pub(crate) fn tell(&self, ended: Pid, outcome: &Arc<Outcome>) {
        if self.watched.load(Ordering::SeqCst) == 0 {
            return;
        }
        let watches = self.change(|by_target| by_target.remove(&ended));
        for watch in watches.into_iter().flat_map(HashMap::into_values) {
            if let Some(subscription) = watch.subscription.get() {
                watch.watcher.finish_work(*subscription, outcome);
            }
        }
    }

    fn of_pair(&self, watcher: Pid, target: Pid) -> Option<Subscription> {
        let by_target = self.by_target.lock();
        by_target
            .get(&target)?
            .get(&watcher)?
            .subscription
            .get()
            .copied()
    }

    /// Removes a watch; returns true if it was still there.
    fn remove(&self, watch: &Watch) -> bool {
        self.change(|by_target| {
            let Some(watches) = by_target.get_mut(&watch.target) else {
                return false;
            };
            let watcher = watch.watcher.pid();
            let is_there = watches
                .get(&watcher)
                .is_some_and(|known| std::ptr::eq(&**known, watch));
            if is_there {
                watches.remove(&watcher);
            }
            if watches.is_empty() {
                by_target.remove(&watch.target);
            }
            is_there
        })
    }

    fn change<T>(
        &self,
        change: impl FnOnce(&mut HashMap<Pid, HashMap<Pid, Arc<Watch>>>) -> T,
    ) -> T {
        let mut by_target = self.by_target.lock();
        let result = change(&mut by_target);
        self.watched.store(by_target.len(), Ordering::SeqCst);
        result
    }
}

impl std::fmt::Debug for Watch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Watch")
            .field("target", &self.target)
            .field("watcher", &self.watcher.pid())
            .finish_non_exhaustive()
    }
}

impl Work for Watch {
    fn stop(&self) {
        if let Some(watches) = self.watches.upgrade() {
            watches.remove(self);
        }
    }
}
