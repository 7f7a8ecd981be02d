//! The outcome of a process, made of the end of its instance.

use warren_kernel::{Error, Kind, Outcome, Process, Spent, Which};

use crate::code::symbols::Frame;
use crate::guest::{Run, Slot, Unwind};
use crate::node::instance::{self, Finished, Want};

/// The meaning of an instance's end for its process.
pub(super) enum Finish {
    /// The process ends, with the status that it passed to `program.exit`.
    End(Outcome, Option<i32>),
    /// The process goes on with this run. The slot is present if the new code needs
    /// one of another shape.
    Upgrade(Run, Option<Slot>),
}

/// Returns the calls of a trap that the process ends with, the innermost first. The calls of
/// an interpreter are of no use beside the error that it gave.
pub(super) fn calls_of(finished: &Finished, is_interpreter: bool) -> Vec<Frame> {
    let gave_error = matches!(finished.outcome, Some(Outcome::Failed(_)));
    let are_shown = !(is_interpreter && gave_error);
    match &finished.result {
        Err(trap) if are_shown && !trap.is::<Unwind>() => instance::calls(trap),
        _ => Vec::new(),
    }
}

/// Returns the meaning of an instance's end for its process. `calls` is the text of the calls
/// of a trap.
pub(super) fn finish_of(finished: Finished, process: &Process, calls: Option<String>) -> Finish {
    let host = process.host().name();
    let spent = finished.memory_refused;
    match finished.result {
        Ok(()) => {
            let mut outcome = finished.outcome.unwrap_or(Outcome::Returned(None));
            if let (Outcome::Failed(error), Some(spent)) = (&mut outcome, spent) {
                explain(error, (finished.want, false), spent, host);
            }
            Finish::End(outcome.in_host(host), None)
        }
        Err(error) => match error.downcast::<Unwind>() {
            Ok(Unwind::Upgrade(run, slot)) => Finish::Upgrade(run, slot),
            Ok(Unwind::Exit(0)) => Finish::End(Outcome::Returned(None), Some(0)),
            Ok(Unwind::Exit(status)) => {
                // A guest that knows the reason has called `program.fail` before.
                let mut error = match finished.outcome {
                    Some(Outcome::Failed(error)) => *error,
                    _ => Error::internal(format!("exited with status {status}")),
                };
                // A command of WASI exits when it runs out of memory.
                if let Some(spent) = spent {
                    explain(&mut error, (finished.want, false), spent, host);
                }
                Finish::End(Outcome::Failed(Box::new(error)).in_host(host), Some(status))
            }
            Err(trap) => {
                // A guest that knows the reason of its trap has called
                // `program.fail` before.
                let mut error = match finished.outcome {
                    Some(Outcome::Failed(error)) => *error,
                    _ => instance::failure(&trap),
                };
                if let Some(spent) = spent {
                    explain(&mut error, (finished.want, true), spent, host);
                }
                if let Some(calls) = calls {
                    add_calls(&mut error, &calls);
                }
                Finish::End(Outcome::Failed(Box::new(error)).in_host(host), None)
            }
        },
    }
}

/// Adds the calls of a trap to the stack that the guest gave, if it gave one.
fn add_calls(error: &mut Error, calls: &str) {
    let mut stack = error.stack.take().unwrap_or_default();
    if !stack.is_empty() && !stack.ends_with('\n') {
        stack.push('\n');
    }
    stack.push_str("stack traceback:\n");
    stack.push_str(calls);
    error.stack = Some(stack);
}

/// Adds the memory limit to an error that it certainly or possibly caused. The error is that
/// of a limit if the guest says that it ran out of memory, or traps once it was refused
/// memory; `explain` returns true then. A guest that goes on, and ends with an error of its
/// own, keeps the kind.
pub(super) fn explain(
    error: &mut Error,
    (want, trapped): (Want, bool),
    spent: Spent,
    host: &str,
) -> bool {
    if want == Want::Unknown && !trapped {
        return false;
    }
    let limit = spent.limit_of(host);
    let joint = match want {
        Want::Said => ":",
        Want::Likely | Want::Unknown => "; it was refused memory:",
    };
    error.message = format!("{}{joint} {limit}", error.message);
    if want == Want::Unknown {
        return false;
    }
    let at_limit = spent.error(host, "the process");
    let is_at_limit = error.kind == Kind::Internal && (trapped || want == Want::Said);
    if is_at_limit {
        error.kind = at_limit.kind;
        // A process that does the same again will need as much again.
        error.retryable = Some(spent.which != Which::Process);
    }
    if error.details.is_none() {
        error.details = at_limit.details;
    }
    is_at_limit
}
