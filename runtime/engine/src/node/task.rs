//! The task of one process: runs its code through all its upgrades, and reports
//! its end.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;

use warren_kernel::{Error, Host, Outcome, Process, Trace};

use crate::code::definition::{Code, Definition, Grants, Source};
use crate::code::native_code::NativeCode;
use crate::code::program::{Chunk, Program};
use crate::guest::control::Control;
use crate::guest::shared::Shared;
use crate::guest::{
    Guest, Inherited, ProcessEnd, Purpose, Run, Slot, Surroundings, Unwind, settled_outcome,
};
use crate::limits::{Limits, Payer};
use crate::log::{Origin, Record, shortened};
use crate::node::drive::{Drive, Driven};
use crate::node::failures::Failure;
use crate::node::instance::{self, Finished, Want};
use crate::node::native::NativeDrive;
use crate::output::Stream;
use crate::security::{Caller, Rights};

/// The task of a process, before it runs.
pub(crate) struct Task<P> {
    pub(crate) around: Surroundings,
    pub(crate) process: Arc<Process>,
    pub(crate) inherited: Arc<Inherited>,
    pub(crate) first: bool,
    /// The message that the spawner handled, if messages are traced.
    pub(crate) cause: Option<Trace>,
    pub(crate) run: Run,
    pub(crate) place: Place,
    /// Declared last, to be dropped last: the slot is free before the end is
    /// announced.
    pub(crate) presence: P,
}

/// Receives the end of a process. Dropped when the task has ended.
pub(crate) trait Presence {
    /// Tells everyone who waits for the end of the process.
    fn tell(&mut self, end: ProcessEnd);
}

/// The place where the code of a process runs.
pub(crate) enum Place {
    /// An instance.
    Instance(Slot),
    /// The task itself, for a host function process.
    Task(NativeCode),
}

impl<P: Presence> Task<P> {
    /// Runs the process to its end, through all its upgrades.
    pub(crate) async fn run(self) {
        let Task {
            around,
            mut presence,
            process,
            inherited,
            first,
            mut cause,
            mut run,
            mut place,
        } = self;
        let shared = &*around.shared;
        note_in_span(shared, &process, &inherited, &run, || Record::Started);
        let (outcome, status, last_lines) = loop {
            let control = Arc::new(match &place {
                Place::Instance(_) => Control::default(),
                Place::Task(_) => Control::without_fiber(),
            });
            control.cause().set(cause);
            let judge = shared.judges.judge(
                || Caller {
                    pid: Arc::clone(process.text()),
                    definition: Arc::clone(&run.program.definition.id),
                    host: process.host().name().into(),
                },
                &inherited.actor,
                &inherited.scope,
                &inherited.context,
            );
            let pool = match &place {
                Place::Instance(slot) => Some(Arc::clone(slot.pool())),
                Place::Task(_) => None,
            };
            let guest = Guest::new(
                around.clone(),
                pool,
                Arc::clone(&control),
                Purpose::Process {
                    process: Arc::clone(&process),
                    inherited: Arc::clone(&inherited),
                    first,
                },
                run.clone(),
                Limits::new(
                    shared.host(process.host()).max_memory,
                    Payer::Process(Arc::clone(&process)),
                ),
                Rights::new(judge),
            );
            let finished = match &place {
                Place::Instance(slot) => {
                    let guest = pin!(instance::run(slot.pool(), guest));
                    Drive::new(shared, Some(&process), &control, guest).await
                }
                Place::Task(code) => NativeDrive::new(shared, &process, code, guest).await,
            };
            process.release_memory();
            let unwritten = pass_on_last_lines(shared, &control, !first);
            let finished = match finished {
                // The end of a terminated process does not wait for room in the
                // output queue.
                Driven::Doomed => {
                    let queued = queue_for_room(shared, unwritten).await;
                    break (Outcome::Returned(None), None, queued);
                }
                Driven::Finished(finished) => finished,
            };
            write(shared, unwritten).await;
            match end(finished, &process) {
                End::Process(outcome, status) => {
                    let outcome = settled_outcome(outcome, process.host().config().max_message);
                    break (outcome, status, Vec::new());
                }
                End::Upgrade(next, other_slot) => {
                    cause = control.cause().get();
                    place = other_slot.map_or(place, Place::Instance);
                    process.begin_upgrade();
                    process.set_given(inherited.given(&next.arguments));
                    let definition = &next.program.definition.id;
                    shared.kernel.set_definition(&process, definition);
                    run = next;
                }
            }
        };
        let exiting = shared.kernel.exit(&process, outcome);
        note_in_span(shared, &process, &inherited, &run, || {
            Record::Ended(shortened(ending(exiting.outcome()).to_owned()))
        });
        // Memory and slot are free before the end is announced.
        drop(place);
        let outcome = exiting.outcome().map(Arc::clone);
        // A process that was terminated or failed through a link is not logged: the
        // cause is known.
        let by_itself = exiting.failed_by_itself();
        exiting.finish(shared.now());
        if let (false, true, Some(outcome)) = (first, by_itself, &outcome) {
            report_failure(shared, &process, &inherited, &run, outcome);
        }
        if let Some(outcome) = outcome {
            presence.tell(ProcessEnd { outcome, status });
        }
        for written in last_lines {
            written.await;
        }
        drop(presence);
    }
}

