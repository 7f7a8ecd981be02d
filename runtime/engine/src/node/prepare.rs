//! Has an interpreter prepare a source, in an instance of its own.

use std::sync::Arc;

use warren_kernel::{Details, Error, Host, Kind, text};

use super::failures::Failure;
use super::last_lines;
use super::outcome::explain;
use super::scratch::{self, Call};
use crate::code::artifact::Artifact;
use crate::code::definition::{Code, Source};
use crate::code::program::Chunk;
use crate::codec::{self, reader};
use crate::guest::control::Control;
use crate::guest::{Purpose, Slot, Surroundings};
use crate::node::drive::Driven;
use crate::node::instance::{self, Finished, Want};

/// Has an interpreter prepare a source, in an instance of its own.
///
/// # Errors
///
/// The interpreter's error for the source, or the trap of the interpreter. If memory was
/// refused, that of the limit, as at the end of a process.
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
        Driven::Finished(finished) => prepared(finished, host.name(), &file, &name),
        Driven::Doomed => Err(Error::internal(format!("{name}: preparing was stopped")).into()),
    }
}

/// Makes fields of the runtime of the details that an interpreter gives its error: a map of
/// `file` and `line`, or one of `limit` and `value`. The interpreter knows the file by the name
/// that stands in messages.
fn with_fields(error: Error, file: &str, name: &str) -> Error {
    let Some(Details::Encoded(details)) = &error.details else {
        return error;
    };
    let number = |field: &[u8]| codec::read(field).ok().and_then(|number| number.as_u64());
    let (mut is_its, mut line) = (false, None);
    let (mut limit, mut most) = (None, None);
    for (key, field) in reader::entries(details).into_iter().flatten() {
        match reader::text(key) {
            Some("file") => is_its = reader::text(field) == Some(name),
            Some("line") => line = number(field),
            Some("limit") => limit = reader::text(field).map(str::to_owned),
            Some("value") => most = number(field),
            _ => {}
        }
    }
    let plain = |error: Error| Error {
        details: None,
        ..error
    };
    match (line, limit.zip(most)) {
        (Some(line), _) if is_its => plain(error).with("file", file).with("line", line),
        (_, Some((limit, most))) => plain(error).with("limit", limit).with("value", most),
        _ => error,
    }
}

/// Returns the code that the instance has prepared from a file, which has a name in messages.
fn prepared(finished: Finished, host: &str, file: &str, name: &str) -> Result<Arc<[u8]>, Failure> {
    let (spent, mut want) = (finished.memory_refused, finished.want);
    let (mut error, trapped) = match (finished.prepared, finished.result) {
        (Some(Ok(code)), Ok(())) => return Ok(code),
        (Some(Err(error)), result) => {
            // An interpreter has one task, and reports mistakes of the source as `Invalid`:
            // an own failure behind a refused growth is for want of memory. No code of a
            // program runs here that could pass another failure off as one.
            if want == Want::Likely && error.kind == Kind::Internal {
                want = Want::Said;
            }
            (with_fields(*error, file, name), result.is_err())
        }
        (None, Ok(())) => {
            let message = "the interpreter called neither `prepared` nor `fail`";
            (Error::internal(format!("{name}: {message}")), false)
        }
        (_, Err(trap)) => (instance::failure(&trap), true),
    };
    // Callers take the error for one of the runtime, which always tells.
    error.retryable.get_or_insert(false);
    let at_limit = spent.is_some_and(|spent| explain(&mut error, (want, trapped), spent, host));
    if trapped || at_limit {
        error.message = format!("{name}: the source cannot be prepared: {error}");
        // The message begins with other texts now.
        error.contexts = Box::default();
    }
    if trapped && !at_limit {
        // Other sources can be prepared.
        error.kind = Kind::Invalid;
        error.retryable = Some(false);
    }
    Err(match spent {
        // Not lasting: it may succeed when the host has more memory left.
        Some(_) => Failure::from(error),
        None => Failure::of_code(error),
    })
}
