//! Waiting for what a native process wants to read.

use std::future::Future;
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll, Waker};

use warren_kernel::{Delivery, Error, Process, Subscription};

/// One pending receive. A future within the process's own may be polled with
/// another waker than its task's, so it is this future's that is to be woken
/// while it waits, and the task's again afterwards: in both cases the task is
/// polled, and sees whether its end was decided.
pub(super) struct Receive<'a> {
    process: &'a Process,
    task: &'a OnceLock<Waker>,
    wanted: &'a [Subscription],
}

impl<'a> Receive<'a> {
    pub(super) fn new(
        process: &'a Process,
        task: &'a OnceLock<Waker>,
        wanted: &'a [Subscription],
    ) -> Self {
        Receive {
            process,
            task,
            wanted,
        }
    }
}

impl Future for Receive<'_> {
    type Output = Result<(Subscription, Delivery), Error>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.process.has_exited() {
            return Poll::Ready(Err(has_ended(self.process)));
        }
        // Before it is looked at: what comes in between wakes.
        self.process.set_waker(cx.waker());
        match self.process.poll_receive(self.wanted) {
            Some(delivery) => Poll::Ready(Ok(delivery)),
            None => Poll::Pending,
        }
    }
}

impl Drop for Receive<'_> {
    fn drop(&mut self) {
        self.process.clear_interest();
        if let Some(waker) = self.task.get() {
            self.process.set_waker(waker);
        }
    }
}

pub(super) fn has_ended(process: &Process) -> Error {
    Error::not_found(format!("the process has ended: {}", process.text()))
}
