//! The library `json`.

mod decode;
mod encode;

use std::ffi::{c_int, c_void};

use mlua_sys::*;
use warren_values::kind;

use crate::argument::REFUSED;
use crate::errors;
use crate::lua::{self, Functions, State};

/// The most levels that arrays and objects may nest, in both directions.
const MAX_DEPTH: usize = 128;

const FUNCTIONS: &Functions = &[
    (c"encode", encode::encode),
    (c"decode", decode::decode),
    (c"object", object),
];

/// Pushes the library.
pub(crate) fn open(l: State) {
    lua::push_library(l, FUNCTIONS);
    push_null(l);
    l.set_field(-2, c"null");
    // The marked tables, which are collected all the same.
    l.new_table(0, 0);
    l.new_table(0, 1);
    l.push_string(c"k");
    l.set_field(-2, c"__mode");
    l.set_metatable(-2);
    l.register(objects_key());
}

/// Pushes `json.null`.
pub(crate) fn push_null(l: State) {
    l.push_address(std::ptr::null());
}

/// Returns true where the value at `index` is `json.null`.
pub(crate) fn is_null(l: State, index: c_int) -> bool {
    l.type_of(index) == LUA_TLIGHTUSERDATA && l.to_userdata(index).is_null()
}

/// Returns true where the table at `index` was marked as an object.
pub(crate) fn is_object(l: State, index: c_int) -> bool {
    l.registered(objects_key());
    l.push_value(index);
    let marked = l.raw_get(-2) != LUA_TNIL;
    l.pop(2);
    marked
}

/// Marks the table on top of the stack as an object: where it is empty it
/// encodes as `{}`. The mark is no part of the table, which may have a
/// metatable of its own.
/// May raise.
pub(crate) fn mark_object(l: State) {
    l.registered(objects_key());
    l.push_value(-2);
    l.push_boolean(true);
    l.raw_set(-3);
    l.pop(1);
}

/// `json.object(t)`: `t`, which encodes as `{}` where it is empty.
extern "C-unwind" fn object(l: State) -> c_int {
    if !is_given(l, 1, LUA_TTABLE, "table") {
        return REFUSED;
    }
    l.set_top(1);
    mark_object(l);
    1
}

/// Returns true where an argument is of a type, else pushes nil and an error. Unlike
/// elsewhere, a wrong type is INVALID: values that are encoded and decoded here often
/// come from outside.
fn is_given(l: State, arg: c_int, kind: c_int, name: &str) -> bool {
    let given = l.type_of(arg);
    if given == kind {
        return true;
    }
    if given <= LUA_TNIL {
        errors::refuse(l, kind::INVALID, format_args!("{name} is missing"));
    } else {
        let [kind, given] = [kind, given].map(|kind| l.name_of_type(kind));
        errors::refuse(
            l,
            kind::INVALID,
            format_args!("{name} is a {given}, not a {kind}"),
        );
    }
    false
}

/// The registry's key of the table whose keys are the marked tables.
fn objects_key() -> *const c_void {
    static KEY: u8 = 0;
    (&raw const KEY).cast()
}
