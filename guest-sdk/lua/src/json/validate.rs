//! Values checked against schemas, which the runtime does.

use std::ffi::c_int;

use mlua_sys::{LUA_OK, LUA_TSTRING, LUA_TTABLE, lua_KContext};
use warren_guest::msgpack::MAX_DEPTH;

use super::encode;
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
    l.set_top(2);
    l.push_function(operation!("json.validate"));
    l.push_value(1);
    l.push_value(2);
    l.call_then(2, RESULTS, 0, validated);
    validated(l, LUA_OK, 0)
}

/// `json.validate_string(schema, text)`.
extern "C-unwind" fn validate_string(l: State) -> c_int {
    l.push_function(operation!("json.validate_string"));
    l.insert(1);
    l.call_then(l.top() - 1, RESULTS, 0, verdict);
    verdict(l, LUA_OK, 0)
}

/// True and nil, or false and an error.
const RESULTS: c_int = 2;

/// Keys and values of a value that was refused, of which [`is_deep`] takes note.
const MOST_PAIRS: usize = 1 << 20;

/// Validates the text of a value that nests deeper than values that leave the process, and
/// no deeper than JSON.
extern "C-unwind" fn validated(l: State, _: c_int, _: lua_KContext) -> c_int {
    if l.is_nil(-RESULTS) && is_deep(l, 2, MAX_DEPTH, &mut 0) {
        l.push_function(encode::encode);
        l.push_value(2);
        l.call(1, 1);
        let text = l.top();
        if l.type_of(text) == LUA_TSTRING {
            l.push_function(operation!("json.validate_string"));
            l.push_value(1);
            l.push_value(text);
            l.call_then(2, RESULTS, 0, verdict);
            return verdict(l, LUA_OK, 0);
        }
        l.pop(1);
    }
    verdict(l, LUA_OK, 0)
}

/// Tells whether tables nest deeper than so many levels in the value at an absolute index.
fn is_deep(l: State, index: c_int, levels: usize, pairs: &mut usize) -> bool {
    if l.type_of(index) != LUA_TTABLE {
        return false;
    }
    let Some(within) = levels.checked_sub(1) else {
        return true;
    };
    if !l.has_room(4) {
        return false;
    }
    let top = l.top();
    let mut deep = false;
    l.push_nil();
    while !deep && *pairs < MOST_PAIRS && l.next(index) {
        *pairs += 1;
        deep = is_deep(l, l.top(), within, pairs);
        l.pop(1);
    }
    l.set_top(top);
    deep
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
