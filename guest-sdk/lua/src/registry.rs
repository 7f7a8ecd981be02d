//! `process.registry`: names for processes.

use std::ffi::c_int;

use warren_guest::registry;

use crate::argument::{REFUSED, optional_text, text};
use crate::exchange;
use crate::lua::{self, Functions, State};
use crate::mistakes::check_taken;

const FUNCTIONS: &Functions = &[
    (c"register", register),
    (c"lookup", lookup),
    (c"unregister", unregister),
];

/// Pushes the table.
pub(crate) fn push(l: State) {
    lua::push_library(l, FUNCTIONS);
}

extern "C-unwind" fn register(l: State) -> c_int {
    let results = try_register(l);
    check_taken(l, results, "process.registry.register")
}

fn try_register(l: State) -> c_int {
    let Some(name) = text(l, 1, "name") else {
        return REFUSED;
    };
    let Some(pid) = optional_text(l, 2, "pid") else {
        return REFUSED;
    };
    exchange::call_done(l, |buffer| registry::register(name, pid, buffer))
}

extern "C-unwind" fn lookup(l: State) -> c_int {
    let Some(name) = text(l, 1, "name") else {
        return REFUSED;
    };
    exchange::call(l, Some(exchange::string), |buffer| {
        registry::lookup(name, buffer)
    })
}

extern "C-unwind" fn unregister(l: State) -> c_int {
    let Some(name) = text(l, 1, "name") else {
        return REFUSED;
    };
    let results = exchange::call_number(l, |buffer| {
        registry::unregister(name, buffer).map(u32::from)
    });
    if results == 1 {
        l.push_boolean(l.to_integer(-1) != 0);
    }
    results
}
