//! `table.sort` and `string.gsub`, whose callbacks may block.
//!
//! Where there is a callback, the work is done by the prelude, called with a
//! continuation, so that a switch of the scheduler passes. Else Lua's own
//! function runs, as if it had been called itself.

use std::ffi::c_int;

use mlua_sys::*;

use crate::metamethods::is_lazy;
use crate::stack::{Functions, State};

/// The functions that the prelude is given: the first two take Lua's own
/// function and that of the prelude, and return one that chooses between them.
pub(crate) const FUNCTIONS: &Functions = &[
    (c"gsub", choose::<GSUB>),
    (c"sort", choose::<SORT>),
    (c"comparable", comparable),
    (c"find", choose_find),
];

/// The functions of C that can be left and come back to.
pub(crate) const SWITCHABLE: &[lua_CFunction] = &[gsub, sort];

const GSUB: bool = true;
const SORT: bool = false;

/// The upvalues of the functions that choose.
const OWN: c_int = lua_upvalueindex(1);
const PRELUDE: c_int = lua_upvalueindex(2);

unsafe extern "C-unwind" fn choose<const WHICH: bool>(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        lua_settop(l, 2);
        lua_pushcclosure(l, if WHICH == GSUB { gsub } else { sort }, 2);
        1
    }
}

unsafe extern "C-unwind" fn gsub(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        let calls_back = match lua_type(l, 3) {
            LUA_TFUNCTION => true,
            LUA_TTABLE => has_metatable(l, 3),
            _ => false,
        };
        if !calls_back {
            return own(l);
        }
        let mut len = 0;
        luaL_checklstring(l, 1, &mut len);
        luaL_checklstring(l, 2, std::ptr::null_mut());
        let max = luaL_optinteger(l, 4, len as lua_Integer + 1);
        lua_settop(l, 3);
        lua_pushinteger(l, max);
        lua_pushvalue(l, PRELUDE);
        lua_insert(l, 1);
        lua_callk(l, 4, 2, 0, Some(top_results));
        lua_gettop(l)
    }
}

unsafe extern "C-unwind" fn sort(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        if lua_type(l, 1) != LUA_TTABLE {
            return own(l);
        }
        let lazy = is_lazy(l, 1, &[c"__index", c"__newindex", c"__len"]);
        let length = lua_rawlen(l, 1) as lua_Integer;
        let calls_back = match lua_type(l, 2) {
            LUA_TFUNCTION => lazy || length > 1,
            LUA_TNONE | LUA_TNIL => lazy || compares_by_function(l, length),
            _ if lazy => {
                luaL_checktype(l, 2, LUA_TFUNCTION);
                false
            }
            _ => false,
        };
        if !calls_back {
            return own(l);
        }
        lua_settop(l, 2);
        if lazy {
            // The prelude asks for the length, which may block.
            lua_pushnil(l);
        } else {
            lua_pushinteger(l, length);
        }
        lua_insert(l, 2);
        lua_pushvalue(l, PRELUDE);
        lua_insert(l, 1);
        lua_callk(l, 3, 0, 0, Some(top_results));
        0
    }
}

/// Given `string.find`.
unsafe extern "C-unwind" fn choose_find(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        lua_settop(l, 1);
        lua_pushcclosure(l, find, 1);
        1
    }
}

/// `string.find` for the prelude's `gsub`: an error of it has the position of the
/// caller of `gsub`, as those of Lua's own `gsub` have.
unsafe extern "C-unwind" fn find(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        lua_pushvalue(l, OWN);
        lua_insert(l, 1);
        match lua_pcall(l, lua_gettop(l) - 1, LUA_MULTRET, 0) {
            LUA_OK => lua_gettop(l),
            LUA_ERRMEM => lua_error(l),
            _ => {
                // Past the prelude's function and the one of C that has called it.
                luaL_where(l, 3);
                lua_insert(l, -2);
                lua_concat(l, 2);
                lua_error(l)
            }
        }
    }
}

/// Raises where two values have no order, as Lua's own functions do: without
/// the position of a line of the prelude.
unsafe extern "C-unwind" fn comparable(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        let kind = lua_type(l, 1);
        let comparable = kind == lua_type(l, 2) && matches!(kind, LUA_TNUMBER | LUA_TSTRING)
            || luaL_getmetafield(l, 1, c"__lt".as_ptr()) != LUA_TNIL
            || luaL_getmetafield(l, 2, c"__lt".as_ptr()) != LUA_TNIL;
        if !comparable {
            lua_compare(l, 1, 2, LUA_OPLT);
        }
        0
    }
}

/// Whether an element of the list at index 1 has a metatable: only those compare
/// by a function.
unsafe fn compares_by_function(l: State, length: lua_Integer) -> bool {
    // SAFETY: the caller is a C function.
    unsafe {
        (1..=length).any(|place| {
            let kind = lua_rawgeti(l, 1, place);
            let found = (kind == LUA_TTABLE || kind == LUA_TUSERDATA) && has_metatable(l, -1);
            lua_pop(l, 1);
            found
        })
    }
}

unsafe fn has_metatable(l: State, index: c_int) -> bool {
    // SAFETY: the callers are C functions.
    unsafe {
        let has = lua_getmetatable(l, index) != 0;
        if has {
            lua_pop(l, 1);
        }
        has
    }
}

/// Runs Lua's own function in the place of this one.
unsafe fn own(l: State) -> c_int {
    // SAFETY: the upvalue is a function of C without upvalues of its own.
    unsafe {
        match lua_tocfunction(l, OWN) {
            Some(function) => function(l),
            None => 0,
        }
    }
}

/// The call that has yielded is done: its results are all that is left.
unsafe extern "C-unwind" fn top_results(l: State, _: c_int, _: lua_KContext) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe { lua_gettop(l) }
}
