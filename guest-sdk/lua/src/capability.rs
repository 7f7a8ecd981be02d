//! Calls of the runtime's capabilities, for the libraries whose functions are operations.

use std::ffi::{CStr, c_int};

use mlua_sys::*;
use warren_guest::capability::{self, Called};
use warren_guest::msgpack::Output;

use crate::encode::{self, Limit, REQUEST, Stop};
use crate::exchange;
use crate::lua::{Functions, State};
use crate::scheduler::wait_for_outcome;

/// The functions that the prelude is given.
pub(crate) const FUNCTIONS: &Functions = &[(c"call", call_named)];

/// A function of a library that is an operation. `types` has a letter for each argument
/// whose type is checked: `s` for a string, `n` for a number, `t` for a table, `b` for a
/// boolean. What is missing or out of range the operation refuses.
macro_rules! operation {
    ($name:literal) => {
        $crate::capability::operation!($name, "")
    };
    ($name:literal, $types:literal) => {{
        extern "C-unwind" fn operation(l: $crate::lua::State) -> std::ffi::c_int {
            $crate::capability::call(l, $name, $types)
        }
        operation
    }};
}

pub(crate) use operation;

/// Calls an operation with all arguments, and returns its value, or nil and its error.
/// The other coroutines run while an operation takes longer.
pub(crate) fn call(l: State, operation: &str, types: &str) -> c_int {
    for (place, letter) in (1..).zip(types.bytes()) {
        let (kind, name): (c_int, &CStr) = match letter {
            b's' => (LUA_TSTRING, c"string"),
            b'n' => (LUA_TNUMBER, c"number"),
            b't' => (LUA_TTABLE, c"table"),
            _ => (LUA_TBOOLEAN, c"boolean"),
        };
        let given = l.type_of(place);
        if given > LUA_TNIL && given != kind {
            l.wrong_type(place, name);
        }
    }
    call_with(l, operation, 1)
}

/// `call(operation, ...)`: calls an operation with all further arguments.
extern "C-unwind" fn call_named(l: State) -> c_int {
    l.with_bytes(1, |name| {
        match name.and_then(|name| std::str::from_utf8(name).ok()) {
            Some(operation) => call_with(l, operation, 2),
            None => 0,
        }
    })
}

/// Calls the operation named by the value below the top of the stack, with the value on
/// top as its argument.
pub(crate) fn call_named_by(l: State) -> c_int {
    let place = l.top() - 1;
    // SAFETY: the name is on the stack until the function returns.
    match unsafe { l.bytes(place) }.and_then(|name| std::str::from_utf8(name).ok()) {
        Some(operation) => call_with(l, operation, place + 1),
        None => 0,
    }
}

/// Calls an operation with the values on the stack from the place `first` on.
fn call_with(l: State, operation: &str, first: c_int) -> c_int {
    call_noting(l, operation, first, |_| {})
}

/// The same, where `note` is told why the values could not be encoded.
pub(crate) fn call_noting(
    l: State,
    operation: &str,
    first: c_int,
    note: impl FnOnce(&Stop),
) -> c_int {
    let (last, root) = (l.top(), "arguments");
    call_encoded(l, operation, (root, REQUEST), |output| {
        encode::named_values(l, first, last, |place| name(operation, place), output)
            .inspect_err(note)
    })
}

/// The name of an argument in the paths of refusals, as the runtime names it in its own
/// messages.
fn name(operation: &str, place: c_int) -> String {
    let names: &[&str] = match operation {
        "yaml.encode" => &["value", "options"],
        "json.validate" | "json.validate_string" => &["schema", "data"],
        "crypto.jwt.encode" => &["claims"],
        "events.send" => &["system", "kind", "path", "data"],
        "queue.publish" => &["id", "value", "headers"],
        "sql.query" | "sql.execute" => &["id", "transaction", "text", "params"],
        "sql.begin" => &["id", "options"],
        "store.set" | "store.put" => &["id", "key", "value", "options"],
        "http.request" => &["method", "url", "options"],
        "http.batch" => &["requests"],
        "websocket.connect" => &["url", "options"],
        "websocket.send" => &["socket", "data", "type"],
        "websocket.close" => &["socket", "code", "reason"],
        "web.status" => &["status"],
        "web.header" => &["name", "value"],
        "web.write" => &["bytes"],
        "process.send" if place > 2 => return format!("payload[{}]", place - 2),
        // The values of a message.
        "groups.broadcast" | "groups.broadcast_local" if place > 2 => {
            return format!("payload[{}]", place - 2);
        }
        _ => &[],
    };
    let given = usize::try_from(place - 1).ok();
    match given.and_then(|place| names.get(place)) {
        Some(name) => (*name).to_owned(),
        None => format!("arguments[{place}]"),
    }
}

/// Calls an operation with the arguments that `encode` writes, as one array.
pub(crate) fn call_encoded(
    l: State,
    operation: &str,
    limit: (&str, Limit),
    encode: impl FnOnce(&mut Output) -> Result<(), Stop>,
) -> c_int {
    let mut handle = None;
    let results = exchange::call_encoded(
        l,
        limit,
        encode,
        Some(exchange::value),
        |request, buffer| match capability::call(operation, request, buffer)? {
            Called::Value(value) => Ok(value),
            Called::Handle(subscription) => {
                handle = Some(subscription);
                Ok(&[])
            }
        },
    );
    match handle {
        None => results,
        Some(subscription) => wait_for_outcome(l, subscription),
    }
}
