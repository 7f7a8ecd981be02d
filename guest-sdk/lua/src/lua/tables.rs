//! Tables, globals and the registry.

use std::ffi::{CStr, c_int, c_void};

use mlua_sys::*;

use super::api::api;
use super::{State, internals};

impl State {
    api! {
        /// Pushes a new table with room for so many elements and other pairs.
        fn new_table(elements: c_int, pairs: c_int) = |l| lua_createtable(l, elements, pairs);
        /// Pushes a field, which may run a metamethod; returns its type.
        fn field(table: c_int, name: &CStr) -> c_int = |l| lua_getfield(l, table, name.as_ptr());
        /// Sets a field to the value on top. May run a metamethod.
        fn set_field(table: c_int, name: &CStr) = |l| lua_setfield(l, table, name.as_ptr());
        /// Replaces the key on top by its value, which may run a metamethod; returns
        /// its type.
        fn get(table: c_int) -> c_int = |l| lua_gettable(l, table);
        /// Replaces the key on top by its value; returns its type.
        fn raw_get(table: c_int) -> c_int = |l| lua_rawget(l, table);
        /// Sets the key below the top to the value on top. May run a metamethod.
        fn set(table: c_int) = |l| lua_settable(l, table);
        /// Sets the key below the top to the value on top.
        fn raw_set(table: c_int) = |l| lua_rawset(l, table);
        /// Pushes an element; returns its type.
        fn element(table: c_int, place: lua_Integer) -> c_int = |l| lua_rawgeti(l, table, place);
        /// Sets an element to the value on top.
        fn set_element(table: c_int, place: lua_Integer) = |l| lua_rawseti(l, table, place);
        /// Replaces the key on top by the next one and its value. False, with neither,
        /// at the end.
        fn next(table: c_int) -> bool = |l| lua_next(l, table) != 0;
        /// Sets whether a table is read-only: an assignment to it raises, in this crate too.
        fn set_read_only(table: c_int, on: bool) = |l| internals::warren_setreadonly(l, table, on.into());
        /// Pushes a global; returns its type.
        fn global(name: &CStr) -> c_int = |l| lua_getglobal(l, name.as_ptr());
        /// Sets a global to the value on top.
        fn set_global(name: &CStr) = |l| lua_setglobal(l, name.as_ptr());
        /// Pushes what the registry has under an address; returns its type.
        fn registered(key: *const c_void) -> c_int = |l| lua_rawgetp(l, LUA_REGISTRYINDEX, key);
        /// Puts the value on top into the registry, under an address.
        fn register(key: *const c_void) = |l| lua_rawsetp(l, LUA_REGISTRYINDEX, key);
        /// Moves the value on top to a free place of a table, which is returned.
        fn keep(table: c_int) -> c_int = |l| luaL_ref(l, table);
        /// Frees a place that [`keep`](Self::keep) has returned.
        fn release(table: c_int, place: c_int) = |l| luaL_unref(l, table, place);
        /// Opens a standard library as a global and for `require`; pushes it.
        fn open_standard(name: &CStr, open: lua_CFunction) = |l| luaL_requiref(l, name.as_ptr(), open, 1);
    }
}
