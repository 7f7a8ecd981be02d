//! Values checked against schemas, which the runtime does.

use std::ffi::c_int;

use mlua_sys::{LUA_OK, LUA_TSTRING, lua_KContext};

use super::encode;
use crate::capability::{self, operation};
use crate::encode::{NESTING, Stop};
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
    l.set_top(2);
    l.push_function(try_validate);
    l.push_value(1);
    l.push_value(2);
    l.call_then(2, RESULTS + 1, 0, validated)
}

/// The operation `json.validate`. Returns true behind nil and an error where the schema or the
/// value nests too deeply to leave the process.
extern "C-unwind" fn try_validate(l: State) -> c_int {
    let mut is_too_deep = false;
    let results = capability::call_noting(l, "json.validate", 1, |stop| {
        is_too_deep = matches!(stop, Stop::Beyond(_, NESTING));
    });
    if is_too_deep {
        l.push_boolean(true);
        return results + 1;
    }
    results
}

/// `json.validate_string(schema, text)`.
extern "C-unwind" fn validate_string(l: State) -> c_int {
    l.push_function(operation!("json.validate_string"));
    l.insert(1);
    l.call_then(l.top() - 1, RESULTS, 0, verdict)
}

/// True and nil, or false and an error.
const RESULTS: c_int = 2;

/// Validates the text of a value that nests deeper than values that leave the process, and
/// no deeper than JSON.
extern "C-unwind" fn validated(l: State, _: c_int, _: lua_KContext) -> c_int {
    let is_too_deep = l.to_boolean(-1);
    l.pop(1);
    if is_too_deep {
        l.push_function(encode::encode);
        l.push_value(2);
        l.call(1, 1);
        let text = l.top();
        if l.type_of(text) == LUA_TSTRING {
            l.push_function(operation!("json.validate_string"));
            l.push_value(1);
            l.push_value(text);
            return l.call_then(2, RESULTS, 0, verdict);
        }
        l.pop(1);
    }
    verdict(l, LUA_OK, 0)
}

/// Puts false in the place of the nil that a failed call returns.
extern "C-unwind" fn verdict(l: State, _: c_int, _: lua_KContext) -> c_int {
    let first = l.top() - 1;
    if l.is_nil(first) {
        l.push_boolean(false);
        l.replace(first);
    }
    RESULTS
}
