//! The library `json`.

mod decode;
mod encode;

use std::ffi::{c_int, c_void};

use mlua_sys::*;

use crate::argument::{REFUSED, is_given};
use crate::lua::{self, Functions, State};

/// The most levels that arrays and objects may nest, in both directions.
const MAX_DEPTH: usize = 128;

const FUNCTIONS: &Functions = &[
    (c"encode", encode::encode),
    (c"decode", decode::decode),
    (c"object", object),
    (c"array", array),
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
    l.register(marks_key());
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
    mark_of(l, index) == Some(Mark::Object)
}

/// Returns true where the table at `index` was marked as an array.
fn is_array(l: State, index: c_int) -> bool {
    mark_of(l, index) == Some(Mark::Array)
}

/// Marks the table on top of the stack as an object: where it is empty it
/// encodes as `{}`. The mark is no part of the table, which may have a
/// metatable of its own.
/// May raise.
pub(crate) fn mark_object(l: State) {
    mark(l, Mark::Object);
}

/// The form that a program has given a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Object,
    Array,
}

/// Marks the table on top of the stack. May raise.
fn mark(l: State, mark: Mark) {
    l.registered(marks_key());
    l.push_value(-2);
    l.push_boolean(mark == Mark::Object);
    l.raw_set(-3);
    l.pop(1);
}

fn mark_of(l: State, index: c_int) -> Option<Mark> {
    l.registered(marks_key());
    l.push_value(index);
    let mark = match l.raw_get(-2) {
        LUA_TNIL => None,
        _ if l.to_boolean(-1) => Some(Mark::Object),
        _ => Some(Mark::Array),
    };
    l.pop(2);
    mark
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

/// `json.array(t)`: `t`, whose holes are null.
extern "C-unwind" fn array(l: State) -> c_int {
    if !is_given(l, 1, LUA_TTABLE, "table") {
        return REFUSED;
    }
    l.set_top(1);
    mark(l, Mark::Array);
    1
}

/// The registry's key of the table whose keys are the marked tables, and whose values
/// are true for an object and false for an array.
fn marks_key() -> *const c_void {
    static KEY: u8 = 0;
    (&raw const KEY).cast()
}
