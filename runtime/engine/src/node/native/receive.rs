//! The wait of a host function process for a message.

use std::future::Future;
use std::pin::Pin;
use std::sync::OnceLock;
use std::task::{Context, Poll, Waker};

use warren_kernel::{Delivery, Error, Process, Subscription};

/// One pending receive. A future inside the process's own may be polled with a
/// waker other than the task's. So the process wakes this future's waker during the
/// wait, and the task's waker afterwards. Both wakers cause a poll of the task,
/// which then checks if the process is to end.
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
        // The waker is set before the mailbox is read: a message that comes in
        // between wakes it.
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
    Error::not_found(format!("process not found: {}", process.text()))
}
