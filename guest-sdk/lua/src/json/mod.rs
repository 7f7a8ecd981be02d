//! The library `json`.

mod decode;
mod encode;

use std::ffi::{CStr, c_int, c_void};

use mlua_sys::*;

use crate::argument::REFUSED;
use crate::errors::{self, Kind};
use crate::stack::{self, Functions, State};

/// How deep arrays and objects may nest, in both directions.
const MAX_DEPTH: usize = 128;

const FUNCTIONS: &Functions = &[
    (c"encode", encode::encode),
    (c"decode", decode::decode),
    (c"object", object),
];

/// Pushes the library.
///
/// # Safety
/// `l` is a live Lua thread with free stack slots.
pub(crate) unsafe fn open(l: State) {
    // SAFETY: as promised by the caller.
    unsafe {
        stack::push_library(l, FUNCTIONS);
        push_null(l);
        lua_setfield(l, -2, c"null".as_ptr());
        // The marked tables, which are collected all the same.
        lua_newtable(l);
        lua_createtable(l, 0, 1);
        lua_pushstring(l, c"k".as_ptr());
        lua_setfield(l, -2, c"__mode".as_ptr());
        lua_setmetatable(l, -2);
        lua_rawsetp(l, LUA_REGISTRYINDEX, objects_key());
    }
}

/// Pushes `json.null`.
///
/// # Safety
/// `l` has a free stack slot.
pub(crate) unsafe fn push_null(l: State) {
    // SAFETY: as promised by the caller. A light userdata equals every other
    // of the same address, so that it stays itself.
    unsafe { lua_pushlightuserdata(l, std::ptr::null_mut()) };
}

/// Whether the value at `index` is `json.null`.
///
/// # Safety
/// `index` is acceptable for `l`.
pub(crate) unsafe fn is_null(l: State, index: c_int) -> bool {
    // SAFETY: as promised by the caller.
    unsafe { lua_type(l, index) == LUA_TLIGHTUSERDATA && lua_touserdata(l, index).is_null() }
}

/// Whether the table at `index` was marked as an object.
///
/// # Safety
/// `index` is an absolute index of `l`, which has two free stack slots.
pub(crate) unsafe fn is_object(l: State, index: c_int) -> bool {
    // SAFETY: as promised by the caller.
    unsafe {
        lua_rawgetp(l, LUA_REGISTRYINDEX, objects_key());
        lua_pushvalue(l, index);
        let marked = lua_rawget(l, -2) != LUA_TNIL;
        lua_pop(l, 2);
        marked
    }
}

/// Marks the table on top of the stack as an object: where it is empty it
/// encodes as `{}`. The mark is no part of the table, which may have a
/// metatable of its own.
///
/// # Safety
/// A table is on top of the stack of `l`, which has three free slots; this may
/// raise.
pub(crate) unsafe fn mark_object(l: State) {
    // SAFETY: as promised by the caller.
    unsafe {
        lua_rawgetp(l, LUA_REGISTRYINDEX, objects_key());
        lua_pushvalue(l, -2);
        lua_pushboolean(l, 1);
        lua_rawset(l, -3);
        lua_pop(l, 1);
    }
}

/// `json.object(t)`: `t`, which encodes as `{}` where it is empty.
unsafe extern "C-unwind" fn object(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        if !is_given(l, 1, LUA_TTABLE, "table") {
            return REFUSED;
        }
        lua_settop(l, 1);
        mark_object(l);
        1
    }
}

/// Whether an argument is of the type that it must be. If not, nil and an error were
/// pushed: other than elsewhere, a wrong type is INVALID, as what is encoded and
/// decoded here often comes from outside.
///
/// # Safety
/// `l` runs a C function.
unsafe fn is_given(l: State, arg: c_int, kind: c_int, name: &str) -> bool {
    // SAFETY: as promised by the caller; a type's name is static.
    unsafe {
        let given = lua_type(l, arg);
        if given == kind {
            return true;
        }
        if given <= LUA_TNIL {
            errors::refuse(l, Kind::Invalid, format_args!("{name} is missing"));
        } else {
            let [kind, given] = [kind, given].map(|kind| {
                CStr::from_ptr(lua_typename(l, kind))
                    .to_str()
                    .unwrap_or("?")
            });
            errors::refuse(
                l,
                Kind::Invalid,
                format_args!("{name} is a {given}, not a {kind}"),
            );
        }
        false
    }
}

/// Where the registry keeps the table whose keys are the marked tables.
fn objects_key() -> *const c_void {
    static KEY: u8 = 0;
    (&raw const KEY).cast()
}
