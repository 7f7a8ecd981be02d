//! Reads the stack in a copy of a process's memory.

use std::pin::pin;
use std::sync::Arc;

use crate::code::definition::{Code, Definition, Grants, Source};
use crate::code::program::Program;
use crate::guest::control::Control;
use crate::guest::stacks::Sight;
use crate::guest::{Guest, Purpose, Run, Slot, Surroundings};
use crate::node::drive::{Drive, Driven};
use crate::node::instance;
use crate::security::Rights;
use warren_kernel::{Error, Host};

/// Runs the `traceback` of a process's code on the copied memory, in a new
/// instance. The text is empty if `traceback` cannot tell the place.
///
/// # Errors
///
/// `Unavailable` if there is no memory for the instance, or `traceback` traps or takes
/// too long, as it may where the memory was copied in the middle of a change.
pub(crate) async fn explain(
    around: Surroundings,
    slot: Slot,
    host: Arc<Host>,
    sight: Arc<Sight>,
) -> Result<String, Error> {
    let Sight::Memory { artifact, .. } = &*sight else {
        return Ok(String::new());
    };
    let shared = Arc::clone(&around.shared);
    let control = Arc::new(Control::default());
    let guest = Guest::new(
        around,
        Some(Arc::clone(slot.pool())),
        Arc::clone(&control),
        Purpose::Explain {
            sight: Arc::clone(&sight),
            text: None,
        },
        Run {
            program: Arc::new(program(Arc::clone(artifact))),
            arguments: Arc::from(crate::codec::NO_VALUES),
        },
        shared.limits_of(&host),
        Rights::new(None),
    );
    let driven = {
        let guest = pin!(instance::run(slot.pool(), guest));
        Drive::new(&shared, None, &control, guest).await
    };
    match driven {
        Driven::Finished(finished) => match (finished.text, finished.result) {
            (Some(text), Ok(())) => Ok(text),
            (_, Err(error)) => Err(unreadable(&error.to_string())),
            (None, Ok(())) => Err(unreadable("the guest's `traceback` returned no text")),
        },
        Driven::Doomed => Err(unreadable("reading was stopped")),
    }
}

fn unreadable(why: &str) -> Error {
    let message = format!("cannot read the stack: {why}");
    Error::new(warren_kernel::Kind::Unavailable, message)
}

fn program(artifact: Arc<crate::code::artifact::Artifact>) -> Program {
    let name: Arc<str> = "traceback".into();
    let grants = Arc::new(Grants::default());
    Program {
        definition: Arc::new(Definition {
            id: Arc::clone(&name),
            code: Code::Wasm(Source {
                name,
                bytes: Arc::default(),
            }),
            method: "traceback".into(),
            host: None,
            grants: Arc::clone(&grants),
        }),
        grants,
        artifact: Some(artifact),
        chunk: None,
    }
}
