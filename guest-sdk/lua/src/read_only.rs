//! Modules whose tables programs cannot change. A program may put a changed copy of a
//! module in its place, as libraries for tests do.

use std::ffi::{CStr, c_int};

use mlua_sys::*;

use crate::lua::State;

/// The modules that are there once the interpreter is set up.
const MODULES: &[&CStr] = &[
    c"base64",
    c"capability",
    c"channel",
    c"crypto",
    c"ctx",
    c"env",
    c"errors",
    c"events",
    c"fs",
    c"funcs",
    c"hash",
    c"hex",
    c"http",
    c"http_client",
    c"json",
    c"logger",
    c"metrics",
    c"payload",
    c"pg",
    c"process",
    c"queue",
    c"security",
    c"sql",
    c"store",
    c"stream",
    c"text",
    c"time",
    c"uuid",
    c"websocket",
    c"yaml",
];

/// Makes the tables of the modules read-only.
pub(crate) fn protect_modules(l: State) {
    for name in MODULES {
        if l.global(name) == LUA_TTABLE {
            protect(l, l.top());
        }
        l.pop(1);
    }
}

/// Makes the module at the absolute index `table` read-only, with its metatable and the
/// tables in it, like `process.event`. These make no cycle. May raise.
pub(crate) fn protect(l: State, table: c_int) {
    if l.metatable(table) {
        l.set_read_only(l.top(), true);
        l.pop(1);
    }
    l.push_nil();
    while l.next(table) {
        if l.type_of(-1) == LUA_TTABLE {
            protect(l, l.top());
        }
        l.pop(1);
    }
    l.set_read_only(table, true);
}
