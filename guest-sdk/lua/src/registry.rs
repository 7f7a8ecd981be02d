//! `process.registry`: names for processes, of one node or of the whole cluster.

use std::ffi::{CStr, c_int};

use mlua_sys::LUA_TTABLE;
use warren_guest::registry;
use warren_values::kind;

use crate::argument::{REFUSED, integer, optional_text, text};
use crate::lua::{self, Functions, State};
use crate::mistakes::check_taken;
use crate::{capability, errors, exchange};

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

/// The reach of a name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    Node,
    Cluster,
}

/// Reads the scope of a name: a number, or a table with the text `cluster` or `local` at
/// `scope`. Where it is none, pushes nil and an error, and returns `None`.
fn scope(l: State, arg: c_int) -> Option<Scope> {
    if l.type_of(arg) == LUA_TTABLE {
        l.push_string(c"scope");
        l.raw_get(arg);
        let named = l.with_bytes(l.top(), |text| match text {
            Some(b"cluster") => Some(Scope::Cluster),
            Some(b"local") => Some(Scope::Node),
            _ => None,
        });
        l.pop(1);
        if named.is_none() {
            errors::refuse(
                l,
                kind::INVALID,
                format_args!("the option 'scope' must be \"cluster\" or \"local\""),
            );
        }
        return named;
    }
    let scope = integer(l, arg, 0, "scope")?;
    match usize::try_from(scope) {
        Ok(0) => Some(Scope::Node),
        Ok(known) if known < SCOPES.len() => Some(Scope::Cluster),
        _ => {
            errors::refuse(
                l,
                kind::INVALID,
                format_args!("scope is {scope}, and not one of process.registry.LOCAL to STRONG"),
            );
            None
        }
    }
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
    match scope(l, 3) {
        None => return REFUSED,
        Some(Scope::Cluster) => {
            l.set_top(2);
            return capability::call(l, "process.register", "");
        }
        Some(Scope::Node) => {}
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
    let results = try_unregister(l);
    check_taken(l, results, "process.registry.unregister")
}

fn try_unregister(l: State) -> c_int {
    let Some(name) = text(l, 1, "name") else {
        return REFUSED;
    };
    match scope(l, 2) {
        None => return REFUSED,
        Some(Scope::Cluster) => {
            l.set_top(1);
            return capability::call(l, "process.unregister", "");
        }
        Some(Scope::Node) => {}
    }
    let results = exchange::call_number(l, |buffer| {
        registry::unregister(name, buffer).map(u32::from)
    });
    if results == 1 {
        l.push_boolean(l.to_integer(-1) != 0);
    }
    results
}
