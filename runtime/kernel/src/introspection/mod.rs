//! Looking at processes from outside, without stopping any.
//!
//! What is read of one process is read under its own lock, so it belongs
//! together; two processes are read one after the other, so what is seen of
//! them may never have been true at one moment. A process that comes or goes
//! meanwhile may be missing; no process is seen twice.

mod scan;
mod view;

pub use scan::Scan;
pub use view::{Activity, Origin, Peers, QueueLabel, QueueView, Summary, View};

use crate::kernel::Kernel;
use crate::sync::atomic::{AtomicU64, Ordering};

/// How many processes there were, by their end. Only grows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Processes that were started.
    pub spawned: u64,
    /// Those that returned.
    pub returned: u64,
    /// Those that failed by themselves.
    pub failed: u64,
    /// Those that were terminated.
    pub terminated: u64,
    /// Those that ended with a linked process.
    pub linked: u64,
}

/// How a process came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Returned,
    Failed,
    Terminated,
    Linked,
}

/// [`Totals`], while they grow.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    spawned: AtomicU64,
    ended: [AtomicU64; 4],
}

impl Counts {
    pub(crate) fn has_spawned(&self) {
        self.spawned.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn has_ended(&self, how: Ending) {
        self.ended[how as usize].fetch_add(1, Ordering::Relaxed);
    }

    fn totals(&self) -> Totals {
        let ended = |how: Ending| self.ended[how as usize].load(Ordering::Relaxed);
        Totals {
            returned: ended(Ending::Returned),
            failed: ended(Ending::Failed),
            terminated: ended(Ending::Terminated),
            linked: ended(Ending::Linked),
            // Last: never less than those that ended.
            spawned: self.spawned.load(Ordering::Relaxed),
        }
    }
}

impl Kernel {
    /// All processes that have not exited, in no order, taken from the table a
    /// part at a time: whoever spawns or exits waits for one part at most.
    pub fn scan(&self) -> Scan<'_> {
        Scan::new(self.table())
    }

    /// How many processes there were.
    pub fn totals(&self) -> Totals {
        self.counts().totals()
    }
}
