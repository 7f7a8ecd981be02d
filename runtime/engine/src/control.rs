//! What a guest's fiber and the task around it tell each other.
//!
//! ```text
//!   task (worker's own stack)                fiber (the guest's stack)
//!   ------------------------                 -------------------------
//!   polls the guest ------------------------> import: receive
//!                                               nothing there:
//!   arms its timer <------------------------    `wait_until(deadline)`, Pending
//!   deadline comes: `time_out`, polls ------> `timed_out`: returns
//!
//!   polls the guest ------------------------> import: spawn
//!   runs the job on its own stack <---------    `outside(job)`, Pending
//!   job done: polls the guest --------------> takes the job's result
//! ```
//!
//! Both sides belong to one task and never run at the same time; the lock is
//! never contended.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use warren_kernel::Monotonic;

use crate::output::{Line, Stream};

/// Work an import leaves for the task.
pub(crate) type Job = Pin<Box<dyn Future<Output = ()> + Send>>;

/// The shared part.
#[derive(Default)]
pub(crate) struct Control {
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    job: Option<Job>,
    deadline: Option<Monotonic>,
    timed_out: bool,
    waited: bool,
    lines: [Line; 2],
}

impl Control {
    /// Fiber: runs work on the task's stack instead of the guest's, which may
    /// be nearly used up, and waits for it.
    pub(crate) async fn outside<T: Send + 'static>(
        &self,
        work: impl Future<Output = T> + Send + 'static,
    ) -> T {
        let result = Arc::new(Mutex::new(None));
        let for_job = Arc::clone(&result);
        self.lock().job = Some(Box::pin(async move {
            let value = work.await;
            *for_job.lock().unwrap_or_else(PoisonError::into_inner) = Some(value);
        }));
        poll_fn(
            |_| match result.lock().unwrap_or_else(PoisonError::into_inner).take() {
                Some(value) => Poll::Ready(value),
                None => Poll::Pending,
            },
        )
        .await
    }

    /// Fiber: about to wait, at most until then.
    pub(crate) fn wait_until(&self, deadline: Option<Monotonic>) {
        let mut inner = self.lock();
        inner.deadline = deadline;
        inner.timed_out = false;
    }

    /// Fiber: whether the deadline came. The wait is over then.
    pub(crate) fn timed_out(&self) -> bool {
        let mut inner = self.lock();
        std::mem::take(&mut inner.timed_out)
    }

    /// Fiber: the wait is over.
    pub(crate) fn wait_is_over(&self) {
        self.lock().deadline = None;
    }

    /// Either: the guest waited while others had their turn.
    pub(crate) fn has_waited(&self) {
        self.lock().waited = true;
    }

    /// Fiber: whether the guest waited since this was last asked.
    pub(crate) fn take_waited(&self) -> bool {
        std::mem::take(&mut self.lock().waited)
    }

    /// Task: the work left for it.
    pub(crate) fn take_job(&self) -> Option<Job> {
        self.lock().job.take()
    }

    /// Task: until when the fiber waits.
    pub(crate) fn deadline(&self) -> Option<Monotonic> {
        self.lock().deadline
    }

    /// Task: the deadline has come.
    pub(crate) fn time_out(&self) {
        let mut inner = self.lock();
        inner.deadline = None;
        inner.timed_out = true;
    }

    /// Fiber: adds output; what comes back is complete and to be passed on.
    pub(crate) fn add_output(&self, stream: Stream, bytes: &[u8]) -> Option<Vec<u8>> {
        self.lock().lines[stream as usize].add(bytes)
    }

    /// Both: takes an incomplete line, to be passed on.
    pub(crate) fn take_line(&self, stream: Stream) -> Option<Vec<u8>> {
        self.lock().lines[stream as usize].take()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
