//! A job that waits for the thread that writes to a database.

use rusqlite::Connection;
use warren_kernel::Error;

/// A job of a group.
pub(super) trait Write: Send {
    /// Makes the changes, within the transaction of the group.
    fn run(&mut self, connection: &Connection);

    /// Answers, after the commit of the group or its failure.
    fn answer(self: Box<Self>, committed: Result<(), &Error>);

    /// Names the job in tests.
    #[cfg(test)]
    fn number(&self) -> usize {
        0
    }
}
