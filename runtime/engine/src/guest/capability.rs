//! Calls of capabilities. An answer that takes work or time comes as the outcome of an
//! exec.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use futures::FutureExt as _;
use parking_lot::Mutex;
use tokio::task::AbortHandle;
use warren_kernel::{Error, Kind, Outcome, Process, Subscription, Work, text};

use super::call_span::CallSpan;
use super::called::{Called, are_values};
use super::caller::{OnFiber, OnThread, too_many_permissions};
use super::shared::Shared;
use super::{Guest, cancel, inherited_of, logger, out_of_processor_time, process_of, watch};
use crate::blocking;
use crate::capability::{
    AT_ONCE, Answer, Capability, Charge, Computation, Counts, MAX_PERMISSIONS, MAX_REQUEST,
    Progress, Step, Waiting, WaitingFuture,
};
use crate::operand::Limit;
use crate::sched::permits::Permit;
use crate::sched::thread_clock::ThreadClock;
use crate::security::{Refusal, Settles};

/// Limit of the request of a call.
pub(crate) const REQUEST: Limit = Limit {
    name: "max_request",
    bytes: MAX_REQUEST,
};

impl Guest {
    /// Calls an operation of a capability.
    ///
    /// # Errors
    ///
    /// `NotFound` for an unknown operation, `Invalid` for a request that is no array of
    /// values, the errors of the operation, and those of [`Process::begin_work`].
    pub(crate) fn call(&mut self, operation: &str, request: &[u8]) -> Result<Called, Refusal> {
        if operation == logger::PLACE {
            return self.log_place(request);
        }
        self.lines_first();
        match operation {
            watch::WATCH => return self.watch(request),
            watch::ABANDON => return self.abandon(request),
            cancel::CANCEL => return self.end_for_a_reason(request, Guest::cancel),
            cancel::STOP => return self.end_for_a_reason(request, Guest::stop),
            _ => {}
        }
        if let Some(called) = self.cluster_call(operation, request) {
            return called;
        }
        let process = process_of(&self.purpose)?;
        let unknown = || {
            let name = text::line(operation);
            Error::not_found(format!("operation not found: {name}")).retryable(false)
        };
        let (known, name) = self
            .shared
            .capabilities
            .find(operation)
            .ok_or_else(unknown)?;
        let (capability, counts) = (&known.capability, &known.counts);
        let inherited = inherited_of(&self.purpose)?;
        let span = self.control.span();
        let span = span.map(|process| CallSpan::new(process, operation));
        if request.len() <= AT_ONCE {
            are_values(request)?;
            let caller = OnFiber {
                shared: &self.shared,
                process,
                inherited,
                definition: &self.run.program.definition.id,
                grants: &self.run.program.grants,
                kept: &mut self.kept,
                rights: &mut self.rights,
                undecided: None,
            };
            let known = (&**capability, counts);
            let called = call_on_fiber(&self.shared, caller, known, name, request, span)?;
            return called.ok_or_else(|| unknown().into());
        }
        let caller = OnThread {
            shared: Arc::clone(&self.shared),
            process: Arc::clone(process),
            inherited: Arc::clone(inherited),
            definition: Arc::clone(&self.run.program.definition.id),
            grants: Arc::clone(&self.run.program.grants),
            kept: Arc::clone(self.kept.get()),
            judge: self.rights.judge().cloned(),
            asked: 0,
        };
        let operation = Operation {
            capability: Arc::clone(capability),
            counts: Arc::clone(counts),
            name: name.to_owned(),
            span,
            unknown: unknown(),
        };
        Ok(call_on_thread(
            &self.shared,
            process,
            caller,
            operation,
            request,
        )?)
    }

    /// Runs an operation of a capability until all its permissions are decided.
    ///
    /// # Errors
    ///
    /// Those of the operation, and `Internal` for one that asks for too many permissions.
    pub(crate) async fn settled_call<T: Settles>(
        &mut self,
        mut operation: impl FnMut(&mut Guest) -> Result<T, Refusal>,
    ) -> Result<T, Error> {
        let mut left = MAX_PERMISSIONS;
        let bounded = self.settled(|guest| match operation(guest) {
            Err(Refusal::Undecided(_)) if left == 0 => Err(too_many_permissions().into()),
            done => {
                left = left.saturating_sub(1);
                done
            }
        });
        bounded.await
    }
}

