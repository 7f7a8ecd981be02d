//! The end of a process: the contract's table "End of a process".

use std::ffi::c_int;
use std::fmt;

use mlua_sys::*;
use warren_guest::msgpack::Output;
use warren_guest::{Error, program};
use warren_values::{Kind, kind, stack};

use crate::encode::{self, Stop};
use crate::errors::{self, part};
use crate::exchange;
use crate::interpreter::{interpreter, push_text};
use crate::lua::{Overflow, State};
use crate::module;
use crate::traceback;

/// The program's function returned `results` values, on top of the stack of
/// its thread: a result, or a second value that is an error.
pub(crate) fn returned(l: State, thread: State, results: c_int) -> c_int {
    l.set_top(0);
    thread.pop((results - 2).max(0));
    thread.move_to(l, results.min(2));
    l.set_top(2);
    if errors::is_error(l, 2) {
        return fail_with_returned(l);
    }
    // The second result of `require` is no error.
    if l.type_of(2) == LUA_TSTRING && !module::is_required(l) {
        errors::wrap_message(l, kind::UNKNOWN);
        return fail_with_top(l);
    }
    if l.is_nil(1) {
        return finished_without_result();
    }
    let interpreter = interpreter(l);
    let mut output = interpreter.output.take();
    output.clear();
    let encoded = encode::value(l, 1, "result", &mut output);
    if encoded.is_ok() {
        program::finish(Some(output.as_slice()));
    }
    interpreter.output.set(output);
    match encoded {
        Ok(()) => 0,
        Err(Stop::TooLarge) => {
            push_too_large(l);
            exchange::note_limit(l, encode::MESSAGE.name, encode::MESSAGE.most);
            fail_with_top(l)
        }
        Err(stop) => {
            exchange::stopped(l, stop, "result");
            fail_with_top(l)
        }
    }
}

/// The program ended without a result.
pub(crate) fn finished_without_result() -> c_int {
    program::finish(None);
    0
}

/// A task raised the error on top of the stack of its thread.
pub(crate) fn failed(l: State, thread: State) -> c_int {
    l.set_top(0);
    traceback::push(l, thread);
    let out_of_memory = thread.status() == LUA_ERRMEM;
    // Closes what the task has left open; the error may change.
    thread.close(l);
    thread.move_to(l, 1);
    let out_of_memory = out_of_memory && l.type_of(-1) == LUA_TSTRING;
    structure(l);
    if out_of_memory {
        l.push_bytes(Kind::OUT_OF_MEMORY.as_bytes());
        l.set_user_value(-2, part::KIND);
    }
    // An error of another process has the traceback of that process.
    let made_here = l.user_value(-1, part::THREAD) != LUA_TNIL;
    let nowhere = l.user_value(-2, part::STACK) == LUA_TNIL;
    l.pop(2);
    if made_here || nowhere {
        l.push_value(1);
        l.set_user_value(-2, part::STACK);
    }
    fail_with_top(l)
}

/// The process fails with the structured error on top of the stack, which was raised, and
/// which crosses at any rate: where a part of its details may not cross, there is the reason.
pub(crate) fn fail_with_top(l: State) -> c_int {
    let encoded = try_to_fail(l, |output| encode::value_with_reasons(l, l.top(), output));
    settle(l, encoded)
}

/// The process fails with the structured error on top of the stack, which it has returned.
/// Details that may not cross are the failure, as in any other result.
pub(crate) fn fail_with_returned(l: State) -> c_int {
    let encoded = try_to_fail(l, |output| encode::value(l, l.top(), "error", output));
    let stop = match encoded {
        Err(Stop::Refused(why)) => Stop::Refused(why + &words_of_refused(l)),
        Err(Stop::Beyond(why, limit)) => Stop::Beyond(why + &words_of_refused(l), limit),
        encoded => return settle(l, encoded),
    };
    exchange::stopped(l, stop, "error");
    fail_with_top(l)
}

/// Returns the words for the message of the error on top of the stack, which is not to be
/// lost with its details.
fn words_of_refused(l: State) -> String {
    l.user_value(-1, part::MESSAGE);
    let message = l.lossy_beginning(-1, BEGINNING).unwrap_or_default();
    l.pop(1);
    format!("; the error was: {message}")
}

/// Fails with the structured error on top of the stack, if `encode` encodes it.
fn try_to_fail(l: State, encode: impl FnOnce(&mut Output) -> Result<(), Stop>) -> Result<(), Stop> {
    fold_stack(l);
    // The output is put back before anything can raise.
    let interpreter = interpreter(l);
    let mut output = interpreter.output.take();
    output.clear();
    let encoded = encode(&mut output);
    if encoded.is_ok() {
        program::fail_encoded(output.as_slice());
    }
    interpreter.output.set(output);
    encoded
}

