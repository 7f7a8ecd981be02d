//! Errors that nobody looks at.

use std::ffi::c_int;

use warren_values::kind;

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

/// Warns of the error on top of the stack, where the caller of a function takes no results.
/// Raises without memory.
pub(crate) fn tell_discarded(l: State, function: &str) {
    warn(l, function);
}

/// The same as [`check_taken`] for all values on the stack, the results of what the function `name` has called;
/// of several the first is nil and the last an error.
pub(crate) fn check_all_taken(l: State, name: &str) -> c_int {
    let results = l.top();
    if results > 1 && l.is_nil(1) {
        warn(l, name);
    }
    results
}

/// The same for a function that stops something, which may end by right before.
pub(crate) fn check_all_stopped(l: State, name: &str) -> c_int {
    let has_ended = |kind| errors::is_of_kind(l, -1, kind);
    if l.top() > 1 && (has_ended(kind::NOT_FOUND) || has_ended(kind::UNAVAILABLE)) {
        return l.top();
    }
    check_all_taken(l, name)
}

/// The same for a function whose first result is an object that has failed already, and
/// whose second one is then the error, which is left out here.
pub(crate) fn check_first_taken(l: State, name: &str) -> c_int {
    if l.is_nil(1) {
        return check_all_taken(l, name);
    }
    if l.top() > 1 && !l.is_nil(-1) {
        warn(l, name);
    }
    l.set_top(1);
    1
}

/// `discarded(name, ...)`: returns the further arguments, which the function `name` returns
/// by a call of this one in their place, and warns as [`check_all_taken`] does.
pub(crate) extern "C-unwind" fn discarded(l: State) -> c_int {
    l.push_value(1);
    l.remove(1);
    let name = l.top();
    // The name lies above the results.
    let results = name - 1;
    if results > 1 && l.is_nil(1) && errors::is_error(l, results) {
        l.push_value(results);
        l.with_bytes(name, |bytes| warn(l, text_of(bytes)));
    }
    l.set_top(results);
    results
}

/// The name of a function, which is text.
pub(crate) fn text_of(name: Option<&[u8]>) -> &str {
    str::from_utf8(name.unwrap_or_default()).unwrap_or_default()
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
