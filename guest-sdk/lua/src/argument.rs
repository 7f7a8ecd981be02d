//! The arguments of library functions, by the contract's rule: a wrong type
//! raises, a missing one makes the call return nil and an error of kind
//! INVALID. A reader that returns `None` has pushed these two results; its
//! caller returns [`REFUSED`].

use std::ffi::c_int;

use mlua_sys::*;
use warren_guest::msgpack;

use crate::errors::{self, Kind};
use crate::stack::{State, bytes_at, wrong_type};

/// How many results a refused call has: nil and the error.
pub(crate) const REFUSED: c_int = 2;

/// A required string that must be text, such as a name.
///
/// # Safety
/// `l` runs a C function. The text is valid while the argument is on the
/// stack. May raise.
pub(crate) unsafe fn text<'a>(l: State, arg: c_int, name: &str) -> Option<&'a str> {
    // SAFETY: as promised by the caller.
    unsafe {
        let text = optional_text(l, arg, name)?;
        if text.is_none() {
            errors::refuse(l, Kind::Invalid, format_args!("{name} is missing"));
        }
        text
    }
}

/// An optional string that must be text; `Some(None)` where it is absent.
///
/// # Safety
/// As [`text`].
pub(crate) unsafe fn optional_text<'a>(
    l: State,
    arg: c_int,
    name: &str,
) -> Option<Option<&'a str>> {
    // SAFETY: as promised by the caller.
    unsafe {
        let Some(bytes) = bytes_at(l, arg) else {
            if lua_type(l, arg) <= LUA_TNIL {
                return Some(None);
            }
            wrong_type(l, arg, c"string")
        };
        match msgpack::text(bytes) {
            Some(text) => Some(Some(text)),
            None => {
                errors::refuse(l, Kind::Invalid, format_args!("{name} is not UTF-8"));
                None
            }
        }
    }
}

/// A whole number, `default` where it is absent. Text is no number.
///
/// # Safety
/// As [`text`].
pub(crate) unsafe fn integer(
    l: State,
    arg: c_int,
    default: lua_Integer,
    name: &str,
) -> Option<lua_Integer> {
    // SAFETY: as promised by the caller.
    unsafe {
        match lua_type(l, arg) {
            LUA_TNONE | LUA_TNIL => return Some(default),
            LUA_TNUMBER => {}
            _ => wrong_type(l, arg, c"number"),
        }
        let mut is_whole = 0;
        let number = lua_tointegerx(l, arg, &mut is_whole);
        if is_whole == 0 {
            errors::refuse(
                l,
                Kind::Invalid,
                format_args!("{name} is no whole number of 64 bits"),
            );
            return None;
        }
        Some(number)
    }
}
