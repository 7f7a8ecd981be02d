//! Errors that nobody looks at.

use std::ffi::c_int;

use super::place::Call;
use crate::errors;
use crate::lua::State;

/// Warns where the results of a function, on top of the stack, are nil and an error, and
/// its caller takes none. Returns their number. Raises
/// without memory.
#[inline]
pub(crate) fn check_taken(l: State, results: c_int, function: &str) -> c_int {
    if results == 2 && l.is_nil(-2) {
        warn(l, function);
    }
    results
}

// Never inlined: the frames of its callers are on the one page of the stack that a
// process writes to.
#[cold]
#[inline(never)]
fn warn(l: State, function: &str) {
    if !errors::is_error(l, -1) {
        return;
    }
    let Some(call) = Call::find(l, true) else {
        return;
    };
    errors::push_message(l, -1);
    let error = l.lossy(-1).unwrap_or_default();
    l.pop(1);
    call.warn(&format!(
        "the error of {function} is discarded: {error}; look at its results, for example with \
         assert"
    ));
}