/// Ends the process, where the error on top of the stack could not be encoded.
fn settle(l: State, encoded: Result<(), Stop>) -> c_int {
    match encoded {
        Ok(()) => {}
        Err(Stop::TooLarge) => program::fail_large(&beginning(l)),
        Err(_) => program::fail_out_of_memory(),
    }
    0
}

/// Folds the repetitions in the stack of the error on top of the stack, if it is structured.
fn fold_stack(l: State) {
    if !errors::is_error(l, -1) {
        return;
    }
    l.user_value(-1, part::STACK);
    let folded = l.lossy(-1).and_then(|text| stack::fold(&text));
    l.pop(1);
    if let Some(folded) = folded {
        push_text(l, folded);
        l.set_user_value(-2, part::STACK);
    }
}

/// Returns the structured error on top of the stack without its details, and only
/// the beginning of each text.
fn beginning(l: State) -> Error {
    let text = |part| {
        l.user_value(-1, part);
        let text = l.lossy_beginning(-1, BEGINNING);
        l.pop(1);
        text
    };
    let retryable = match l.user_value(-1, part::RETRYABLE) {
        LUA_TBOOLEAN => Some(l.to_boolean(-1)),
        _ => None,
    };
    l.pop(1);
    Error {
        kind: text(part::KIND).unwrap_or_default(),
        message: text(part::MESSAGE).unwrap_or_default(),
        retryable,
        details: Vec::new(),
        stack: text(part::STACK),
        contexts: Box::default(),
    }
}

/// Bytes of a text of an error that are more than [`program::fail_large`] keeps.
const BEGINNING: usize = 4 * 1024;

/// `structured(raised)`: the structured error of whatever a function has raised, with the
/// place; for `xpcall`.
pub(crate) extern "C-unwind" fn structured(l: State) -> c_int {
    l.set_top(1);
    structure(l);
    errors::note_place(l);
    1
}

/// Something raised outside of any task, where little can be done: the error
/// on top of the stack is most likely for want of memory.
pub(crate) fn fail_without_thread(l: State) {
    l.push_function(fail_plainly);
    l.insert(-2);
    if l.pcall(1, 0) != LUA_OK {
        program::fail_out_of_memory();
    }
}

/// Pushes the error that takes the place of a result with more bytes
/// than a message may have: the runtime's own words for it.
fn push_too_large(l: State) {
    push_error(l, kind::INVALID, format_args!("result too large"));
}

/// Pushes a new error.
pub(crate) fn push_error(l: State, kind: &str, message: fmt::Arguments<'_>) {
    push_text(l, message.to_string());
    errors::wrap_message(l, kind);
}

extern "C-unwind" fn fail_plainly(l: State) -> c_int {
    structure(l);
    fail_with_top(l)
}

/// Makes a structured error of the value on top of the stack, which was
/// raised. One that is none already becomes the message as Lua would print it;
/// a table that has no text becomes the details. The error of a full stack has the details
/// of its limit.
fn structure(l: State) {
    if errors::is_error(l, -1) {
        return;
    }
    if matches!(l.type_of(-1), LUA_TSTRING | LUA_TNUMBER) {
        let overflow = l.overflow(-1);
        // Makes a string of a number, as Lua does to print it.
        l.make_string(-1);
        match overflow {
            Some(overflow) => wrap_overflow(l, overflow),
            None => errors::wrap_message(l, kind::INTERNAL),
        }
        return;
    }
    let value = l.top();
    if l.metafield(value, c"__tostring") == LUA_TNIL {
        let kind = l.type_name(value);
        push_text(l, format!("(error object is a {kind} value)"));
    } else {
        l.pop(1);
        l.push_function(tostring);
        l.push_value(value);
        // An error in `__tostring` is the better message.
        l.pcall(1, 1);
        if l.type_of(-1) != LUA_TSTRING {
            l.pop(1);
            push_text(l, "an error whose __tostring fails".to_owned());
        }
    }
    errors::wrap_message(l, kind::INTERNAL);
    if l.type_of(value) == LUA_TTABLE {
        l.push_value(value);
        l.set_user_value(-2, part::DETAILS);
    }
}

/// Makes a structured error of the message on top of the stack, that of a full stack. The
/// same code would fill it again.
fn wrap_overflow(l: State, overflow: Overflow) {
    errors::wrap_message(l, kind::RATE_LIMITED);
    l.push_boolean(false);
    l.set_user_value(-2, part::RETRYABLE);
    exchange::note_limit(l, overflow.limit, overflow.most);
}

extern "C-unwind" fn tostring(l: State) -> c_int {
    l.push_as_text(1);
    1
}
