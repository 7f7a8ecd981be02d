//! Polls one guest: its fiber, the work that the fiber leaves, and the deadlines of
//! both.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use warren_kernel::Process;

use crate::guest::control::{Control, Job};
use crate::guest::shared::Shared;
use crate::node::deadline::{Timer, earlier, is_doomed};
use crate::node::instance::Finished;

/// The end of a [`Drive`].
pub(crate) enum Driven {
    Finished(Finished),
    /// The process is to end, by an order from outside.
    Doomed,
}

/// Polls a fiber, and between polls the work that it left; see [`Control`].
pub(crate) struct Drive<'a, F> {
    shared: &'a Shared,
    process: Option<&'a Arc<Process>>,
    control: &'a Control,
    guest: Pin<&'a mut F>,
    job: Option<Job>,
    timer: Timer,
    has_waker: bool,
    /// True if the usage of the process says that it waits for a time.
    is_timed: bool,
}

impl<'a, F: Future<Output = Finished>> Drive<'a, F> {
    pub(crate) fn new(
        shared: &'a Shared,
        process: Option<&'a Arc<Process>>,
        control: &'a Control,
        guest: Pin<&'a mut F>,
    ) -> Self {
        if let Some(process) = process {
            // The code before an upgrade may have waited for a time.
            process.usage().set_timed(false);
        }
        Drive {
            shared,
            process,
            control,
            guest,
            job: None,
            timer: Timer::default(),
            has_waker: false,
            is_timed: false,
        }
    }

    #[inline]
    fn is_doomed(&self) -> bool {
        let process = self.process;
        process.is_some_and(|process| is_doomed(self.shared, process))
    }

    /// Records for introspection that the guest waits for the runtime.
    fn is_blocked(&self, blocked: bool) {
        if let Some(process) = self.process
            && process.usage().is_blocked() != blocked
        {
            process.usage().set_blocked(blocked);
        }
    }

    /// Returns true if the earlier of two deadlines has come: the end of the
    /// fiber's wait, and the cancel deadline of the process.
    #[inline]
    fn poll_timer(&mut self, cx: &mut Context<'_>) -> bool {
        let cancel = self.process.and_then(|process| process.cancel_deadline());
        let own = self.control.deadline();
        if own.is_some() != self.is_timed {
            self.note_timer(own.is_some());
        }
        match earlier(own, cancel) {
            Some(deadline) => self.timer.poll(self.shared, deadline, cx),
            None => false,
        }
    }

    /// Records for introspection that the process waits at most until some time. It reads
    /// the deadline of a CANCEL from the process.
    fn note_timer(&mut self, is_timed: bool) {
        self.is_timed = is_timed;
        if let Some(process) = self.process {
            process.usage().set_timed(is_timed);
        }
    }
}

impl<F: Future<Output = Finished>> Future for Drive<'_, F> {
    type Output = Driven;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Driven> {
        let this = &mut *self;
        if !this.has_waker
            && let Some(process) = this.process
        {
            // A task has one waker for life.
            process.set_waker(cx.waker());
            this.has_waker = true;
        }
        loop {
            if this.is_doomed() {
                return Poll::Ready(Driven::Doomed);
            }
            if let Some(job) = &mut this.job {
                if job.as_mut().poll(cx).is_pending() {
                    this.control.has_waited();
                    this.is_blocked(true);
                    if this.poll_timer(cx) {
                        // The cancel deadline came just now.
                        continue;
                    }
                    return Poll::Pending;
                }
                this.job = None;
                this.is_blocked(false);
            }
            match this.process {
                Some(process) => this.shared.meter.runs(process.pid()),
                None => this.shared.meter.runs_no_process(),
            }
            this.shared.ticker.guest_runs();
            let polled = this.guest.as_mut().poll(cx);
            // The guest waits, is preempted or has ended.
            this.control.pass_on_gathered(&this.shared.output);
            if this.shared.traces.is_some() {
                this.shared
                    .pass_on_traces(this.process.map(|process| &**process));
            }
            if let Poll::Ready(finished) = polled {
                return Poll::Ready(Driven::Finished(finished));
            }
            this.job = this.control.take_job();
            if this.job.is_some() {
                continue;
            }
            if !this.poll_timer(cx) {
                return Poll::Pending;
            }
            // If it was the cancel deadline, the head of the loop terminates the
            // process.
            let now = this.shared.monotonic();
            if this
                .control
                .deadline()
                .is_some_and(|deadline| deadline <= now)
            {
                this.control.time_out();
            }
        }
    }
}
