//! Has an interpreter prepare a source, in an instance of its own.

use std::sync::Arc;

use warren_kernel::{Details, Error, Host, text};

use super::failures::Failure;
use super::last_lines;
use super::scratch::{self, Call};
use crate::code::artifact::Artifact;
use crate::code::definition::{Code, Source};
use crate::code::program::Chunk;
use crate::codec::{self, reader};
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
    let file = Arc::clone(&source.name);
    // The name stands in messages and stacks, each place on a line of its own.
    let name: Arc<str> = text::line(&*file).to_string().into();
    let source = Chunk {
        name: Arc::clone(&name),
        ..source
    };
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
        Driven::Finished(finished) => prepared(finished, &file, &name),
        Driven::Doomed => Err(Error::internal(format!("{name}: preparing was stopped")).into()),
    }
}

/// Makes fields of the runtime of the place that an interpreter tells in the details of its
/// error, a map of `file` and `line`. It knows the file by the name that stands in messages.
fn with_place(error: Error, file: &str, name: &str) -> Error {
    let Some(Details::Encoded(details)) = &error.details else {
        return error;
    };
    let (mut is_its, mut line) = (false, None);
    for (key, value) in reader::entries(details).into_iter().flatten() {
        match reader::text(key) {
            Some("file") => is_its = reader::text(value) == Some(name),
            Some("line") => line = codec::read(value).ok().and_then(|line| line.as_u64()),
            _ => {}
        }
    }
    let (true, Some(line)) = (is_its, line) else {
        return error;
    };
    let details = None;
    Error { details, ..error }
        .with("file", file)
        .with("line", line)
}

/// Returns the code that the instance has prepared from a file, which has a name in messages.
fn prepared(finished: Finished, file: &str, name: &str) -> Result<Arc<[u8]>, Failure> {
    // Not lasting: it may succeed when the host has more memory left.
    let wanted_memory = finished.memory_refused.is_some();
    let failure = |error| match wanted_memory {
        true => Failure::from(error),
        false => Failure::of_code(error),
    };
    match (finished.prepared, finished.result) {
        (Some(prepared), Ok(())) => {
            prepared.map_err(|error| failure(with_place(*error, file, name)))
        }
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
