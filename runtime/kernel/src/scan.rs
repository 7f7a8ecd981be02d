//! The scan of the process table.

use std::fmt;

use crate::process::Process;
use crate::sync::Arc;
use crate::table::Table;

/// The processes of a kernel, one part of the table after the other; see
/// [`Kernel::scan`](crate::Kernel::scan). No lock is held between two items.
pub struct Scan<'a> {
    table: &'a Table,
    /// The next part to read.
    part: usize,
    read: Vec<Arc<Process>>,
}

impl<'a> Scan<'a> {
    pub(crate) fn new(table: &'a Table) -> Self {
        Scan {
            table,
            part: 0,
            read: Vec::new(),
        }
    }
}

impl Iterator for Scan<'_> {
    type Item = Arc<Process>;

    fn next(&mut self) -> Option<Arc<Process>> {
        loop {
            if let Some(process) = self.read.pop() {
                return Some(process);
            }
            if !self.table.read_part(self.part, &mut self.read) {
                return None;
            }
            self.part += 1;
        }
    }
}

impl fmt::Debug for Scan<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scan")
            .field("part", &self.part)
            .finish_non_exhaustive()
    }
}
