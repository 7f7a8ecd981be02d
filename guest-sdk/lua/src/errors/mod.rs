//! Structured errors: userdata with user values. [`library`] has the functions and
//! methods that programs see.

mod details;
mod frames;
mod library;
mod raise;

use std::ffi::{CStr, c_int};
use std::fmt;

use mlua_sys::LUA_TSTRING;
use warren_values::kind;

use crate::interpreter::{interpreter, push_text};
use crate::lua::State;

pub(crate) use library::{open, wrap_by_top};
pub(crate) use raise::error;

/// The user values of an error. The first five are those of the wire, in its order.
pub(crate) mod part {
    use std::ffi::c_int;

    pub(crate) const KIND: c_int = 1;
    /// The whole text: the contexts, and the message within.
    pub(crate) const MESSAGE: c_int = 2;
    pub(crate) const RETRYABLE: c_int = 3;
    pub(crate) const DETAILS: c_int = 4;
    /// Frames of Lua, a line each, or the traceback of a failed process.
    pub(crate) const STACK: c_int = 5;
    /// A list of texts, the outermost first; nil for an error that was never wrapped.
    pub(crate) const CONTEXTS: c_int = 6;
    /// The coroutine that made the error; nil where it was made elsewhere. It does not
    /// cross.
    pub(crate) const THREAD: c_int = 7;
    pub(crate) const COUNT: c_int = 7;

    /// The parts of an error on the wire, with and without contexts.
    pub(crate) const ON_THE_WIRE: c_int = CONTEXTS;
    pub(crate) const WITHOUT_CONTEXTS: c_int = STACK;
}

/// The name of the class in Lua.
pub(crate) const CLASS: &CStr = c"error";

/// The text between a context and the message after it.
const SEPARATOR: &CStr = c": ";

/// Pushes a new error of `kind` whose message is on top of the stack, in its
/// place.
pub(crate) fn wrap_message(l: State, kind: &str) {
    push_empty(l);
    l.insert(-2);
    l.set_user_value(-2, part::MESSAGE);
    l.push_bytes(kind.as_bytes());
    l.set_user_value(-2, part::KIND);
    l.push_boolean(may_pass(kind));
    l.set_user_value(-2, part::RETRYABLE);
}

/// Makes an error of the message on top of the stack, for the program that runs: the
/// error knows the place of the call.
pub(crate) fn wrap_message_here(l: State, kind: &str) {
    wrap_message(l, kind);
    note_place(l);
}

/// Notes in the error on top of the stack where it is made, unless it knows a place.
pub(crate) fn note_place(l: State) {
    let has_place = l.user_value(-1, part::STACK) == LUA_TSTRING;
    l.pop(1);
    if !has_place {
        frames::note(l);
    }
}

/// Pushes a new error without any part.
pub(crate) fn push_empty(l: State) {
    interpreter(l).classes.get().error.push(l, (), part::COUNT);
}

/// Pushes nil and a new error: the results of a call that failed.
pub(crate) fn refuse(l: State, kind: &str, message: fmt::Arguments<'_>) -> c_int {
    l.push_nil();
    match message.as_str() {
        Some(text) => l.push_bytes(text.as_bytes()),
        None => push_text(l, message.to_string()),
    }
    wrap_message_here(l, kind);
    2
}

/// Returns true where the value at `index` is a structured error.
pub(crate) fn is_error(l: State, index: c_int) -> bool {
    interpreter(l).classes.get().error.is(l, index)
}

/// Returns true where the value at `index` is a structured error of this kind.
pub(crate) fn is_of_kind(l: State, index: c_int, kind: &str) -> bool {
    if !is_error(l, index) {
        return false;
    }
    l.user_value(index, part::KIND);
    let is = l.is_string(-1, kind.as_bytes());
    l.pop(1);
    is
}

/// Pushes the text of the error at `index`, or else the value itself.
pub(crate) fn push_message(l: State, index: c_int) {
    if is_error(l, index) {
        l.user_value(index, part::MESSAGE);
    } else {
        l.push_value(index);
    }
}

/// Returns true for the kinds of failures that pass by themselves.
fn may_pass(kind: &str) -> bool {
    matches!(kind, kind::RATE_LIMITED | kind::UNAVAILABLE | kind::TIMEOUT)
}
