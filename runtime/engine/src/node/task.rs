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
    Ended, Guest, Inherited, Purpose, Run, Slot, Surroundings, Unwind, settled_outcome,
};
use crate::limits::{Limits, Payer};
use crate::log::{Origin, Record, shortened};
use crate::node::drive::{Drive, Driven};
use crate::node::failures::Failure;
use crate::node::instance::{self, Finished, Want};
use crate::node::native::NativeDrive;
use crate::output::Stream;
use crate::security::{Caller, Rights};

/// Everything a process starts with.
pub(crate) struct Task<P> {
    pub(crate) around: Surroundings,
    pub(crate) process: Arc<Process>,
    pub(crate) inherited: Arc<Inherited>,
    pub(crate) first: bool,
    /// What its spawner handled.
    pub(crate) cause: Option<Trace>,
    pub(crate) run: Run,
    pub(crate) place: Place,
    /// The last, as who hears of the end may have the place.
    pub(crate) presence: P,
}

/// Hears how a process ended. Dropped when the task has ended.
pub(crate) trait Presence {
    /// Tells those who wait for the end of the process.
    fn tell(&mut self, ended: Ended);
}

/// What the code of a process runs in.
pub(crate) enum Place {
    /// An instance.
    Instance(Slot),
    /// The task itself, for native code.
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
            let judge = shared.judges().judge(
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
                // Its end waits for nothing.
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
                    shared.kernel().set_definition(&process, definition);
                    run = next;
                }
            }
        };
        let exiting = shared.kernel().exit(&process, outcome);
        note_in_span(shared, &process, &inherited, &run, || {
            Record::Ended(shortened(ending(exiting.outcome()).to_owned()))
        });
        // Memory and place are free before anyone hears of the end.
        drop(place);
        let outcome = exiting.outcome().map(Arc::clone);
        // Who terminated a process, or failed and took its links along, is known.
        let by_itself = exiting.failed_by_itself();
        exiting.finish(shared.now());
        if let (false, true, Some(outcome)) = (first, by_itself, &outcome) {
            report_failure(shared, &process, &inherited, &run, outcome);
        }
        if let Some(outcome) = outcome {
            presence.tell(Ended { outcome, status });
        }
        for written in last_lines {
            written.await;
        }
        drop(presence);
    }
}

/// The end of a process, in a word or what was wrong.
fn ending(outcome: Option<&Arc<Outcome>>) -> &str {
    match outcome.map(|outcome| &**outcome) {
        Some(Outcome::Returned(_)) => "returned",
        Some(Outcome::Failed(error)) => &error.message,
        None => "ended before",
    }
}

/// Leaves a trace of a failure that perhaps nobody watches. The first
/// process's is the program's, and reported as that.
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

/// Adds a record for those who follow processes from their start to their end.
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
                // A guest that knows why it traps has said so before.
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

/// Names the limit of memory in an error that it explains, or may explain.
fn explain(error: &mut Error, want: Want, limit: &str) {
    let joint = match want {
        Want::Said => ":",
        Want::Likely | Want::Unknown => "; it was refused memory:",
    };
    error.message = format!("{}{joint} {limit}", error.message);
}

/// What a process has not ended with a newline gets one, so that it never runs
/// into a line of another; the output of the first process is left as it is.
///
/// What comes back had no room in the queue yet.
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
            let rest = shared.output().try_write(stream, line).err();
            unwritten.extend(rest.map(|line| (stream, line)));
        }
    }
    unwritten
}

/// A line that waits for room in the queue of its stream.
type Waiting = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Has the last lines of a process wait for room, and so before what others print
/// of its end.
async fn queue_for_room(shared: &Shared, lines: Vec<(Stream, Vec<u8>)>) -> Vec<Waiting> {
    let mut queued = Vec::new();
    for (stream, line) in lines {
        let mut written: Waiting = Box::pin(Arc::clone(shared.output()).write_left(stream, line));
        // The first poll takes its turn among those who wait.
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
        shared.output().write(stream, line).await;
    }
}

/// Has an interpreter make prepared code of a source, in an instance of its
/// own.
///
/// # Errors
///
/// What the interpreter says is wrong with the source.
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
    // With more memory left in its host, it may succeed.
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
