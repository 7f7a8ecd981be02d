//! Runs the tasks of processes, on one worker thread for each core.
//!
//! Made for tasks that mostly answer one another, and that run for a slice of
//! 250 us at most:
//!
//! - Who is woken by a task runs next on the same worker, while the message is
//!   in its cache. A pair that talks never touches a queue, and wakes no other
//!   worker, as tokio's scheduler would after every third message.
//! - Everyone else queues at the worker that woke them, in a lane for each host:
//!   the hosts have turns, so that many processes of one do not hold up those of
//!   another. While others queue, a
//!   worker that sleeps is woken, which takes half of them.
//! - Who is woken from elsewhere (a timer, the embedder) waits in a queue of all
//!   workers. A worker that sleeps is woken for it and has half a millisecond to
//!   come; then, or where none sleeps, it is next wherever a task ends its turn.
//!   After each of them one of the worker's own goes first.
//!
//! The queues are those of crossbeam, the states of a task those of async-task.

mod idle;
mod lanes;
mod patience;
mod worker;

use std::future::Future;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use async_task::{Builder, ScheduleInfo, Task, WithInfo};
use crossbeam_deque::{Injector, Steal, Stealer};
use tokio::runtime::Handle;

use crate::sched::meter::Meter;
use idle::Idle;
use lanes::Lanes;

/// The workers. Dropping it stops them, each after the task it runs, and drops
/// the tasks that are queued: there are none where each task keeps what owns
/// the scheduler.
pub(crate) struct Scheduler {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// A task that is to run. It knows whose it is: a schedule function that held that
/// itself would have async-task count references at every turn.
type Runnable = async_task::Runnable<Tag>;

/// What a task knows.
struct Tag {
    shared: Arc<Shared>,
    /// The number of its host.
    lane: usize,
}

/// What all workers know.
struct Shared {
    /// For each worker, one for each of its lanes.
    stealers: Box<[Box<[Stealer<Runnable>]>]>,
    /// Tasks that were woken from outside the workers.
    injected: Injector<Runnable>,
    idle: Idle,
    meter: Arc<Meter>,
}

impl Scheduler {
    /// Starts a thread for each worker of the meter, with this runtime around
    /// them for whatever tasks want of tokio, and lanes for so many hosts.
    ///
    /// # Errors
    ///
    /// The operating system's, where it gives no threads.
    pub(crate) fn start(
        meter: &Arc<Meter>,
        tokio: &Handle,
        hosts: usize,
    ) -> std::io::Result<Scheduler> {
        let workers = meter.workers();
        let lanes: Vec<_> = (0..workers.get()).map(|_| Lanes::new(hosts)).collect();
        let mut scheduler = Scheduler {
            shared: Arc::new(Shared {
                stealers: lanes.iter().map(Lanes::stealers).collect(),
                injected: Injector::new(),
                idle: Idle::new(workers.get()),
                meter: Arc::clone(meter),
            }),
            threads: Vec::with_capacity(workers.get()),
        };
        for (index, lanes) in lanes.into_iter().enumerate() {
            let (shared, tokio) = (Arc::clone(&scheduler.shared), tokio.clone());
            let thread = thread::Builder::new()
                .name("warren-worker".into())
                .spawn(move || {
                    let _inside = tokio.enter();
                    shared.meter.worker_starts(index);
                    worker::run(shared, index, lanes);
                })?;
            scheduler.threads.push(thread);
        }
        Ok(scheduler)
    }

    /// Tasks that wait for a worker.
    pub(crate) fn queued(&self) -> usize {
        let queues = self.shared.stealers.iter().flatten().map(Stealer::len);
        queues.sum::<usize>() + self.shared.injected.len()
    }

    /// Runs a task of the host of this number, to its end where that is detached,
    /// else as long as someone waits for it.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        host: usize,
        task: impl Future<Output = T> + Send + 'static,
    ) -> Task<T, impl Send + Sync> {
        let (runnable, task) = Builder::new()
            .metadata(Tag {
                shared: Arc::clone(&self.shared),
                lane: host,
            })
            .spawn(|_| task, WithInfo(schedule));
        runnable.schedule();
        task
    }
}

fn schedule(runnable: Runnable, info: ScheduleInfo) {
    if let Err(runnable) = worker::keep(runnable, info) {
        let shared = Arc::clone(&runnable.metadata().shared);
        shared.injected.push(runnable);
        shared.idle.wake_one();
    }
}

impl Shared {
    /// Takes a task that was woken from outside the workers.
    #[inline]
    fn take_injected(&self) -> Option<Runnable> {
        if self.injected.is_empty() {
            return None;
        }
        loop {
            match self.injected.steal() {
                Steal::Success(runnable) => return Some(runnable),
                Steal::Empty => return None,
                Steal::Retry => {}
            }
        }
    }

    /// Returns true if a task waits for a worker.
    fn has_work(&self) -> bool {
        !self.injected.is_empty()
            || self
                .stealers
                .iter()
                .flatten()
                .any(|queue| !queue.is_empty())
    }
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        self.shared.idle.stop();
        for thread in self.threads.drain(..) {
            // A worker itself drops it at the end of the last task.
            if thread.thread().id() != thread::current().id() {
                // Workers survive the panics of their tasks.
                let _ = thread.join();
            }
        }
        while self.shared.take_injected().is_some() {}
    }
}

#[cfg(test)]
mod tests;
