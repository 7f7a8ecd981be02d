//! The outcome of a process, made of the end of its instance.

use warren_kernel::{Error, Outcome, Process};

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

/// Returns the meaning of an instance's end for its process.
pub(super) fn finish_of(finished: Finished, process: &Process) -> Finish {
    let limit = finished
        .memory_refused
        .map(|spent| spent.limit_of(process.host().name()));
    match finished.result {
        Ok(()) => {
            let mut outcome = finished.outcome.unwrap_or(Outcome::Returned(None));
            if let (Outcome::Failed(error), Some(limit)) = (&mut outcome, limit)
                && finished.want != Want::Unknown
            {
                explain(error, finished.want, &limit);
            }
            Finish::End(outcome, None)
        }
        Err(error) => match error.downcast::<Unwind>() {
            Ok(Unwind::Upgrade(run, slot)) => Finish::Upgrade(run, slot),
            Ok(Unwind::Exit(0)) => Finish::End(Outcome::Returned(None), Some(0)),
            Ok(Unwind::Exit(status)) => {
                let error = Error::internal(format!("exited with status {status}"));
                Finish::End(Outcome::Failed(Box::new(error)), Some(status))
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
                Finish::End(Outcome::Failed(Box::new(error)), None)
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
