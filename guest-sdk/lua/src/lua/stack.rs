//! The values on a thread's stack: their places, and new ones.

use std::ffi::{CStr, c_int, c_void};
use std::mem::transmute;

use mlua_sys::*;

use super::api::api;
use super::{Function, State, internals};

impl State {
    api! {
        /// Returns the index of the value on top.
        fn top() -> c_int = |l| lua_gettop(l);
        /// Makes `index` the top: drops values, or pushes nils.
        fn set_top(index: c_int) = |l| lua_settop(l, index);
        /// Drops `count` values.
        fn pop(count: c_int) = |l| lua_pop(l, count);
        /// Moves the value on top to `index`, and those from there on up.
        fn insert(index: c_int) = |l| lua_insert(l, index);
        /// Drops the value at `index`, and moves those above it down.
        fn remove(index: c_int) = |l| lua_remove(l, index);
        /// Moves the value on top to `index`, in the place of the one there.
        fn replace(index: c_int) = |l| lua_replace(l, index);
        /// Moves `count` values from the top to another thread's.
        fn move_to(to: State, count: c_int) = |l| lua_xmove(l, to.as_ptr(), count);
        /// Returns the same index counted from the bottom.
        fn absolute(index: c_int) -> c_int = |l| lua_absindex(l, index);
        /// Makes room for `count` values more. False where there is none.
        fn has_room(count: c_int) -> bool = |l| lua_checkstack(l, count) != 0;
        /// Makes room for `count` values more; raises "stack overflow" with `what`.
        fn need_room(count: c_int, what: &CStr) = |l| luaL_checkstack(l, count, what.as_ptr());
        /// Pushes nil.
        fn push_nil() = |l| lua_pushnil(l);
        /// Pushes a boolean.
        fn push_boolean(value: bool) = |l| lua_pushboolean(l, value.into());
        /// Pushes an integer.
        fn push_integer(value: lua_Integer) = |l| lua_pushinteger(l, value);
        /// Pushes a float.
        fn push_number(value: lua_Number) = |l| lua_pushnumber(l, value);
        /// Pushes a string. Raises without memory.
        fn push_bytes(bytes: &[u8]) = |l| { lua_pushlstring(l, bytes.as_ptr().cast(), bytes.len()); };
        /// Pushes a string. Raises without memory.
        fn push_string(text: &CStr) = |l| { lua_pushstring(l, text.as_ptr()); };
        /// Pushes a copy of the value at `index`.
        fn push_value(index: c_int) = |l| lua_pushvalue(l, index);
        /// Pushes a light userdata.
        fn push_address(address: *const c_void) = |l| lua_pushlightuserdata(l, address.cast_mut());
        /// Pushes the thread itself. True for the main thread.
        fn push_thread() -> bool = |l| lua_pushthread(l) != 0;
        /// Pushes the position of the function at a level of the calls.
        fn push_where(level: c_int) = |l| luaL_where(l, level);
        /// Pushes the traceback of a thread. Raises without memory.
        fn push_traceback(of: State, level: c_int) = |l| luaL_traceback(l, of.as_ptr(), std::ptr::null(), level);
        /// Pushes the text at `message`, if there is one, and the traceback of a thread; the
        /// level does not count the functions of the prelude. Raises without memory.
        fn push_traceback_behind(message: c_int, of: State, level: c_int) = |l| {
            let message = lua_tostring(l, message);
            luaL_traceback(l, of.as_ptr(), message, internals::warren_level(of.as_ptr(), level));
        };
        /// Pushes a value as `tostring` writes it. Runs a metamethod.
        fn push_as_text(index: c_int) = |l| { luaL_tolstring(l, index, std::ptr::null_mut()); };
        /// Makes a string of a number.
        fn make_string(index: c_int) = |l| { lua_tolstring(l, index, std::ptr::null_mut()); };
        /// Pushes a function with the `upvalues` values on top, in their place.
        fn push_closure(function: Function, upvalues: c_int) = |l|
            lua_pushcclosure(l, transmute::<Function, lua_CFunction>(function), upvalues);
        /// Joins values, the last of which is on top, into a string.
        fn concat(count: c_int) = |l| lua_concat(l, count);
    }

    /// Pushes a function.
    #[inline]
    pub(crate) fn push_function(self, function: Function) {
        self.push_closure(function, 0);
    }
}
