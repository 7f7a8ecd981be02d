//! Has an interpreter prepare a source, in an instance of its own.

use std::pin::pin;
use std::sync::Arc;

use warren_kernel::{Error, Host};

use super::failures::Failure;
use super::last_lines;
use crate::code::artifact::Artifact;
use crate::code::definition::{Code, Definition, Grants, Source};
use crate::code::program::{Chunk, Program};
use crate::guest::control::Control;
use crate::guest::{Guest, Purpose, Run, Slot, Surroundings};
use crate::node::drive::{Drive, Driven};
use crate::node::instance::{self, Finished};
use crate::security::Rights;

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
    let guest = Guest::new(
        around,
        Some(Arc::clone(slot.pool())),
        Arc::clone(&control),
        Purpose::Prepare { prepared: None },
        Run {
            program: Arc::new(program(interpreter, source)),
            arguments: Arc::from(crate::codec::NO_VALUES),
        },
        shared.limits_of(&host),
        Rights::new(None),
    );
    let driven = {
        let guest = pin!(instance::run(slot.pool(), guest));
        Drive::new(&shared, None, &control, guest).await
    };
    let lines = last_lines::pass_on(&shared, &control, true);
    last_lines::write(&shared, lines).await;
    match driven {
        Driven::Finished(finished) => prepared(finished, &name),
        Driven::Doomed => Err(Error::internal(format!("{name}: preparing was stopped")).into()),
    }
}

/// Makes the program that has the interpreter prepare this source.
fn program(interpreter: Arc<Artifact>, source: Chunk) -> Program {
    let grants = Arc::new(Grants::default());
    Program {
        definition: Arc::new(Definition {
            id: Arc::clone(&source.name),
            code: Code::Lua(Source {
                name: Arc::clone(&source.name),
                bytes: Arc::clone(&source.code),
            }),
            method: "prepare".into(),
            host: None,
            grants: Arc::clone(&grants),
        }),
        grants,
        artifact: Some(interpreter),
        chunk: Some(Arc::new(source)),
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
