//! Work that may block, on the threads that tokio has for it.

use tokio::runtime::Handle;
use tokio::task::JoinHandle;

use crate::sched::cores;

/// Runs work on a thread that may block. If a worker asks for the work, the thread does not
/// take the core of another worker for it.
pub(crate) fn spawn<T: Send + 'static>(
    tokio: &Handle,
    work: impl FnOnce() -> T + Send + 'static,
) -> JoinHandle<T> {
    let worker = cores::of_this_worker();
    tokio.spawn_blocking(move || {
        if let Some(worker) = worker {
            cores::follow(worker);
        }
        work()
    })
}
