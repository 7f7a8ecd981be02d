//! Looking at processes from outside, without stopping any.
//!
//! One process is read under its own lock, so its view is consistent. Two
//! processes are read one after the other, so their views may never have been
//! true at one moment. A process that comes or goes meanwhile may be missing;
//! no process is seen twice.

use super::Kernel;
use crate::scan::Scan;
use crate::totals::Totals;

impl Kernel {
    /// Iterates over all processes that have not exited, in no order. The scan
    /// reads the table a part at a time: a spawn or an exit waits for one part
    /// at most.
    pub fn scan(&self) -> Scan<'_> {
        Scan::new(&self.table)
    }

    /// Returns the numbers of processes, by their end.
    pub fn totals(&self) -> Totals {
        self.counts.totals()
    }
}