/// Calls an operation with values. `None` if the capability does not know it.
fn call_on_fiber(
    shared: &Arc<Shared>,
    mut caller: OnFiber<'_>,
    (capability, counts): (&dyn Capability, &Arc<Counts>),
    name: &str,
    request: &[u8],
    span: Option<CallSpan>,
) -> Result<Option<Called>, Refusal> {
    let step = capability.call(&mut caller, name, request);
    if let Some(question) = caller.undecided {
        return Err(Refusal::Undecided(question));
    }
    let (memory, job) = match step {
        Step::Unknown => return Ok(None),
        Step::Done(answer) => {
            counts.begin();
            counts.end(answer.is_err());
            return Ok(Some(Called::Answer(answer?)));
        }
        Step::Compute(Computation { memory, run }) => (
            memory,
            Job::Computes(Box::new(move |progress, _| Worked::Done(run(progress)))),
        ),
        Step::Wait(Waiting { memory, run }) => (memory, Job::Waits(run)),
    };
    let bytes = request.len().saturating_add(memory);
    let begun = begin(shared, (caller.process, counts), bytes, span, || job)?;
    Ok(Some(begun))
}

/// An operation with a request that takes long to check.
struct Operation {
    capability: Arc<dyn Capability>,
    counts: Arc<Counts>,
    name: String,
    span: Option<CallSpan>,
    /// The error if the capability does not know the operation.
    unknown: Error,
}

/// Begins the call of an operation with a request that takes long to check.
fn call_on_thread(
    shared: &Arc<Shared>,
    process: &Arc<Process>,
    mut caller: OnThread,
    mut operation: Operation,
    request: &[u8],
) -> Result<Called, Error> {
    let (counts, span) = (Arc::clone(&operation.counts), operation.span.take());
    // Charged before the copy is made.
    begin(shared, (process, &counts), request.len(), span, || {
        let request = request.to_vec();
        Job::Computes(Box::new(move |progress, charge| {
            match operation.step(&mut caller, &request) {
                Err(error) | Ok(Step::Done(Err(error))) => Worked::Done(Err(error)),
                Ok(Step::Done(answer)) => Worked::Done(answer),
                Ok(Step::Unknown) => Worked::Done(Err(operation.unknown)),
                Ok(Step::Compute(Computation { memory, run })) => match charge.grow(memory) {
                    Ok(()) => Worked::Done(run(progress)),
                    Err(error) => Worked::Done(Err(error)),
                },
                Ok(Step::Wait(Waiting { memory, run })) => match charge.grow(memory) {
                    Ok(()) => Worked::Waits(run),
                    Err(error) => Worked::Done(Err(error)),
                },
            }
        }))
    })
}

impl Operation {
    fn step(&self, caller: &mut OnThread, request: &[u8]) -> Result<Step, Error> {
        are_values(request)?;
        Ok(self.capability.call(caller, &self.name, request))
    }
}

/// Begins work that is charged this many bytes.
fn begin(
    shared: &Arc<Shared>,
    (process, counts): (&Arc<Process>, &Arc<Counts>),
    bytes: usize,
    span: Option<CallSpan>,
    job: impl FnOnce() -> Job,
) -> Result<Called, Error> {
    let pending = Arc::new(Pending {
        process: Arc::clone(process),
        shared: Arc::clone(shared),
        span,
        open: Open::new(counts),
        run: Mutex::default(),
        waits: Mutex::default(),
        is_stopped: AtomicBool::new(false),
    });
    let awaited: Weak<Pending> = Arc::downgrade(&pending);
    let subscription = process.begin_work(awaited, bytes)?;
    let charge = charge_of(process, subscription);
    match job() {
        Job::Computes(run) => {
            *pending.run.lock() = Some(run);
            pending.compute(subscription, charge);
        }
        Job::Waits(run) => pending.wait(subscription, charge, run),
    }
    Ok(Called::Handle(subscription))
}

fn charge_of(process: &Arc<Process>, subscription: Subscription) -> Charge {
    let process = Arc::clone(process);
    Charge::new(move |bytes| process.grow_work(subscription, bytes))
}

/// The part of a call that is left when the guest goes on.
enum Job {
    Computes(Run),
    Waits(Wait),
}

/// Work on a thread that may block.
type Run = Box<dyn FnOnce(&Progress<'_>, &Charge) -> Worked + Send>;

/// Makes the future of a call that waits.
type Wait = Box<dyn FnOnce(Charge) -> WaitingFuture + Send>;

/// The end of work on a thread.
enum Worked {
    Done(Answer),
    /// The call goes on without the thread.
    Waits(Wait),
}

/// A call that computes or waits.
struct Pending {
    process: Arc<Process>,
    shared: Arc<Shared>,
    /// Present if anybody wants spans.
    span: Option<CallSpan>,
    open: Open,
    /// Taken when the work begins or is stopped.
    run: Mutex<Option<Run>>,
    /// The task of a call that waits.
    waits: Mutex<Option<AbortHandle>>,
    is_stopped: AtomicBool,
}

/// A call that counts as open until it ends, or is dropped without an answer.
pub(super) struct Open {
    counts: Arc<Counts>,
    is_open: AtomicBool,
}

impl Open {
    pub(super) fn new(counts: &Arc<Counts>) -> Open {
        counts.begin();
        Open {
            counts: Arc::clone(counts),
            is_open: AtomicBool::new(true),
        }
    }

    pub(super) fn end(&self, has_failed: bool) {
        if self.is_open.swap(false, Ordering::Relaxed) {
            self.counts.end(has_failed);
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.end(true);
    }
}

impl std::fmt::Debug for Pending {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pending")
            .field("process", &self.process.pid())
            .field("is_stopped", &self.is_stopped)
            .finish_non_exhaustive()
    }
}

impl Work for Pending {
    fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
        let unused = self.run.lock().take();
        drop(unused);
        let task = self.waits.lock().take();
        if let Some(task) = task {
            task.abort();
        }
    }
}

