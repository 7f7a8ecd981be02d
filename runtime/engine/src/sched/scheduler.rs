//! Runs the tasks of processes, on one worker thread for each core.
//!
//! The scheduler is made for tasks that mostly answer one another, and that run for at
//! most a slice of 250 us:
//!
//! - A task that is woken by another task runs next on the same worker, while the
//!   message is in its cache. A pair that exchanges messages never touches a queue. It
//!   wakes no other worker, as tokio's scheduler would after every third message.
//! - If a task wakes several others, all but the last queue at its worker, in a lane for
//!   each host. A task that wakes many in its slice goes on for some slices, so that the
//!   woken ones find several messages each. The lanes take turns, so that many processes
//!   of one host do not hold up those of another. While tasks queue, a sleeping worker is
//!   woken, which takes half of a lane.
//! - A task that is woken from elsewhere (a timer, the embedder, a thread that waited for
//!   a disk) waits in a queue of its host, from which all workers take. A sleeping worker
//!   is woken for it and has half a millisecond to take it. After that time, or if no
//!   worker sleeps, the next worker that ends a task looks at it:
//!   - Tasks from elsewhere of the host that has the turn alternate with its other tasks.
//!   - Tasks of another host wait until the turn is over, and then have a turn of their
//!     own. A pair that exchanges messages would otherwise wait for a task of a stranger
//!     at each message.
//!   - Beside tasks that compute for whole slices, tasks of all hosts alternate with the
//!     worker's own: they come by one slice later instead of four.
//!   - A worker without tasks of its own takes one task of each host in turn, so that many
//!     timers of one host do not hold up those of another.
//!
//! The queues are those of crossbeam, the states of a task those of async-task.
//!
//! A run with a seed has a scheduler of its own behind the same functions ([`seeded`]).

mod burst;
mod idle;
mod injected;
mod lanes;
mod pace;
mod patience;
mod seeded;
mod turn;
mod worker;

use std::cell::Cell;
use std::future::Future;
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use async_task::{Builder, ScheduleInfo, Task, WithInfo};
use crossbeam_deque::Stealer;
use tokio::runtime::Handle;

use crate::sched::meter::Meter;
use crate::sched::simulation::Simulation;
use idle::Idle;
use injected::Injected;
use lanes::{InUse, Lanes};
use seeded::Seeded;

