//! Values checked against schemas, which the runtime does.

use std::ffi::c_int;

use mlua_sys::{LUA_OK, lua_KContext};

use crate::capability::operation;
use crate::lua::{Function, Functions, Members, State};

/// Members of `json` that few programs use.
pub(super) struct Validation;

impl Members for Validation {
    const FUNCTIONS: &'static Functions = &[
        (c"validate", validate),
        (c"validate_string", validate_string),
    ];
}

/// The functions of C that can be left and come back to.
pub(crate) const SWITCHABLE: &[Function] = &[validate, validate_string];

/// `json.validate(schema, value)`.
extern "C-unwind" fn validate(l: State) -> c_int {
    check(l, operation!("json.validate"))
}

/// `json.validate_string(schema, text)`.
extern "C-unwind" fn validate_string(l: State) -> c_int {
    check(l, operation!("json.validate_string"))
}

fn check(l: State, operation: Function) -> c_int {
    l.push_function(operation);
    l.insert(1);
    l.call_then(l.top() - 1, RESULTS, 0, verdict);
    verdict(l, LUA_OK, 0)
}

/// True and nil, or false and an error.
const RESULTS: c_int = 2;

/// Puts false in the place of the nil that a failed call returns.
extern "C-unwind" fn verdict(l: State, _: c_int, _: lua_KContext) -> c_int {
    if l.is_nil(1) {
        l.push_boolean(false);
        l.replace(1);
    }
    RESULTS
}
