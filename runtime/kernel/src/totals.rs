//! Counts of the processes that were started and that ended.

use crate::sync::atomic::{AtomicU64, Ordering};

/// Numbers of processes, by their end. They only grow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Processes that were started.
    pub spawned: u64,
    /// Processes that returned.
    pub returned: u64,
    /// Processes that failed by themselves.
    pub failed: u64,
    /// Processes that were terminated.
    pub terminated: u64,
    /// Processes that ended with a linked process.
    pub linked: u64,
}

/// The way a process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    Returned,
    Failed,
    Terminated,
    Linked,
}

/// The growing counters behind [`Totals`].
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

    pub(crate) fn totals(&self) -> Totals {
        let ended = |how: Ending| self.ended[how as usize].load(Ordering::Relaxed);
        Totals {
            returned: ended(Ending::Returned),
            failed: ended(Ending::Failed),
            terminated: ended(Ending::Terminated),
            linked: ended(Ending::Linked),
            // Read last: never less than the processes that ended.
            spawned: self.spawned.load(Ordering::Relaxed),
        }
    }
}
