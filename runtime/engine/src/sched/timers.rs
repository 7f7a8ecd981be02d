//! The timers of processes that wait: tokio's timers, on a thread of their own.
//!
//! A worker of tokio checks its timers only between tasks, and polls the operating
//! system for input each time. Processes that compute would delay the timers, and
//! every message would pay for the poll. A thread that does nothing else is punctual
//! and costs the workers nothing.
//!
//! In virtual time, sleeps wait for a clock of the node in place of tokio's.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::mpsc;
use std::task::{Context, Poll};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::runtime::{self, Handle};
use tokio::sync::oneshot;
use tokio::time::Instant;

use crate::sched::punctual;
use crate::sched::virtual_clock::{VirtualClock, VirtualSleep};

/// The timers, whose thread stops when this is dropped.
pub(crate) struct Timers {
    clock: Handle,
    /// Dropped to stop the thread.
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
    /// The clock of the processes, in virtual time.
    virtual_clock: Option<Arc<VirtualClock>>,
}

/// Longest time of one timer. tokio's timers end after about two years; callers that
/// wait longer set a further timer.
const FAR: Duration = Duration::from_secs(3_600 * 24 * 365);

impl Timers {
    /// Starts the thread. Without a clock of its own, the node follows that of the machine.
    ///
    /// # Errors
    ///
    /// An [`io::Error`](std::io::Error) if the operating system refuses the thread.
    pub(crate) fn start(virtual_clock: Option<Arc<VirtualClock>>) -> io::Result<Timers> {
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
            virtual_clock,
        })
    }

    /// Returns the clock of the processes, in virtual time.
    #[inline]
    pub(crate) fn virtual_clock(&self) -> Option<&Arc<VirtualClock>> {
        self.virtual_clock.as_ref()
    }

    /// Returns a timer on the clock of the processes, which fires after this duration, or
    /// early if that is more than a year.
    pub(crate) fn sleep(&self, duration: Duration) -> Sleep {
        match &self.virtual_clock {
            None => self.real_sleep(duration),
            Some(clock) => Sleep::Virtual(clock.sleep(duration)),
        }
    }

    /// Returns a timer on the clock of the machine: for waits of the runtime itself.
    pub(crate) fn real_sleep(&self, duration: Duration) -> Sleep {
        let _inside = self.clock.enter();
        Sleep::Real(tokio::time::sleep_until(after(duration)))
    }
}

/// A timer. One allocation holds it, whichever clock it follows.
pub(crate) enum Sleep {
    Real(tokio::time::Sleep),
    Virtual(VirtualSleep),
}

impl Sleep {
    /// Makes it a timer of this duration from now.
    pub(crate) fn reset(self: Pin<&mut Self>, duration: Duration) {
        match self.clocked() {
            Clocked::Real(sleep) => sleep.reset(after(duration)),
            Clocked::Virtual(sleep) => sleep.reset(duration),
        }
    }

    fn clocked(self: Pin<&mut Self>) -> Clocked<'_> {
        // SAFETY: the sleep of tokio is only reached through a `Pin` again: it is not moved
        // out of `self`, and `Sleep` has no destructor of its own. The other one is `Unpin`.
        match unsafe { self.get_unchecked_mut() } {
            // SAFETY: see above.
            Sleep::Real(sleep) => Clocked::Real(unsafe { Pin::new_unchecked(sleep) }),
            Sleep::Virtual(sleep) => Clocked::Virtual(sleep),
        }
    }
}

/// A timer in its place.
enum Clocked<'a> {
    Real(Pin<&'a mut tokio::time::Sleep>),
    Virtual(&'a mut VirtualSleep),
}

impl Future for Sleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match self.clocked() {
            Clocked::Real(sleep) => sleep.poll(cx),
            Clocked::Virtual(sleep) => Pin::new(sleep).poll(cx),
        }
    }
}

/// Returns the moment after this duration, at most a year away.
fn after(duration: Duration) -> Instant {
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