/// A short text for the end of a process, for the log.
fn ending(outcome: Option<&Arc<Outcome>>) -> &str {
    match outcome.map(|outcome| &**outcome) {
        Some(Outcome::Returned(_)) => "returned",
        Some(Outcome::Failed(error)) => &error.message,
        None => "ended before",
    }
}

/// Logs a failure, which perhaps no process watches. The failure of the first
/// process is not logged here: it is reported as the program's.
fn report_failure(
    shared: &Shared,
    process: &Process,
    inherited: &Inherited,
    run: &Run,
    outcome: &Outcome,
) {
    let Outcome::Failed(error) = outcome else {
        return;
    };
    if tracing::enabled!(target: "warren::process", tracing::Level::WARN) {
        let record = Record::Failed(shortened(error.to_string()));
        let origin = origin(process, inherited, run);
        shared.log(Some(process), origin, record);
    }
}

/// Logs the start and the end of a process, if spans are wanted.
fn note_in_span(
    shared: &Shared,
    process: &Process,
    inherited: &Inherited,
    run: &Run,
    record: impl FnOnce() -> Record,
) {
    if tracing::enabled!(target: "warren::span", tracing::Level::DEBUG) {
        let origin = origin(process, inherited, run);
        shared.log(Some(process), origin, record());
    }
}

fn origin(process: &Process, inherited: &Inherited, run: &Run) -> Origin {
    Origin {
        pid: Arc::clone(process.text()),
        frame: Arc::clone(&inherited.frame),
        definition: Arc::clone(&run.program.definition.id),
    }
}

enum End {
    Process(Outcome, Option<i32>),
    Upgrade(Run, Option<Slot>),
}

fn end(finished: Finished, process: &Process) -> End {
    let limit = finished
        .memory_refused
        .map(|spent| spent.explanation(process.host().name()));
    match finished.result {
        Ok(()) => {
            let mut outcome = finished.outcome.unwrap_or(Outcome::Returned(None));
            if let (Outcome::Failed(error), Some(limit)) = (&mut outcome, limit)
                && finished.want != Want::Unknown
            {
                explain(error, finished.want, &limit);
            }
            End::Process(outcome, None)
        }
        Err(error) => match error.downcast::<Unwind>() {
            Ok(Unwind::Upgrade(run, slot)) => End::Upgrade(run, slot),
            Ok(Unwind::Exit(0)) => End::Process(Outcome::Returned(None), Some(0)),
            Ok(Unwind::Exit(status)) => {
                let error = Error::internal(format!("exited with status {status}"));
                End::Process(Outcome::Failed(Box::new(error)), Some(status))
            }
            Err(trap) => {
                // A guest that knows the reason of its trap has called
                // `program.fail` before.
                let mut error = match finished.outcome {
                    Some(Outcome::Failed(error)) => *error,
                    _ => instance::failure(&trap),
                };
                if let Some(limit) = limit {
                    explain(&mut error, finished.want, &limit);
                }
                End::Process(Outcome::Failed(Box::new(error)), None)
            }
        },
    }
}

/// Adds the memory limit to an error that it certainly or possibly caused.
fn explain(error: &mut Error, want: Want, limit: &str) {
    let joint = match want {
        Want::Said => ":",
        Want::Likely | Want::Unknown => "; the process was refused memory:",
    };
    error.message = format!("{}{joint} {limit}", error.message);
}

