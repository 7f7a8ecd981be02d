//! Objects of the prelude: userdata with one user value, so that they are
//! refused where plain tables would cross a process boundary.

use std::ffi::c_int;

use mlua_sys::*;

use crate::stack::{Functions, State};

/// The functions that the prelude is given.
pub(crate) const FUNCTIONS: &Functions = &[(c"object", object), (c"state", state)];

/// `object(metatable, state)`.
unsafe extern "C-unwind" fn object(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        lua_settop(l, 2);
        lua_newuserdatauv(l, 0, 1);
        lua_insert(l, 2);
        lua_setiuservalue(l, 2, 1);
        lua_pushvalue(l, 1);
        lua_setmetatable(l, 2);
        1
    }
}

/// `state(value, metatable)`: the state of an object of that metatable; nil for
/// anything else.
unsafe extern "C-unwind" fn state(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        lua_settop(l, 2);
        if lua_type(l, 1) == LUA_TUSERDATA
            && lua_getmetatable(l, 1) != 0
            && lua_rawequal(l, -1, 2) != 0
        {
            lua_getiuservalue(l, 1, 1);
            return 1;
        }
        lua_pushnil(l);
        1
    }
}
