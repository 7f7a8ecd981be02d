//! The task of one process: runs its code through all its upgrades, and reports
//! its end.

use std::pin::pin;
use std::sync::Arc;

use warren_kernel::{Outcome, Process, Trace};

use crate::capability::Kept;
use crate::code::native_code::NativeCode;
use crate::guest::control::Control;
use crate::guest::{
    Guest, Inherited, ProcessEnd, Purpose, Run, Slot, Surroundings, call_span, settled_outcome,
};
use crate::limits::{Limits, Payer};
use crate::node::calls;
use crate::node::drive::{Drive, Driven};
use crate::node::instance::{self, Finished};
use crate::node::last_lines::{self, Waiting};
use crate::node::native::NativeDrive;
use crate::node::outcome::{Finish, calls_of, finish_of};
use crate::node::park::Parked;
use crate::node::records::Records;
use crate::security::{Caller, Rights};

/// The task of a process, before it runs.
pub(crate) struct Task<P> {
    pub(crate) around: Surroundings,
    pub(crate) process: Arc<Process>,
    pub(crate) inherited: Arc<Inherited>,
    /// True for the program's first process.
    pub(crate) first: bool,
    /// The message that the spawner, or the code before an upgrade, handled, if
    /// messages are traced.
    pub(crate) cause: Option<Trace>,
    /// The state that the first program of the process begins with.
    pub(crate) kept: Option<Arc<Kept>>,
    pub(crate) run: Run,
    pub(crate) runner: Runner,
    /// Declared last, to be dropped last: the slot is free before the end is
    /// announced.
    pub(crate) presence: P,
}

/// Receives the end of a process. Dropped when the task has ended.
pub(crate) trait Presence {
    /// Tells everyone who waits for the end of the process.
    fn tell(&mut self, end: ProcessEnd);
}

/// The part that runs a process's code.
pub(crate) enum Runner {
    /// An instance in this slot.
    Instance(Slot),
    /// The task itself, for a host function process.
    Native(NativeCode),
    /// Nothing, while the process is parked.
    Parked,
}

/// The step after a program of a process: the end, or the next program.
enum Next {
    End(Last),
    Upgrade(Run, Option<Slot>),
}

/// The end of the last program of a process.
struct Last {
    outcome: Outcome,
    /// The status that the process passed to `program.exit`.
    status: Option<i32>,
    /// Lines of output that still wait for room.
    lines: Vec<Waiting>,
}

