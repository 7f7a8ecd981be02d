//! The threads processes run on.

use std::io;

use tokio::runtime::{Builder, Runtime};

/// A tokio runtime set up for processes that compute and processes that
/// answer, side by side: it looks for messages and timers after every task. One
/// worker for each core.
///
/// With tokio's usual setting, a process that waits for a timer beside two that
/// compute waits for up to 61 of their slices.
///
/// # Errors
///
/// The operating system's, where it gives no threads.
pub fn threads() -> io::Result<Runtime> {
    builder().build()
}

/// The same with so many workers, at least one.
///
/// # Errors
///
/// As for [`threads`].
pub fn threads_of(workers: usize) -> io::Result<Runtime> {
    builder().worker_threads(workers.max(1)).build()
}

fn builder() -> Builder {
    let mut builder = Builder::new_multi_thread();
    builder
        .enable_all()
        .event_interval(1)
        .thread_name("warren-worker");
    builder
}
