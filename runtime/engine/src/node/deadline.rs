//! The deadlines of a process that waits, and its end from outside.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Context;
use std::time::Duration;

use warren_kernel::{Monotonic, Process};

use crate::guest::shared::Shared;
use crate::sched::timers::Sleep;

/// Returns true if a process is to end. Terminates it if its cancel deadline has passed.
#[inline]
pub(crate) fn is_doomed(shared: &Shared, process: &Arc<Process>) -> bool {
    if process
        .cancel_deadline()
        .is_some_and(|deadline| deadline <= shared.monotonic())
    {
        // Fails only if the process has exited.
        let _ = shared.kernel.terminate(process);
    }
    process.is_doomed()
}

pub(crate) fn earlier(a: Option<Monotonic>, b: Option<Monotonic>) -> Option<Monotonic> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}

/// The timer of a process, made at its first use.
#[derive(Default)]
pub(crate) struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    /// The deadline to which `sleep` is set.
    deadline: Option<Monotonic>,
}

impl Timer {
    /// Returns true if the deadline has come; wakes the task at the deadline.
    pub(crate) fn poll(
        &mut self,
        shared: &Shared,
        deadline: Monotonic,
        cx: &mut Context<'_>,
    ) -> bool {
        loop {
            let sleep = match &mut self.sleep {
                Some(sleep) if self.deadline == Some(deadline) => sleep,
                sleep => {
                    let after = deadline.0.saturating_sub(shared.monotonic().0);
                    if after == 0 {
                        return true;
                    }
                    let after = Duration::from_nanos(after);
                    self.deadline = Some(deadline);
                    match sleep {
                        Some(sleep) => {
                            sleep.as_mut().reset(after);
                            sleep
                        }
                        none => none.insert(Box::pin(shared.timers.sleep(after))),
                    }
                }
            };
            if sleep.as_mut().poll(cx).is_pending() {
                return false;
            }
            // The timer fires early if the deadline is beyond its range: set it
            // again.
            self.deadline = None;
        }
    }
}
