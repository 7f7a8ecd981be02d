//! The messages that a program never reads.

use super::Inspector;
use crate::values::Pid;

impl Inspector {
    /// Begins to count the messages that wait now and are never read, see
    /// [`Inspector::unread`]. Forgets an earlier count.
    pub fn count_unread(&self) {
        self.node.kernel().count_unread();
    }

    /// Returns the processes that have ended since [`Inspector::count_unread`] without
    /// having read all messages that waited then, with the number of these, by PID.
    pub fn unread(&self) -> Vec<(Pid, usize)> {
        let unread = self.node.kernel().unread().into_iter();
        unread
            .map(|(pid, messages)| (Pid::from(&pid), messages))
            .collect()
    }
}
