//! Functions of the prelude as programs see them: functions of C, like Lua's own,
//! whose errors know the name and the place of the call, also of a tail call.

use std::ffi::c_int;

use mlua_sys::*;

use crate::argument::FUNCTIONS_STAY;
use crate::interpreter::push_text;
use crate::lua::{Frame, Function, Functions, State};
use crate::mistakes::{check_all_stopped, check_all_taken, check_first_taken, text_of};
use crate::replacement::all;

/// The functions that the prelude is given.
pub(crate) const FUNCTIONS: &Functions = &[(c"public", public), (c"bad_argument", bad_argument)];

/// The functions of C that can be left and come back to.
pub(crate) const SWITCHABLE: &[Function] =
    &[published, published_as, published_stop, published_first];

/// `public(f, name?, kind?)`: a function of C that calls `f`. An error of `f` at level 3 has
/// the position of the program's call. With a name, a call whose error is discarded is told.
/// Of the kind "stop", an error that tells of a target which has ended is not told. Of the
/// kind "first", the program gets the first result of `f` alone, and an error may follow it.
pub(crate) extern "C-unwind" fn public(l: State) -> c_int {
    l.set_top(3);
    let function: Function = if l.is_string(3, b"stop") {
        published_stop
    } else if l.is_string(3, b"first") {
        published_first
    } else {
        published_as
    };
    if l.is_nil(2) {
        l.set_top(1);
        l.push_closure(published, 1);
    } else {
        l.set_top(2);
        l.push_closure(function, 2);
    }
    1
}

extern "C-unwind" fn published(l: State) -> c_int {
    call(l, all)
}

extern "C-unwind" fn published_as(l: State) -> c_int {
    call(l, returned)
}

extern "C-unwind" fn published_stop(l: State) -> c_int {
    call(l, returned_by_stop)
}

extern "C-unwind" fn published_first(l: State) -> c_int {
    call(l, returned_first)
}

/// Calls the function of the prelude with all arguments, and returns what `then` returns.
#[inline]
fn call(l: State, then: extern "C-unwind" fn(State, c_int, lua_KContext) -> c_int) -> c_int {
    l.push_value(lua_upvalueindex(1));
    l.insert(1);
    l.call_then(l.top() - 1, LUA_MULTRET, 0, then)
}

/// Returns the results of a function with a name.
extern "C-unwind" fn returned(l: State, _: c_int, _: lua_KContext) -> c_int {
    check(l, check_all_taken)
}

/// Returns the results of a function that stops something.
extern "C-unwind" fn returned_by_stop(l: State, _: c_int, _: lua_KContext) -> c_int {
    check(l, check_all_stopped)
}

/// Returns the first result of a function, or nil and an error.
extern "C-unwind" fn returned_first(l: State, _: c_int, _: lua_KContext) -> c_int {
    check(l, check_first_taken)
}

/// Returns what a check of results returns, which is given the name of the function.
#[inline]
fn check(l: State, check: fn(State, &str) -> c_int) -> c_int {
    l.with_bytes(lua_upvalueindex(2), |name| check(l, text_of(name)))
}

/// `raise(message)`: raises a message behind the position of the program's call.
pub(crate) extern "C-unwind" fn raise(l: State) -> c_int {
    l.set_top(1);
    if let Some((mut frame, _)) = l.frame_of_call(false) {
        frame.ask(c"Sl");
        let place = format!(
            "{}:{}: ",
            frame.short_source().to_string_lossy(),
            frame.line()
        );
        push_text(l, place);
        l.insert(1);
        l.concat(2);
    }
    l.error()
}

/// `bad_argument(arg, name, expected, value?)`: raises what Lua raises for an
/// argument of the wrong type of the public function that is being called. `name` is
/// for calls that do not tell the function's name. A negative `arg` is a definition in
/// whose place there is a function. (A function of its own would need a name, for which
/// the table of strings has no room left on its page.)
extern "C-unwind" fn bad_argument(l: State) -> c_int {
    let is_definition = l.to_integer(1) < 0;
    let (joint, remedy) = if is_definition {
        (c"; ", FUNCTIONS_STAY)
    } else {
        (c"", c"")
    };
    // A value that is missing stays so.
    if l.top() > 4 {
        l.set_top(4);
    }
    l.push_type_name(4);
    let got = l.top();
    let level = public_level(l);
    let found = l.with_frame(level, |frame| {
        frame.ask(c"n");
        l.push_string(frame.name()?);
        Some(frame.name_kind() == c"method")
    });
    let is_method = found.flatten().unwrap_or_else(|| {
        l.push_value(2);
        false
    });
    let name = l.top();
    let arg = l.to_integer(1).abs() - lua_Integer::from(is_method);
    l.push_where(level + 1);
    l.push_bad_argument(arg, [name, 3, got], joint, remedy);
    l.concat(2);
    l.error()
}

/// Lends the function that has called the public function that runs, with its source and
/// line, to `read`; seen from a function that the prelude calls. `None` where C has called
/// it.
pub(crate) fn with_caller<R>(l: State, read: impl FnOnce(&Frame) -> R) -> Option<R> {
    let found = l.with_frame(public_level(l) + 1, |frame| {
        frame.ask(c"Sl");
        (frame.line() > 0).then(|| read(frame))
    });
    found.flatten()
}

/// Returns the level of the public function that runs, seen from a function that the
/// prelude calls.
fn public_level(l: State) -> c_int {
    let is_other = |level| {
        let language = l.with_frame(level, |frame| {
            frame.ask(c"S");
            frame.language() != c"C"
        });
        language.unwrap_or(false)
    };
    let mut level = 1;
    while is_other(level) {
        level += 1;
    }
    level
}
