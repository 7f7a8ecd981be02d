//! What the library `security` asks the runtime; its objects are in
//! `prelude/security.lua`.

use std::ffi::c_int;

use mlua_sys::*;
use warren_guest::security;

use crate::argument::{REFUSED, text};
use crate::stack::{Functions, State, wrong_type};
use crate::{encode, exchange, runtime::runtime};

/// The functions that `prelude/security.lua` is given.
pub(crate) const FUNCTIONS: &Functions = &[
    (c"actor", actor),
    (c"scope", scope),
    (c"can", can),
    (c"policy", policy),
    (c"named_scope", named_scope),
];

unsafe extern "C-unwind" fn actor(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe { exchange::call(l, Some(exchange::value), security::actor) }
}

unsafe extern "C-unwind" fn scope(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe { exchange::call(l, Some(exchange::value), security::scope) }
}

/// `security.can(action, resource, attrs?)`.
unsafe extern "C-unwind" fn can(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread; the output is put back before
    // anything can raise.
    unsafe {
        lua_settop(l, 3);
        let Some(action) = text(l, 1, "action") else {
            return REFUSED;
        };
        let Some(resource) = text(l, 2, "resource") else {
            return REFUSED;
        };
        if !matches!(lua_type(l, 3), LUA_TNIL | LUA_TTABLE) {
            wrong_type(l, 3, c"table");
        }
        let rt = runtime(l);
        let mut output = rt.output.take();
        output.clear();
        let given = lua_isnil(l, 3) == 0;
        let encoded = if given {
            encode::value(l, 3, "attrs", &mut output)
        } else {
            Ok(())
        };
        let answer =
            encoded.map(|()| security::can(action, resource, given.then_some(output.as_slice())));
        rt.output.set(output);
        match answer {
            Ok(allowed) => {
                lua_pushboolean(l, allowed.into());
                1
            }
            Err(stop) => exchange::stopped(l, stop, "attrs"),
        }
    }
}

unsafe extern "C-unwind" fn policy(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        let Some(id) = text(l, 1, "id") else {
            return REFUSED;
        };
        exchange::call_done(l, |buffer| security::policy(id, buffer))
    }
}

unsafe extern "C-unwind" fn named_scope(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        let Some(id) = text(l, 1, "id") else {
            return REFUSED;
        };
        exchange::call(l, Some(exchange::value), |buffer| {
            security::named_scope(id, buffer)
        })
    }
}
