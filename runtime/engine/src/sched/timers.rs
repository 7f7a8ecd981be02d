//! The clock of processes that wait: tokio's timers, on a thread of their own.
//!
//! A worker looks at the timers of its own runtime between tasks only, and asks
//! the operating system for input each time it does. Processes that compute
//! would delay those that wait, and those that talk would pay for the question
//! after every message. A thread that does nothing else is punctual and costs
//! the workers nothing.

use std::io;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::runtime::{self, Handle};
use tokio::sync::oneshot;
use tokio::time::{Instant, Sleep};

use crate::sched::punctual;

/// Stops its thread when dropped.
pub(crate) struct Timers {
    clock: Handle,
    /// Dropped to stop the thread.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

/// tokio's timers end after about two years; who waits longer looks again.
const FAR: Duration = Duration::from_secs(3_600 * 24 * 365);

impl Timers {
    /// Starts the thread.
    ///
    /// # Errors
    ///
    /// The operating system's, where it gives no thread.
    pub(crate) fn start() -> io::Result<Timers> {
        let (stop, stopped) = oneshot::channel();
        let (sender, made) = mpsc::sync_channel(1);
        let thread = thread::Builder::new()
            .name("warren-timers".into())
            .spawn(move || {
                // Made here, and so dropped here: who starts this may be in a
                // runtime of tokio's, where no other may be dropped.
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

    /// A timer that fires at a time, in a year at the latest.
    pub(crate) fn at(&self, at: Instant) -> Sleep {
        let _inside = self.clock.enter();
        tokio::time::sleep_until(at)
    }
}

/// The moment that is so far away, a year at most.
pub(crate) fn after(duration: Duration) -> Instant {
    Instant::now() + duration.min(FAR)
}

impl Drop for Timers {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take()
            // The thread itself drops them where it held the last process.
            && thread.thread().id() != thread::current().id()
        {
            // A thread that panicked has nothing to give back.
            let _ = thread.join();
        }
    }
}
