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

/// A watch. The kernel knows it as the watching process does, by its subscription.
struct Watch {
    watcher: Arc<Process>,
    /// The watched process, and the subscription of the watch. Set when both are known.
    bound: OnceLock<(Pid, Subscription)>,
    watches: Weak<Watches>,
}

/// A watch of a process that does not exist yet. Ends with [`NewWatch::of`] or
/// [`NewWatch::give_up`].
pub(crate) struct NewWatch {
    watches: Arc<Watches>,
    watch: Arc<Watch>,
    subscription: Subscription,
}

impl NewWatch {
    /// Watches a process that cannot have ended yet: its task has not begun.
    pub(crate) fn of(self, target: Pid) -> Subscription {
        // Set once, here.
        let _ = self.watch.bound.set((target, self.subscription));
        self.watches.change(|by_target| {
            let watches = by_target.entry(target).or_default();
            watches.insert(self.watch.watcher.pid(), Arc::clone(&self.watch));
        });
        self.subscription
    }

    /// Ends the subscription: the process was not made.
    pub(crate) fn give_up(&self) {
        self.watch.watcher.abandon_exec(self.subscription);
    }
}

impl Watches {
    /// Reserves the subscription of a watch, whose process is made afterwards.
    ///
    /// # Errors
    ///
    /// Those of [`Process::begin_watch`].
    pub(crate) fn prepare(self: &Arc<Self>, watcher: &Arc<Process>) -> Result<NewWatch, Error> {
        let watch = Arc::new(Watch {
            watcher: Arc::clone(watcher),
            bound: OnceLock::new(),
            watches: Arc::downgrade(self),
        });
        let awaited: Weak<Watch> = Arc::downgrade(&watch);
        let subscription = watcher.begin_watch(awaited)?;
        Ok(NewWatch {
            watches: Arc::clone(self),
            watch,
            subscription,
        })
    }

    /// Begins a watch of a process, or returns the one that there is.
    ///
    /// # Errors
    ///
    /// `NotFound` if the target has ended, and those of [`Process::begin_watch`].
    pub(super) fn begin(
        self: &Arc<Self>,
        watcher: &Arc<Process>,
        target: &Process,
    ) -> Result<Subscription, Error> {
        if let Some(subscription) = self.of_pair(watcher.pid(), target.pid()) {
            return Ok(subscription);
        }
        let prepared = self.prepare(watcher)?;
        let watch = Arc::clone(&prepared.watch);
        let subscription = prepared.of(target.pid());
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
            if let Some((_, subscription)) = watch.bound.get() {
                watch.watcher.finish_work(*subscription, outcome);
            }
        }
    }

    fn of_pair(&self, watcher: Pid, target: Pid) -> Option<Subscription> {
        let by_target = self.by_target.lock();
        let (_, subscription) = by_target.get(&target)?.get(&watcher)?.bound.get()?;
        Some(*subscription)
    }

    /// Removes a watch; returns true if it was still there.
    fn remove(&self, watch: &Watch) -> bool {
        let Some((target, _)) = watch.bound.get() else {
            return false;
        };
        self.change(|by_target| {
            let Some(watches) = by_target.get_mut(target) else {
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
                by_target.remove(target);
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
            .field("bound", &self.bound)
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
