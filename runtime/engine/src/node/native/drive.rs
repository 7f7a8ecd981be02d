//! Polls one host function process: its future, its cancel deadline, and its
//! termination from outside.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};

use warren_kernel::{Error, Outcome, Process};

use super::panics::caught;
use super::{Native, NativeFuture};
use crate::code::native_code::NativeCode;
use crate::guest::Guest;
use crate::guest::shared::Shared;
use crate::guest::stacks::Sight;
use crate::node::deadline::Timer;
use crate::node::drive::Driven;
use crate::node::instance::{Finished, Want};

/// Polls the future of a host function process until the future ends or the process
/// is to end; the future is dropped then. A panic becomes the process's error.
pub(crate) struct NativeDrive<'a> {
    shared: &'a Shared,
    process: &'a Process,
    /// Absent after the end of the process.
    future: Option<NativeFuture>,
    task: Arc<OnceLock<Waker>>,
    timer: Timer,
}

impl<'a> NativeDrive<'a> {
    pub(crate) fn new(
        shared: &'a Shared,
        process: &'a Arc<Process>,
        code: &NativeCode,
        guest: Guest,
    ) -> Self {
        let task = Arc::new(OnceLock::new());
        let native = Native::new(guest, Arc::clone(process), Arc::clone(&task));
        NativeDrive {
            shared,
            process,
            future: Some(code.start(native)),
            task,
            timer: Timer::default(),
        }
    }

    /// Returns true if the process is to end. Terminates it if its cancel deadline
    /// has passed.
    fn is_doomed(&self) -> bool {
        let deadline = self.process.cancel_deadline();
        if deadline.is_some_and(|deadline| deadline <= self.shared.monotonic()) {
            // Fails only if the process has exited.
            let _ = self.shared.kernel.terminate(self.process);
        }
        self.process.is_doomed()
    }

    fn poll_future(&mut self, cx: &mut Context<'_>) -> Poll<Outcome> {
        let Some(future) = &mut self.future else {
            return Poll::Pending;
        };
        let outcome = match caught(|| future.as_mut().poll(cx)) {
            Ok(Poll::Pending) => return Poll::Pending,
            Ok(Poll::Ready(outcome)) => outcome,
            Err(error) => Outcome::Failed(Box::new(error)),
        };
        match self.drop_future() {
            Ok(()) => Poll::Ready(outcome),
            Err(error) => Poll::Ready(Outcome::Failed(Box::new(error))),
        }
    }

    /// Drops the future, so that its resources are free before the end is
    /// announced.
    fn drop_future(&mut self) -> Result<(), Error> {
        let future = self.future.take();
        caught(|| drop(future))
    }
}

impl Future for NativeDrive<'_> {
    type Output = Driven;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Driven> {
        let this = &mut *self;
        // The clock dates the operations of this process. While no guest runs, no
        // one else sets it.
        this.shared.meter.set_clock();
        if this.task.set(cx.waker().clone()).is_ok() {
            // A task has one waker for life.
            this.process.set_waker(cx.waker());
        }
        if this.shared.stacks.asks(this.process) {
            let why = "the process is a host function, which has no WebAssembly stack".to_owned();
            let stacks = &this.shared.stacks;
            stacks.answer(this.process, Sight::Nothing(why));
        }
        loop {
            if this.is_doomed() {
                // A panic in a destructor does not change the outcome: the process
                // was terminated.
                let _ = this.drop_future();
                return Poll::Ready(Driven::Doomed);
            }
            if let Poll::Ready(outcome) = this.poll_future(cx) {
                return Poll::Ready(Driven::Finished(Finished {
                    result: Ok(()),
                    outcome: Some(outcome),
                    prepared: None,
                    text: None,
                    memory_refused: None,
                    want: Want::Unknown,
                    parked: None,
                }));
            }
            let deadline_came = match this.process.cancel_deadline() {
                Some(deadline) => this.timer.poll(this.shared, deadline, cx),
                None => false,
            };
            if !deadline_came {
                return Poll::Pending;
            }
        }
    }
}

impl Drop for NativeDrive<'_> {
    fn drop(&mut self) {
        // Reached if the embedder's tokio runtime ends before the process.
        let _ = self.drop_future();
    }
}
