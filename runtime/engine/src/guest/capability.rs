//! Calls of capabilities. An answer that takes work comes as the outcome of an exec.

use std::cell::Cell;
use std::panic::{self, AssertUnwindSafe};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use warren_kernel::{Error, Kind, Outcome, Process, Subscription, Work, text};

use super::called::{Called, are_values};
use super::caller::{OnFiber, OnThread};
use super::shared::Shared;
use super::{Guest, cancel, logger, out_of_processor_time, process_of, watch};
use crate::capability::{AT_ONCE, Answer, Capability, Computation, MAX_REQUEST, Progress, Step};
use crate::operand::Limit;
use crate::sched::thread_clock::ThreadClock;
use crate::security::Refusal;

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
        let process = process_of(&self.purpose)?;
        let unknown = || {
            let name = text::line(operation);
            Error::not_found(format!("operation not found: {name}")).retryable(false)
        };
        let (capability, name) = self
            .shared
            .capabilities
            .find(operation)
            .ok_or_else(unknown)?;
        if request.len() <= AT_ONCE {
            are_values(request)?;
            let caller = OnFiber {
                shared: &self.shared,
                process,
                definition: &self.run.program.definition.id,
                grants: &self.run.program.grants,
                kept: &mut self.kept,
                rights: &mut self.rights,
                undecided: None,
            };
            let called = call_on_fiber(&self.shared, caller, &**capability, name, request)?;
            return called.ok_or_else(|| unknown().into());
        }
        let caller = OnThread {
            shared: Arc::clone(&self.shared),
            process: Arc::clone(process),
            definition: Arc::clone(&self.run.program.definition.id),
            grants: Arc::clone(&self.run.program.grants),
            kept: Arc::clone(self.kept.get()),
            judge: self.rights.judge().cloned(),
            asked: 0,
        };
        let operation = (Arc::clone(capability), name.to_owned(), unknown());
        Ok(call_on_thread(
            &self.shared,
            process,
            caller,
            operation,
            request,
        )?)
    }
}

/// Calls an operation with values. `None` if the capability does not know it.
fn call_on_fiber(
    shared: &Arc<Shared>,
    mut caller: OnFiber<'_>,
    capability: &dyn Capability,
    name: &str,
    request: &[u8],
) -> Result<Option<Called>, Refusal> {
    let step = capability.call(&mut caller, name, request);
    if let Some(question) = caller.undecided {
        return Err(Refusal::Undecided(question));
    }
    Ok(match step {
        Step::Done(answer) => Some(Called::Answer(answer?)),
        Step::Unknown => None,
        Step::Compute(Computation { memory, run }) => {
            let bytes = request.len().saturating_add(memory);
            Some(begin(shared, caller.process, bytes, || {
                Box::new(move |progress, _| run(progress))
            })?)
        }
    })
}

/// Begins the call of an operation, given with the error of one that is unknown, with a
/// request that takes long to check.
fn call_on_thread(
    shared: &Arc<Shared>,
    process: &Arc<Process>,
    mut caller: OnThread,
    (capability, name, unknown): (Arc<dyn Capability>, String, Error),
    request: &[u8],
) -> Result<Called, Error> {
    // Charged before the copy is made.
    begin(shared, process, request.len(), || {
        let request = request.to_vec();
        Box::new(move |progress, charge| {
            are_values(&request)?;
            match capability.call(&mut caller, &name, &request) {
                Step::Done(answer) => answer,
                Step::Unknown => Err(unknown),
                Step::Compute(Computation { memory, run }) => {
                    charge(memory)?;
                    run(progress)
                }
            }
        })
    })
}

/// Begins work that is charged this many bytes.
fn begin(
    shared: &Arc<Shared>,
    process: &Arc<Process>,
    bytes: usize,
    run: impl FnOnce() -> Run,
) -> Result<Called, Error> {
    let pending = Arc::new(Pending {
        process: Arc::clone(process),
        shared: Arc::clone(shared),
        run: Mutex::default(),
        is_stopped: AtomicBool::new(false),
    });
    let awaited: Weak<Pending> = Arc::downgrade(&pending);
    let subscription = process.begin_work(awaited, bytes)?;
    *pending.run.lock() = Some(run());
    let computing = Arc::clone(shared);
    shared.tokio.spawn(async move {
        let host = pending.process.host().number();
        let permit = computing.computing.permit(host).await;
        tokio::task::spawn_blocking(move || {
            // Given back at the end of the work.
            let _permit = permit;
            pending.work(subscription);
        });
    });
    Ok(Called::Handle(subscription))
}

/// Work, which is given the means to charge the process more bytes.
type Run = Box<dyn FnOnce(&Progress<'_>, &dyn Fn(usize) -> Result<(), Error>) -> Answer + Send>;

/// Work that waits for its permit, or has it.
struct Pending {
    process: Arc<Process>,
    shared: Arc<Shared>,
    /// Taken when the work begins or is stopped.
    run: Mutex<Option<Run>>,
    is_stopped: AtomicBool,
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
    }
}

impl Pending {
    /// Does the work on this thread, and delivers its outcome.
    fn work(&self, subscription: Subscription) {
        let Some(run) = self.run.lock().take() else {
            return;
        };
        let meter = Charging::begin(self);
        let check = || meter.check();
        let charge = |bytes| self.process.grow_work(subscription, bytes);
        let answer =
            match panic::catch_unwind(AssertUnwindSafe(|| run(&Progress::new(&check), &charge))) {
                Ok(answer) => answer,
                Err(_) => Err(Error::internal("the operation panicked")),
            };
        meter.charge();
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