/// Passes on the last incomplete lines of a process. If `complete`, appends a
/// newline, so that the line does not run into a line of another process; the
/// output of the first process is not changed.
///
/// Returns the lines that had no room in the queue.
fn pass_on_last_lines(
    shared: &Shared,
    control: &Control,
    complete: bool,
) -> Vec<(Stream, Vec<u8>)> {
    let mut unwritten = Vec::new();
    for stream in [Stream::Stdout, Stream::Stderr] {
        let line = match complete {
            true => control.finish_line(stream),
            false => control.take_line(stream),
        };
        if let Some(line) = line {
            let rest = shared.output.try_write(stream, line).err();
            unwritten.extend(rest.map(|line| (stream, line)));
        }
    }
    unwritten
}

/// A line that waits for room in the queue of its stream.
type Waiting = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Queues the last lines of a process for room in the output, ahead of later output
/// about its end.
async fn queue_for_room(shared: &Shared, lines: Vec<(Stream, Vec<u8>)>) -> Vec<Waiting> {
    let mut queued = Vec::new();
    for (stream, line) in lines {
        let mut written: Waiting = Box::pin(Arc::clone(&shared.output).write_left(stream, line));
        // The first poll takes a position in the queue.
        if poll_fn(|cx| Poll::Ready(written.as_mut().poll(cx)))
            .await
            .is_pending()
        {
            queued.push(written);
        }
    }
    queued
}

/// Writes lines when there is room for them.
async fn write(shared: &Shared, lines: Vec<(Stream, Vec<u8>)>) {
    for (stream, line) in lines {
        shared.output.write(stream, line).await;
    }
}

/// Has an interpreter prepare a source, in an instance of its own.
///
/// # Errors
///
/// The interpreter's error for the source, or the trap of the interpreter.
pub(crate) async fn prepare(
    around: Surroundings,
    slot: Slot,
    host: Arc<Host>,
    interpreter: Arc<crate::code::artifact::Artifact>,
    source: Chunk,
) -> Result<Arc<[u8]>, Failure> {
    let shared = Arc::clone(&around.shared);
    let name = Arc::clone(&source.name);
    let control = Arc::new(Control::default());
    let definition = Definition {
        id: Arc::clone(&name),
        code: Code::Lua(Source {
            name: Arc::clone(&name),
            bytes: Arc::clone(&source.code),
        }),
        method: "prepare".into(),
        host: None,
        grants: Arc::new(Grants::default()),
    };
    let program = Program {
        grants: Arc::clone(&definition.grants),
        definition: Arc::new(definition),
        artifact: Some(interpreter),
        chunk: Some(Arc::new(source)),
    };
    let guest = Guest::new(
        around,
        Some(Arc::clone(slot.pool())),
        Arc::clone(&control),
        Purpose::Prepare { prepared: None },
        Run {
            program: Arc::new(program),
            arguments: Arc::from(crate::codec::NO_VALUES),
        },
        shared.limits_of(&host),
        Rights::new(None),
    );
    let finished = {
        let guest = pin!(instance::run(slot.pool(), guest));
        Drive::new(&shared, None, &control, guest).await
    };
    write(&shared, pass_on_last_lines(&shared, &control, true)).await;
    let Driven::Finished(finished) = finished else {
        let stopped = Error::internal(format!("{name}: preparing was stopped"));
        return Err(stopped.into());
    };
    // Not lasting: it may succeed when the host has more memory left.
    let wanted_memory = finished.memory_refused.is_some();
    let failure = |error| match wanted_memory {
        true => Failure::from(error),
        false => Failure::of_code(error),
    };
    match (finished.prepared, finished.result) {
        (Some(prepared), Ok(())) => prepared.map_err(|error| failure(*error)),
        (None, Ok(())) => {
            let nothing = Error::internal(format!("{name}: the interpreter prepared nothing"));
            Err(nothing.into())
        }
        (_, Err(trap)) => {
            let error = instance::failure(&trap);
            let mut refused =
                Error::invalid(format!("{name}: the source cannot be prepared: {error}"));
            refused.details = error.details;
            Err(failure(refused))
        }
    }
}
