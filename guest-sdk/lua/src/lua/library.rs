//! Tables of functions, and metatables.

use std::ffi::{CStr, c_int};

use mlua_sys::LUA_REGISTRYINDEX;

use super::{Class, Functions, State};

/// Adds functions to the table on top of the stack.
pub(crate) fn set_functions(l: State, functions: &Functions) {
    for (name, function) in functions {
        l.push_function(*function);
        l.set_field(-2, name);
    }
}

/// Pushes a new table of functions.
pub(crate) fn push_library(l: State, functions: &Functions) {
    l.new_table(0, functions.len() as c_int);
    set_functions(l, functions);
}

/// Pushes a new metatable whose methods are found through `__index`, and registers
/// it under a name.
pub(crate) fn push_class(l: State, name: &CStr, methods: &Functions, metamethods: &Functions) {
    l.new_named_class(name);
    set_functions(l, metamethods);
    push_library(l, methods);
    l.set_field(-2, c"__index");
    // `getmetatable` yields the name, so that no program changes the class.
    l.push_string(name);
    l.set_field(-2, c"__metatable");
}

/// Pushes a new metatable as [`push_class`] does, keeps it alive for good, and returns
/// the class by which its userdata are known.
pub(crate) fn class<T>(
    l: State,
    name: &CStr,
    methods: &Functions,
    metamethods: &Functions,
) -> Class<T> {
    push_class(l, name, methods, metamethods);
    kept_class(l, -1)
}

/// Makes a class of the metatable at an absolute index, which the registry keeps from now
/// on. The metatable hides itself by `__metatable`.
pub(crate) fn class_of(l: State, index: c_int) -> Class<()> {
    kept_class(l, index)
}

/// Makes a class of a hidden metatable, which is at an absolute index or on top, and keeps
/// it for good.
fn kept_class<T>(l: State, index: c_int) -> Class<T> {
    l.push_value(index);
    l.keep(LUA_REGISTRYINDEX);
    // SAFETY: the registry keeps the metatable from now on, and `__metatable` hides it.
    unsafe { Class::of_metatable(l, index) }
}
