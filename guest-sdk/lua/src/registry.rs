//! `process.registry`: names for processes.

use std::ffi::c_int;

use mlua_sys::*;
use warren_guest::registry;

use crate::argument::{REFUSED, optional_text, text};
use crate::exchange;
use crate::stack::{self, Functions, State};

const FUNCTIONS: &Functions = &[
    (c"register", register),
    (c"lookup", lookup),
    (c"unregister", unregister),
];

/// Pushes the table.
///
/// # Safety
/// `l` is a live Lua thread with free stack slots.
pub(crate) unsafe fn push(l: State) {
    // SAFETY: as promised by the caller.
    unsafe { stack::push_library(l, FUNCTIONS) };
}

unsafe extern "C-unwind" fn register(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        let Some(name) = text(l, 1, "name") else {
            return REFUSED;
        };
        let Some(pid) = optional_text(l, 2, "pid") else {
            return REFUSED;
        };
        exchange::call_done(l, |buffer| registry::register(name, pid, buffer))
    }
}

unsafe extern "C-unwind" fn lookup(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        let Some(name) = text(l, 1, "name") else {
            return REFUSED;
        };
        exchange::call(l, Some(exchange::string), |buffer| {
            registry::lookup(name, buffer)
        })
    }
}

unsafe extern "C-unwind" fn unregister(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        let Some(name) = text(l, 1, "name") else {
            return REFUSED;
        };
        let results = exchange::call_number(l, |buffer| {
            registry::unregister(name, buffer).map(u32::from)
        });
        if results == 1 {
            lua_pushboolean(l, (lua_tointeger(l, -1) != 0).into());
        }
        results
    }
}
