//! The arguments of library functions, by the contract's rule: a wrong type
//! raises, a missing one makes the call return nil and an error of kind
//! INVALID. A reader that returns `None` has pushed these two results; its
//! caller returns [`REFUSED`].

use std::ffi::c_int;

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
