//! Watches: waits of a process for the end of another one, as for the outcome of an exec.
//!
//! A monitor tells its process by an event. A watch has a queue of its own, so that a
//! library can wait for the end of a process whatever the program does with its events.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock, Weak};

use parking_lot::Mutex;
use rmpv::Value;
use warren_kernel::{Error, Outcome, Pid, Process, Subscription, Work};

use super::capability::{Called, are_values};
use super::{Guest, process_of};
use crate::capability::AT_ONCE;
use crate::codec::{self, reader};
use crate::operand::NAME;
use crate::security::{Action, Refusal};

/// The operation that begins a watch.
pub(super) const WATCH: &str = "process.watch";
/// The operation that ends a watch or an exec before the outcome.
pub(super) const ABANDON: &str = "process.abandon";

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

impl Guest {
    /// Begins to watch a process. The subscription yields the outcome of the process,
    /// once; a second watch of the process is the first.
    ///
    /// # Errors
    ///
    /// `NotFound` for an absent process, `Invalid` for this process, `PermissionDenied`
    /// as for a monitor, and those of [`Process::begin_work`].
    pub(super) fn watch(&mut self, request: &[u8]) -> Result<Called, Refusal> {
        let target = self.shared.kernel.resolve(destination(request)?)?;
        self.rights.permit(Action::Monitor, &target)?;
        let process = process_of(&self.purpose)?;
        if process.pid() == target.pid() {
            return Err(Error::invalid("a process cannot watch itself").into());
        }
        let subscription = self.shared.watches.begin(process, &target)?;
        Ok(Called::Handle(subscription))
    }

    /// Ends the subscription of an exec, of work or of a watch before its outcome. A callee
    /// that still runs is terminated, and work is stopped.
    ///
    /// # Errors
    ///
    /// `Invalid` if the request is not the number of a subscription.
    pub(super) fn abandon(&mut self, request: &[u8]) -> Result<Called, Refusal> {
        let process = process_of(&self.purpose)?;
        let number = match codec::read(request) {
            _ if request.len() > AT_ONCE => None,
            Ok(Value::Array(arguments)) => arguments.first().and_then(Value::as_u64),
            _ => None,
        };
        let number = number.and_then(|number| u32::try_from(number).ok());
        let number = number.ok_or_else(|| Error::invalid("the subscription is not a number"))?;
        process.abandon_exec(Subscription(number));
        Ok(Called::Answer(TRUE.to_vec()))
    }
}

/// The encoded value true.
const TRUE: &[u8] = &[0xc3];

/// Returns the destination that is the only argument of a request.
fn destination(request: &[u8]) -> Result<&str, Error> {
    // The name of a destination is far shorter.
    let missing = || Error::invalid("destination is missing or not text");
    if request.len() > AT_ONCE {
        return Err(missing());
    }
    are_values(request)?;
    let arguments = reader::elements(request);
    let target = arguments.and_then(|mut arguments| reader::text(arguments.next()?));
    let target = target.ok_or_else(missing)?;
    NAME.check("destination", target.len())?;
    Ok(target)
}

impl Watches {
    fn begin(
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
