//! Reads the stack in a copy of a process's memory.

use std::sync::Arc;

use super::scratch::{self, Call};
use crate::code::definition::{Code, Source};
use crate::guest::control::Control;
use crate::guest::stacks::Sight;
use crate::guest::{Purpose, Slot, Surroundings};
use crate::node::drive::Driven;
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
    let name: Arc<str> = "traceback".into();
    let call = Call {
        name: Arc::clone(&name),
        code: Code::Wasm(Source {
            name,
            bytes: Arc::default(),
        }),
        export: "traceback",
        artifact: Arc::clone(artifact),
        chunk: None,
    };
    let purpose = Purpose::Explain {
        sight: Arc::clone(&sight),
        text: None,
    };
    let control = Arc::new(Control::default());
    let driven = scratch::run(around, slot, &host, &control, purpose, call).await;
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
