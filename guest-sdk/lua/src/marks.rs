//! Null, and the marks of tables that are objects or arrays whatever they hold.

use std::ffi::{c_int, c_void};

use mlua_sys::*;

use crate::lua::State;

/// Makes the table of the marked tables, which are collected all the same.
pub(crate) fn open(l: State) {
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
pub(crate) fn is_array(l: State, index: c_int) -> bool {
    mark_of(l, index) == Some(Mark::Array)
}

/// Marks the table on top of the stack as an object: where it is empty it
/// encodes as `{}`. The mark is no part of the table, which may have a
/// metatable of its own.
/// May raise.
pub(crate) fn mark_object(l: State) {
    mark(l, Mark::Object);
}

/// Marks the table on top of the stack as an array, whose holes are null.
/// May raise.
pub(crate) fn mark_array(l: State) {
    mark(l, Mark::Array);
}

/// Gives the table on top of the stack the mark of the table at an absolute index.
/// May raise.
pub(crate) fn copy(l: State, from: c_int) {
    if let Some(of) = mark_of(l, from) {
        mark(l, of);
    }
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

/// The registry's key of the table whose keys are the marked tables, and whose values
/// are true for an object and false for an array.
fn marks_key() -> *const c_void {
    static KEY: u8 = 0;
    (&raw const KEY).cast()
}