impl Pending {
    /// Has the work done on a thread that may block, with a permit of the host.
    fn compute(self: Arc<Self>, subscription: Subscription, charge: Charge) {
        let shared = Arc::clone(&self.shared);
        let host = self.process.host().number();
        // A permit that is free costs no task of tokio, and wakes none of its threads.
        if let Some(permit) = shared.computing.permit(host).now_or_never() {
            self.compute_with(permit, subscription, charge);
            return;
        }
        shared.tokio.spawn(async move {
            let permit = self.shared.computing.permit(host).await;
            self.compute_with(permit, subscription, charge);
        });
    }

    fn compute_with(self: Arc<Self>, permit: Permit, subscription: Subscription, charge: Charge) {
        let shared = Arc::clone(&self.shared);
        blocking::spawn(&shared.tokio, move || {
            // Given back at the end of the work.
            let _permit = permit;
            self.work(subscription, charge);
        });
    }

    /// Does the work on this thread, and delivers its outcome.
    fn work(self: Arc<Self>, subscription: Subscription, charge: Charge) {
        let Some(run) = self.run.lock().take() else {
            return;
        };
        let meter = Charging::begin(&self);
        let check = || meter.check();
        let work =
            || panic::catch_unwind(AssertUnwindSafe(|| run(&Progress::new(&check), &charge)));
        let opened = self.span.as_ref().map(CallSpan::open);
        let worked = match &opened {
            None => work(),
            Some(opened) => opened.run(work),
        };
        meter.charge();
        match worked {
            Ok(Worked::Done(answer)) => {
                if let Some(opened) = opened {
                    opened.end(answer.as_ref().err());
                }
                self.finish(subscription, answer);
            }
            Ok(Worked::Waits(run)) => self.wait(subscription, charge, run),
            Err(_) => self.finish(subscription, Err(panicked())),
        }
    }

    /// Waits in a task of the embedder's tokio runtime, and delivers the outcome.
    fn wait(self: Arc<Self>, subscription: Subscription, charge: Charge, run: Wait) {
        let waiting = Arc::clone(&self);
        let task = self.shared.tokio.spawn(async move {
            let answer = AssertUnwindSafe(async move { run(charge).await }).catch_unwind();
            let answer = answer.map(|answer| answer.unwrap_or_else(|_| Err(panicked())));
            let answer = match &waiting.span {
                None => answer.await,
                Some(span) => span.around(answer).await,
            };
            waiting.finish(subscription, answer);
        });
        let mut waits = self.waits.lock();
        *waits = Some(task.abort_handle());
        // A stop that found no task has set this before it took the lock.
        if self.is_stopped.load(Ordering::Relaxed) {
            task.abort();
        }
    }

    fn finish(&self, subscription: Subscription, answer: Answer) {
        self.open.end(answer.is_err());
        let outcome = match answer {
            Ok(value) => Outcome::Returned(Some(value.into())),
            Err(error) => {
                let host = self.process.host().name();
                Outcome::Failed(Box::new(error.in_host(host)))
            }
        };
        self.process.finish_work(subscription, &Arc::new(outcome));
    }
}

pub(super) fn panicked() -> Error {
    Error::internal("the operation panicked")
}

/// Charges a process with the processor time of this thread.
struct Charging<'a> {
    pending: &'a Pending,
    /// Absent on systems without such clocks, where nothing is charged.
    clock: Option<ThreadClock>,
    charged: Cell<u64>,
}

impl<'a> Charging<'a> {
    fn begin(pending: &'a Pending) -> Charging<'a> {
        let clock = ThreadClock::of_this();
        let now = clock.and_then(ThreadClock::read).unwrap_or_default();
        Charging {
            pending,
            clock,
            charged: Cell::new(now),
        }
    }

    fn charge(&self) {
        if let Some(now) = self.clock.and_then(ThreadClock::read) {
            let used = now.saturating_sub(self.charged.replace(now));
            let usage = self.pending.process.usage();
            usage.charge(used, self.pending.shared.monotonic());
        }
    }

    fn check(&self) -> Result<(), Error> {
        self.charge();
        if self.pending.is_stopped.load(Ordering::Relaxed) {
            let stopped = "the process does not wait for the operation any more";
            return Err(Error::new(Kind::Canceled, stopped));
        }
        match out_of_processor_time(&self.pending.shared, &self.pending.process) {
            Some(error) => Err(error),
            None => Ok(()),
        }
    }
}
