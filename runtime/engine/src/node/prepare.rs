//! Has an interpreter prepare a source, in an instance of its own.

use std::sync::Arc;

use warren_kernel::{Error, Host};

use super::failures::Failure;
use super::last_lines;
use super::scratch::{self, Call};
use crate::code::artifact::Artifact;
use crate::code::definition::{Code, Source};
use crate::code::program::Chunk;
use crate::guest::control::Control;
use crate::guest::{Purpose, Slot, Surroundings};
use crate::node::drive::Driven;
use crate::node::instance::{self, Finished};

/// Has an interpreter prepare a source, in an instance of its own.
///
/// # Errors
///
/// The interpreter's error for the source, or the trap of the interpreter.
pub(super) async fn prepare(
    around: Surroundings,
    slot: Slot,
    host: Arc<Host>,
    interpreter: Arc<Artifact>,
    source: Chunk,
) -> Result<Arc<[u8]>, Failure> {
    let shared = Arc::clone(&around.shared);
    let name = Arc::clone(&source.name);
    let control = Arc::new(Control::default());
    let purpose = Purpose::Prepare { prepared: None };
    let call = Call {
        name: Arc::clone(&name),
        code: Code::Lua(Source {
            name: Arc::clone(&name),
            bytes: Arc::clone(&source.code),
        }),
        export: "prepare",
        artifact: interpreter,
        chunk: Some(Arc::new(source)),
    };
    let driven = scratch::run(around, slot, &host, &control, purpose, call).await;
    let lines = last_lines::pass_on(&shared, &control, true);
    last_lines::write(&shared, lines).await;
    match driven {
        Driven::Finished(finished) => prepared(finished, &name),
        Driven::Doomed => Err(Error::internal(format!("{name}: preparing was stopped")).into()),
    }
}

/// Returns the code that the instance has prepared.
fn prepared(finished: Finished, name: &str) -> Result<Arc<[u8]>, Failure> {
    // Not lasting: it may succeed when the host has more memory left.
    let wanted_memory = finished.memory_refused.is_some();
    let failure = |error| match wanted_memory {
        true => Failure::from(error),
        false => Failure::of_code(error),
    };
    match (finished.prepared, finished.result) {
        (Some(prepared), Ok(())) => prepared.map_err(|error| failure(*error)),
        (None, Ok(())) => {
            let message = "the interpreter called neither `prepared` nor `fail`";
            Err(Error::internal(format!("{name}: {message}")).into())
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
