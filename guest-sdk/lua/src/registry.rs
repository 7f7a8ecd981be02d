//! `process.registry`: names for processes. On one node a name has the same effect in
//! every scope.

use std::ffi::{CStr, c_int};

use warren_guest::registry;
use warren_values::kind;

use crate::argument::{REFUSED, integer, optional_text, text};
use crate::lua::{self, Functions, State};
use crate::mistakes::check_taken;
use crate::{errors, exchange};

const FUNCTIONS: &Functions = &[
    (c"register", register),
    (c"lookup", lookup),
    (c"unregister", unregister),
];

/// The scopes of names, by their numbers.
const SCOPES: [&CStr; 4] = [c"LOCAL", c"EVENTUAL", c"CONSISTENT", c"STRONG"];

/// Pushes the table.
pub(crate) fn push(l: State) {
    lua::push_library(l, FUNCTIONS);
    for (number, name) in (0..).zip(SCOPES) {
        l.push_integer(number);
        l.set_field(-2, name);
    }
}

/// Reads the scope of a name. Where it is none, pushes nil and an error, and returns
/// false.
fn is_scope(l: State, arg: c_int) -> bool {
    let Some(scope) = integer(l, arg, 0, "scope") else {
        return false;
    };
    let known = usize::try_from(scope).is_ok_and(|scope| scope < SCOPES.len());
    if !known {
        errors::refuse(
            l,
            kind::INVALID,
            format_args!("scope is {scope}, and not one of process.registry.LOCAL to STRONG"),
        );
    }
    known
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
    if !is_scope(l, 3) {
        return REFUSED;
    }
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
    if !is_scope(l, 2) {
        return REFUSED;
    }
    let results = exchange::call_number(l, |buffer| {
        registry::unregister(name, buffer).map(u32::from)
    });
    if results == 1 {
        l.push_boolean(l.to_integer(-1) != 0);
    }
    results
}