/// The workers. Dropping it stops each of them after its present task, and drops the
/// queued tasks. There are none if each task keeps the owner of the scheduler alive.
pub(crate) struct Scheduler {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// A task that is to run. Its tag holds the scheduler: a schedule function that held
/// it would make async-task count references at every poll.
type Runnable = async_task::Runnable<Tag>;

/// The scheduler and the lane of a task.
struct Tag {
    shared: Arc<Shared>,
    /// The lane of its host; in a run with a seed, the number of the task.
    lane: usize,
}

/// State that all workers share.
struct Shared {
    /// One stealer for each lane of each worker.
    stealers: Box<[Box<[Stealer<Runnable>]>]>,
    lanes_in_use: InUse,
    /// Tasks that were woken from outside the workers.
    injected: Injected,
    idle: Idle,
    meter: Arc<Meter>,
    /// The tasks of a run with a seed, in place of all other queues.
    seeded: Option<Box<Seeded>>,
}

impl Scheduler {
    /// Starts a thread for each worker of the meter, with lanes for this many hosts at
    /// first.
    /// The threads are inside the context of `tokio`, which tasks may use.
    ///
    /// # Errors
    ///
    /// An [`io::Error`](std::io::Error) if the operating system refuses a thread.
    pub(crate) fn start(
        meter: &Arc<Meter>,
        tokio: &Handle,
        hosts: usize,
    ) -> std::io::Result<Scheduler> {
        let workers = meter.workers();
        let in_use = InUse::new(hosts);
        let lanes: Vec<_> = (0..workers.get()).map(|_| Lanes::new(&in_use)).collect();
        let mut scheduler = Scheduler {
            shared: Arc::new(Shared {
                stealers: lanes.iter().map(Lanes::stealers).collect(),
                injected: Injected::new(&in_use),
                lanes_in_use: in_use,
                idle: Idle::new(workers.get()),
                meter: Arc::clone(meter),
                seeded: None,
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

    /// Starts the one worker of a run whose order of tasks a seed fixes.
    ///
    /// # Errors
    ///
    /// An [`io::Error`](std::io::Error) if the operating system refuses a thread.
    pub(crate) fn start_seeded(
        meter: &Arc<Meter>,
        tokio: &Handle,
        simulation: Arc<Simulation>,
    ) -> std::io::Result<Scheduler> {
        let in_use = InUse::new(1);
        let shared = Arc::new(Shared {
            stealers: Box::default(),
            injected: Injected::new(&in_use),
            lanes_in_use: in_use,
            idle: Idle::new(0),
            meter: Arc::clone(meter),
            seeded: Some(Box::new(Seeded::new(simulation))),
        });
        let (for_thread, tokio) = (Arc::clone(&shared), tokio.clone());
        let thread = thread::Builder::new()
            .name("warren-worker".into())
            .spawn(move || {
                let _inside = tokio.enter();
                for_thread.meter.worker_starts(0);
                seeded::run(&for_thread);
            })?;
        Ok(Scheduler {
            shared,
            threads: vec![thread],
        })
    }

    /// Wakes tasks. In a run with a seed, none runs before all are woken.
    pub(crate) fn wake_together(&self, wake: impl FnOnce()) {
        match &self.shared.seeded {
            Some(seeded) => seeded.together(wake),
            None => wake(),
        }
    }

    /// Returns the number of tasks that wait for a worker.
    pub(crate) fn queued(&self) -> usize {
        if let Some(seeded) = &self.shared.seeded {
            return seeded.queued();
        }
        let queues = self.shared.queues().map(Stealer::len);
        queues.sum::<usize>() + self.shared.injected.len()
    }

    /// Gives lanes to as many hosts. Further hosts share them, from the first lane on.
    pub(crate) fn grow(&self, hosts: usize) {
        self.shared.lanes_in_use.grow(hosts);
    }

    /// Runs a task of the host that has this lane. If the returned handle is dropped
    /// without `detach`, the task is cancelled.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        lane: usize,
        task: impl Future<Output = T> + Send + 'static,
    ) -> Task<T, impl Send + Sync> {
        let shared = Arc::clone(&self.shared);
        let (runnable, task) = match &self.shared.seeded {
            None => Builder::new()
                .metadata(Tag { shared, lane })
                .spawn(|_| task, WithInfo(schedule)),
            Some(seeded) => Builder::new()
                .metadata(Tag {
                    shared,
                    lane: seeded.number(),
                })
                .spawn(|_| task, WithInfo(seeded::schedule)),
        };
        runnable.schedule();
        task
    }
}

/// Notes that the task that runs on this thread has used up its slice. The task yields next.
pub(crate) fn slice_is_over() {
    worker::slice_is_over();
}

fn schedule(runnable: Runnable, info: ScheduleInfo) {
    if let Err(runnable) = worker::keep(runnable, info) {
        let shared = Arc::clone(&runnable.metadata().shared);
        shared.injected.push(runnable);
        shared.idle.wake_one();
    }
}

impl Shared {
    /// Returns true if a task waits for a worker.
    fn has_work(&self) -> bool {
        !self.injected.is_empty() || self.queues().any(|queue| !queue.is_empty())
    }

    /// Iterates over the lanes in use of all workers.
    fn queues(&self) -> impl Iterator<Item = &Stealer<Runnable>> {
        let in_use = self.lanes_in_use.get();
        self.stealers
            .iter()
            .flat_map(move |lanes| lanes.iter().take(in_use))
    }
}

impl Drop for Scheduler {
    fn drop(&mut self) {
        self.shared.idle.stop();
        if let Some(seeded) = &self.shared.seeded {
            seeded.stop();
        }
        for thread in self.threads.drain(..) {
            // A worker may drop the scheduler itself at the end of the last task.
            if thread.thread().id() != thread::current().id() {
                // Workers survive the panics of their tasks.
                let _ = thread.join();
            }
        }
        let turn = Cell::new(0);
        while self.shared.injected.take(u64::MAX, &turn).is_some() {}
        if let Some(seeded) = &self.shared.seeded {
            seeded.clear();
        }
    }
}

#[cfg(test)]
mod tests;
