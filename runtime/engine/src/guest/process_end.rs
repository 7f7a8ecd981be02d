//! The end of a process.

use std::sync::Arc;

use warren_kernel::Outcome;

/// The end of a process, as the node reports it.
#[derive(Clone, Debug)]
pub struct ProcessEnd {
    /// The result or error of the process.
    pub outcome: Arc<Outcome>,
    /// The status that the process passed to `program.exit`; absent if the process
    /// ended otherwise.
    pub status: Option<i32>,
}
