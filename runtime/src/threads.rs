//! The threads processes run on.

use std::io;

/// A tokio runtime set up for processes that compute and processes that
/// answer, side by side: after every task it looks for processes woken from
/// elsewhere, such as by their deadlines. One worker for each core.
///
/// # Errors
///
/// The operating system's, where it gives no threads.
pub fn threads() -> io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .global_queue_interval(1)
        .thread_name("warren-worker")
        .build()
}
