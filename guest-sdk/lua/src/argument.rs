//! The arguments of library functions, by the contract's rule: a wrong type
//! raises, a missing one makes the call return nil and an error of kind
//! INVALID. A reader that returns `None` has pushed these two results; its
//! caller returns [`REFUSED`].

use std::ffi::{CStr, c_int};

use mlua_sys::*;
use warren_guest::msgpack;
use warren_values::kind;

use crate::errors;
use crate::lua::State;

/// The number of results of a refused call: nil and the error.
pub(crate) const REFUSED: c_int = 2;

/// A required string that must be text, such as a name.
/// May raise.
pub(crate) fn text<'a>(l: State, arg: c_int, name: &str) -> Option<&'a str> {
    let text = optional_text(l, arg, name)?;
    if text.is_none() {
        errors::refuse(l, kind::INVALID, format_args!("{name} is missing"));
    }
    text
}

/// An optional string that must be text; `Some(None)` where it is absent.
pub(crate) fn optional_text<'a>(l: State, arg: c_int, name: &str) -> Option<Option<&'a str>> {
    // SAFETY: the argument is on the stack as long as the text is used.
    let Some(bytes) = (unsafe { l.bytes(arg) }) else {
        if l.type_of(arg) <= LUA_TNIL {
            return Some(None);
        }
        l.wrong_type(arg, c"string")
    };
    match msgpack::text(bytes) {
        Some(text) => Some(Some(text)),
        None => {
            errors::refuse(l, kind::INVALID, format_args!("{name} is not UTF-8"));
            None
        }
    }
}

/// A process that a call is for: a PID or a name.
/// May raise.
pub(crate) fn destination<'a>(l: State, arg: c_int) -> Option<&'a str> {
    let text = optional_text(l, arg, "destination")?;
    if text.is_none() {
        errors::refuse(
            l,
            kind::INVALID,
            format_args!(
                "destination is missing: argument {arg} is nil, as after a lookup or spawn \
                 whose error was ignored"
            ),
        );
    }
    text
}

/// The definition and the host of a new process, from `first` on; the runtime chooses the
/// host where it is empty.
/// May raise.
pub(crate) fn start<'a>(l: State, first: c_int) -> Option<(&'a str, &'a str)> {
    if l.type_of(first) == LUA_TFUNCTION {
        l.wrong_type_as(first, c"string", FUNCTIONS_STAY);
    }
    let definition = text(l, first, "definition")?;
    let host = match optional_text(l, first + 1, "host")? {
        None => "",
        Some("") => {
            errors::refuse(
                l,
                kind::INVALID,
                format_args!("host is empty; leave it out for the host of the definition"),
            );
            return None;
        }
        Some(host) => host,
    };
    Some((definition, host))
}

/// The remedy for a function in the place of a definition.
pub(crate) const FUNCTIONS_STAY: &CStr = c"a function cannot leave its process: name the \
    definition of a file, or run the function here with coroutine.spawn";

/// A whole number, `default` where it is absent. Text is no number.
pub(crate) fn integer(
    l: State,
    arg: c_int,
    default: lua_Integer,
    name: &str,
) -> Option<lua_Integer> {
    match l.type_of(arg) {
        LUA_TNONE | LUA_TNIL => return Some(default),
        LUA_TNUMBER => {}
        _ => l.wrong_type(arg, c"number"),
    }
    let number = l.whole(arg);
    if number.is_none() {
        errors::refuse(
            l,
            kind::INVALID,
            format_args!("{name} is not a 64-bit integer"),
        );
    }
    number
}

/// Returns true where an argument is of a type, else pushes nil and an error. For
/// libraries whose values often come from outside: a wrong type is INVALID.
pub(crate) fn is_given(l: State, arg: c_int, kind: c_int, name: &str) -> bool {
    let given = l.type_of(arg);
    if given == kind {
        return true;
    }
    if given <= LUA_TNIL {
        errors::refuse(l, kind::INVALID, format_args!("{name} is missing"));
    } else {
        let [kind, given] = [kind, given].map(|kind| l.name_of_type(kind));
        errors::refuse(
            l,
            kind::INVALID,
            format_args!("{name} is a {given}, not a {kind}"),
        );
    }
    false
}

/// A required string of any bytes; a wrong type is INVALID, as in [`is_given`].
pub(crate) fn given_bytes<'a>(l: State, arg: c_int, name: &str) -> Option<&'a [u8]> {
    if !is_given(l, arg, LUA_TSTRING, name) {
        return None;
    }
    // SAFETY: the argument is on the stack as long as the bytes are used.
    unsafe { l.bytes(arg) }
}
