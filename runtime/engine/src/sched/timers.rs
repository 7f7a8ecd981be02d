//! The timers of processes that wait: tokio's timers, on a thread of their own.
//!
//! A worker of tokio checks its timers only between tasks, and polls the operating
//! system for input each time. Processes that compute would delay the timers, and
//! every message would pay for the poll. A thread that does nothing else is punctual
//! and costs the workers nothing.

use std::io;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::runtime::{self, Handle};
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep};

use crate::sched::punctual;

/// The timers, whose thread stops when this is dropped.
pub(crate) struct Timers {
    clock: Handle,
    /// Dropped to stop the thread.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// Longest time of one timer. tokio's timers end after about two years; callers that
/// wait longer set a further timer.
const FAR: Duration = Duration::from_secs(3_600 * 24 * 365);

impl Timers {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// An [`io::Error`](std::io::Error) if the operating system refuses the thread.
    pub(crate) fn start() -> io::Result<Timers> {
        let (stop, stopped) = oneshot::channel();
        let (sender, made) = mpsc::sync_channel(1);
        let thread = thread::Builder::new()
            .name("warren-timers".into())
            .spawn(move || {
                // Made and dropped on this thread: the caller may be inside a
                // tokio runtime, where another runtime must not be dropped.
                let runtime = runtime::Builder::new_current_thread().enable_time().build();
                let runtime = match runtime {
                    Ok(runtime) => runtime,
                    Err(error) => {
                        let _ = sender.send(Err(error));
                        return;
                    }
                };
                let _ = sender.send(Ok(runtime.handle().clone()));
                punctual::this_thread();
                // An error is the expected answer: the sender was dropped.
                let _ = runtime.block_on(stopped);
            })?;
        let clock = made.recv().map_err(io::Error::other)??;
        Ok(Timers {
            clock,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// Returns a timer that fires at this time.
    pub(crate) fn at(&self, at: Instant) -> Sleep {
        let _inside = self.clock.enter();
        tokio::time::sleep_until(at)
    }
}

/// Returns the moment after this duration, at most a year away.
pub(crate) fn after(duration: Duration) -> Instant {
    Instant::now() + duration.min(FAR)
}

impl Drop for Timers {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            // The thread itself drops the timers if it held the last process.
            && thread.thread().id() != thread::current().id()
        {
            // A thread that panicked has nothing to give back.
            let _ = thread.join();
        }
    }
}
