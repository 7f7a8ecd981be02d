//! Userdata and metatables.

use std::ffi::{CStr, c_int, c_void};

use mlua_sys::*;

use super::State;
use super::api::api;

impl State {
    api! {
        /// Pushes a user value of a userdata; returns its type.
        fn user_value(index: c_int, number: c_int) -> c_int = |l| lua_getiuservalue(l, index, number);
        /// Sets a user value of a userdata to the value on top.
        fn set_user_value(index: c_int, number: c_int) = |l| { lua_setiuservalue(l, index, number); };
        /// Pushes a new userdata without a block. Raises without memory.
        fn new_object(user_values: c_int) = |l| { lua_newuserdatauv(l, 0, user_values); };
        /// Pushes a new userdata and returns its block, which is not initialized and
        /// aligned for integers and floats. Raises without memory.
        fn new_block(size: usize, user_values: c_int) -> *mut c_void = |l| lua_newuserdatauv(l, size, user_values);
        /// Pushes the metatable of a value. False, with nothing pushed, without one.
        fn metatable(index: c_int) -> bool = |l| lua_getmetatable(l, index) != 0;
        /// Makes the table on top the metatable of a value.
        fn set_metatable(index: c_int) = |l| { lua_setmetatable(l, index); };
        /// Pushes a new metatable, and registers it as a class.
        fn new_named_class(name: &CStr) = |l| { luaL_newmetatable(l, name.as_ptr()); };
        /// Makes a registered class the metatable of the value on top.
        fn set_named_class(name: &CStr) = |l| luaL_setmetatable(l, name.as_ptr());
        /// Pushes a field of a value's metatable; returns its type, `LUA_TNIL` with
        /// nothing pushed without one.
        fn metafield(index: c_int, name: &CStr) -> c_int = |l| luaL_getmetafield(l, index, name.as_ptr());
    }
}
