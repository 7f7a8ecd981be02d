//! The questions of the library `security` to the runtime; its objects are in
//! `prelude/security.lua`.

use std::ffi::c_int;

use mlua_sys::*;
use warren_guest::security;

use crate::argument::{REFUSED, text};
use crate::capability::operation;
use crate::lua::{Functions, State};
use crate::{encode, exchange, interpreter::interpreter};

/// The functions that `prelude/security.lua` is given.
pub(crate) const FUNCTIONS: &Functions = &[
    (c"actor", actor),
    (c"scope", scope),
    (c"can", can),
    (c"policy", policy),
    (c"named_scope", named_scope),
    (c"evaluate", operation!("security.evaluate")),
];

extern "C-unwind" fn actor(l: State) -> c_int {
    exchange::call(l, Some(exchange::value), security::actor)
}

extern "C-unwind" fn scope(l: State) -> c_int {
    exchange::call(l, Some(exchange::value), security::scope)
}

/// `security.can(action, resource, attrs?)`.
extern "C-unwind" fn can(l: State) -> c_int {
    // The output is put back before anything can raise.
    l.set_top(3);
    let Some(action) = text(l, 1, "action") else {
        return REFUSED;
    };
    let Some(resource) = text(l, 2, "resource") else {
        return REFUSED;
    };
    if !matches!(l.type_of(3), LUA_TNIL | LUA_TTABLE) {
        l.wrong_type(3, c"table");
    }
    let interpreter = interpreter(l);
    let mut output = interpreter.output.take();
    output.clear();
    let given = !l.is_nil(3);
    let encoded = if given {
        encode::value(l, 3, "attrs", &mut output)
    } else {
        Ok(())
    };
    let answer =
        encoded.map(|()| security::can(action, resource, given.then_some(output.as_slice())));
    interpreter.output.set(output);
    match answer {
        Ok(allowed) => {
            l.push_boolean(allowed);
            1
        }
        Err(stop) => exchange::stopped(l, stop, "attrs"),
    }
}

extern "C-unwind" fn policy(l: State) -> c_int {
    let Some(id) = text(l, 1, "id") else {
        return REFUSED;
    };
    exchange::call_done(l, |buffer| security::policy(id, buffer))
}

extern "C-unwind" fn named_scope(l: State) -> c_int {
    let Some(id) = text(l, 1, "id") else {
        return REFUSED;
    };
    exchange::call(l, Some(exchange::value), |buffer| {
        security::named_scope(id, buffer)
    })
}
