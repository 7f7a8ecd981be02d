//! Looking at processes from outside, without stopping any.
//!
//! One process is read under its own lock, so its view is consistent. Two
//! processes are read one after the other, so their views may never have been
//! true at one moment. A process that comes or goes meanwhile may be missing;
//! no process is seen twice.

use super::Kernel;
use crate::scan::Scan;
use crate::sync::Arc;
use crate::totals::Totals;

impl Kernel {
    /// Iterates over all processes that have not exited, in no order. The scan
    /// reads the table a part at a time: a spawn or an exit waits for one part
    /// at most.
    pub fn scan(&self) -> Scan<'_> {
        Scan::new(&self.table)
    }

    /// Begins to count the messages that wait now and are never read, see
    /// [`Kernel::unread`]. Forgets an earlier count.
    pub fn count_unread(&self) {
        self.unread.begin(self.scan());
    }

    /// Returns the processes that have ended since [`Kernel::count_unread`] without having
    /// read all messages that waited then, with the number of these, by PID.
    pub fn unread(&self) -> Vec<(Arc<str>, usize)> {
        self.unread.lost()
    }

    /// Returns the numbers of processes, by their end.
    pub fn totals(&self) -> Totals {
        self.counts.totals()
    }
}