impl<P: Presence> Task<P> {
    /// Runs the process to its end, through all its upgrades.
    #[expect(
        clippy::manual_async_fn,
        reason = "an `async fn` keeps its parameters twice, here for each process"
    )]
    pub(crate) fn run(mut self) -> impl Future<Output = ()> {
        async move {
            self.records().note_start();
            let last = loop {
                match self.run_program().await {
                    Next::End(last) => break last,
                    Next::Upgrade(run, slot) => self.upgrade(run, slot),
                }
            };
            self.end(last).await;
        }
    }

    /// Runs the present program of the process to its end.
    async fn run_program(&mut self) -> Next {
        let shared = &*self.around.shared;
        let control = match &self.runner {
            Runner::Instance(_) | Runner::Parked => Control::default(),
            Runner::Native(_) => Control::without_fiber(),
        };
        let control = Arc::new(control.within(call_span::present()));
        control.cause().set(self.cause);
        let mut woken: Option<Box<Parked>> = None;
        let driven = loop {
            let driven = match &self.runner {
                Runner::Instance(slot) => {
                    // The guest goes into its store at once: a variable for it would make this
                    // future, which each process holds, larger by it.
                    let run = match woken.take() {
                        None => instance::run(slot.pool(), self.guest(&control), None),
                        Some(parked) => {
                            instance::run(slot.pool(), *parked.guest, Some(parked.image))
                        }
                    };
                    Drive::new(shared, Some(&self.process), &control, pin!(run)).await
                }
                Runner::Native(code) => {
                    let guest = self.guest(&control);
                    break NativeDrive::new(shared, &self.process, code, guest).await;
                }
                Runner::Parked => break Driven::Doomed,
            };
            let mut parked = match driven {
                Driven::Finished(Finished {
                    parked: Some(parked),
                    ..
                }) => parked,
                driven => break driven,
            };
            // The slot is free for others.
            self.runner = Runner::Parked;
            // In a box: few processes sleep, and each holds the size of this future.
            let slot = Box::pin(parked.sleep(&self.around, &self.process)).await;
            let Some(slot) = slot else {
                break Driven::Doomed;
            };
            self.runner = Runner::Instance(slot);
            woken = Some(parked);
        };
        self.process.release_memory();
        let unwritten = last_lines::pass_on(shared, &control, !self.first);
        let Driven::Finished(finished) = driven else {
            // The end of a terminated process does not wait for room in the output
            // queue.
            return Next::End(Last {
                outcome: Outcome::Returned(None),
                status: None,
                lines: last_lines::queue_for_room(shared, unwritten).await,
            });
        };
        last_lines::write(shared, unwritten).await;
        self.cause = control.cause().get();
        // Nobody is told of the trap of a process whose end is decided.
        let frames = match self.process.is_doomed() {
            true => Vec::new(),
            false => calls_of(&finished, self.run.program.chunk.is_some()),
        };
        let calls = if frames.is_empty() {
            None
        } else {
            let (host, payer) = (self.process.host(), Some(&*self.process));
            let artifact = self.run.program.artifact.as_ref();
            // In a box: few processes need it, and each holds the size of this future.
            Box::pin(calls::text(shared, host, payer, artifact, frames)).await
        };
        match finish_of(finished, &self.process, calls) {
            Finish::Upgrade(run, slot) => Next::Upgrade(run, slot),
            Finish::End(outcome, status) => Next::End(Last {
                outcome: settled_outcome(outcome, self.process.host().config().max_message),
                status,
                lines: Vec::new(),
            }),
        }
    }

    /// Makes the data of the store for the present program.
    fn guest(&self, control: &Arc<Control>) -> Guest {
        let (shared, process) = (&*self.around.shared, &self.process);
        let judge = shared.judges.judge(
            || Caller {
                pid: Arc::clone(process.text()),
                definition: Arc::clone(&self.run.program.definition.id),
                host: process.host().name().into(),
                node: None,
            },
            &self.inherited.actor,
            &self.inherited.scope,
            &self.inherited.context,
        );
        let pool = match &self.runner {
            Runner::Instance(slot) => Some(Arc::clone(slot.pool())),
            Runner::Native(_) | Runner::Parked => None,
        };
        let mut guest = Guest::new(
            self.around.clone(),
            pool,
            Arc::clone(control),
            Purpose::Process {
                process: Arc::clone(process),
                inherited: Arc::clone(&self.inherited),
                first: self.first,
            },
            self.run.clone(),
            Limits::new(
                shared.host(process.host()).max_memory,
                Payer::Process(Arc::clone(process)),
            ),
            Rights::new(judge),
        );
        guest.keep(self.kept.clone());
        guest
    }

    /// Takes over the next program of the process, and its slot if it has another
    /// one.
    fn upgrade(&mut self, next: Run, slot: Option<Slot>) {
        if let Some(slot) = slot {
            self.runner = Runner::Instance(slot);
        }
        if let Some(kept) = self.kept.take() {
            kept.upgraded();
        }
        self.process.begin_upgrade();
        let given = self.inherited.given(&next.arguments);
        self.process.set_given(given);
        let definition = &next.program.definition.id;
        let kernel = &self.around.shared.kernel;
        kernel.set_definition(&self.process, definition);
        self.run = next;
    }

    /// Ends the process: frees what it held, and then announces its end.
    async fn end(mut self, last: Last) {
        let shared = &self.around.shared;
        let exiting = shared.kernel.exit(&self.process, last.outcome);
        let records = Records {
            shared,
            process: &self.process,
            inherited: &self.inherited,
            run: &self.run,
        };
        records.note_end(exiting.outcome());
        // Memory and slot are free before the end is announced.
        drop(self.runner);
        let outcome = exiting.outcome().map(Arc::clone);
        let by_itself = exiting.failed_by_itself();
        exiting.finish(shared.now());
        if let Some(outcome) = outcome {
            shared.watches.tell(self.process.pid(), &outcome);
            if let Some(remote) = &shared.remote {
                remote.exited(self.process.pid());
            }
            // The failure of the first process is reported as the program's. If a
            // process was terminated or failed through a link, the cause is known.
            if let (false, true, Outcome::Failed(error)) = (self.first, by_itself, &*outcome) {
                records.failure(error);
            }
            let status = last.status;
            self.presence.tell(ProcessEnd { outcome, status });
        }
        for written in last.lines {
            written.await;
        }
        drop(self.presence);
    }

    fn records(&self) -> Records<'_> {
        Records {
            shared: &self.around.shared,
            process: &self.process,
            inherited: &self.inherited,
            run: &self.run,
        }
    }
}
