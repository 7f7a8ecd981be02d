//! Paths to values within values, as messages name them.

use std::ffi::c_int;
use std::fmt::Write as _;

use mlua_sys::*;

use crate::lua::State;

/// Returns the step to a field, as Lua writes it: `.key`, `["a key"]`, `[1]`.
pub(crate) fn step(l: State, key: c_int) -> String {
    match l.type_of(key) {
        LUA_TSTRING => l.with_bytes(key, |key| {
            let text = String::from_utf8_lossy(key.unwrap_or_default());
            let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
            if plain && !text.is_empty() && !text.as_bytes()[0].is_ascii_digit() {
                format!(".{text}")
            } else {
                format!("[{text:?}]")
            }
        }),
        LUA_TNUMBER if l.is_integer(key) => format!("[{}]", l.to_integer(key)),
        LUA_TNUMBER => {
            let mut text = String::from("[");
            // Writing to a string does not fail.
            let _ = write!(text, "{:?}]", l.to_number(key));
            text
        }
        _ => format!("[{}]", l.to_boolean(key)),
    }
}
