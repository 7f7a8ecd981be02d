//! Waits of processes for other nodes.

use std::collections::HashMap;
use std::sync::Weak;

use parking_lot::Mutex;
use tokio::task::AbortHandle;
use warren_kernel::{Subscription, Work};

/// A wait for another node. Ends with its outcome, or when its caller gives it up.
#[derive(Debug, Default)]
pub(super) struct FarWork(Mutex<Given>);

#[derive(Debug, Default)]
struct Given {
    task: Option<AbortHandle>,
    is_up: bool,
}

impl FarWork {
    pub(super) fn hold(&self, task: AbortHandle) {
        let mut given = self.0.lock();
        if given.is_up {
            task.abort();
        }
        given.task = Some(task);
    }
}

impl Work for FarWork {
    /// Drops the request, which terminates the process of an exec.
    fn stop(&self) {
        let mut given = self.0.lock();
        given.is_up = true;
        if let Some(task) = given.task.take() {
            task.abort();
        }
    }
}

/// The watches of one process on processes of other nodes, by PID.
#[derive(Debug, Default)]
pub(super) struct FarWatches(Mutex<HashMap<Box<str>, FarWatch>>);

/// A watch: the subscription that brings the end, and its work.
type FarWatch = (Subscription, Weak<FarWork>);

/// Watches beyond which those that have ended are forgotten.
const MANY: usize = 64;

impl FarWatches {
    /// Returns the watch of a process that goes on.
    pub(super) fn find(&self, pid: &str) -> Option<Subscription> {
        let watches = self.0.lock();
        let (subscription, work) = watches.get(pid)?;
        let goes_on = work.upgrade().is_some_and(|work| !work.0.lock().is_up);
        goes_on.then_some(*subscription)
    }

    pub(super) fn add(&self, pid: &str, subscription: Subscription, work: Weak<FarWork>) {
        let mut watches = self.0.lock();
        if watches.len() >= MANY {
            watches.retain(|_, (_, work)| work.strong_count() > 0);
        }
        watches.insert(pid.into(), (subscription, work));
    }
}
