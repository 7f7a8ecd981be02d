//! Time zones. Their data are the runtime's; a zone keeps the last answer.

use std::cell::Cell;
use std::ffi::c_int;

use warren_guest::capability::{self, Called};
use warren_guest::msgpack::{Full, Malformed, Output};

use crate::calendar::{Rule, Span};
use crate::exchange;
use crate::interpreter::interpreter;
use crate::lua::State;

/// Pushes a location without a name with the span of a zone at an instant; or nil and an
/// error, NOT_FOUND where there is no such zone. Returns the number of these values.
pub(super) fn push(l: State, name: &str, at: i64) -> c_int {
    exchange::call(l, Some(build), |buffer| {
        let mut request = Output::new();
        // A request that is not whole is refused by the runtime.
        let _ = write(&mut request, name, at);
        match capability::call(OPERATION, request.as_slice(), buffer)? {
            Called::Value(bytes) => Ok(bytes),
            Called::Handle(_) => Ok(&[]),
        }
    })
}

/// Returns the span of a zone at an instant; `None` where the runtime does not say.
pub(super) fn lookup(l: State, name: &str, at: i64) -> Option<Span> {
    let interpreter = interpreter(l);
    let mut buffer = interpreter.buffer.take();
    let mut request = Output::new();
    let _ = write(&mut request, name, at);
    let span = match capability::call(OPERATION, request.as_slice(), &mut buffer) {
        Ok(Called::Value(bytes)) => Span::read(bytes).ok(),
        _ => None,
    };
    interpreter.buffer.set(buffer);
    span
}

const OPERATION: &str = "time.zone";

fn write(request: &mut Output, name: &str, at: i64) -> Result<(), Full> {
    request.array(2)?;
    request.string(name.as_bytes())?;
    request.integer(at)
}

/// Builds the location of a zone that the runtime has answered for, without a name.
fn build(l: State, bytes: &[u8]) -> Result<c_int, Malformed> {
    let rule = Rule::Zone(Cell::new(Span::read(bytes)?));
    interpreter(l).classes.get().location.push(l, rule, 1);
    Ok(1)
}
