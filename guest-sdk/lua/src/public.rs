//! Functions of the prelude as programs see them: functions of C, like Lua's own,
//! whose errors know the name and the place of the call, also of a tail call.

use std::ffi::{CStr, c_int};
use std::mem::MaybeUninit;

use mlua_sys::*;

use crate::stack::{Functions, State, push_typename};

/// The functions that the prelude is given.
pub(crate) const FUNCTIONS: &Functions = &[(c"public", public), (c"bad_argument", bad_argument)];

/// The functions of C that can be left and come back to.
pub(crate) const SWITCHABLE: &[lua_CFunction] = &[published];

/// `public(f)`: a function of C that calls `f`. An error of `f` at level 3 has the
/// position of the program's call.
unsafe extern "C-unwind" fn public(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        lua_settop(l, 1);
        lua_pushcclosure(l, published, 1);
        1
    }
}

unsafe extern "C-unwind" fn published(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        lua_pushvalue(l, lua_upvalueindex(1));
        lua_insert(l, 1);
        lua_callk(l, lua_gettop(l) - 1, LUA_MULTRET, 0, Some(all_results));
        lua_gettop(l)
    }
}

unsafe extern "C-unwind" fn all_results(l: State, _: c_int, _: lua_KContext) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe { lua_gettop(l) }
}

/// `bad_argument(arg, name, expected, value?)`: raises what Lua raises for an
/// argument of the wrong type of the public function that is being called. `name` is
/// for calls that do not tell the function's name.
unsafe extern "C-unwind" fn bad_argument(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread; only the prelude calls this, with a
    // number and two strings.
    unsafe {
        // A value that is missing stays so.
        if lua_gettop(l) > 4 {
            lua_settop(l, 4);
        }
        let mut record = MaybeUninit::<lua_Debug>::zeroed();
        let record = record.as_mut_ptr();
        let mut level = 1;
        while lua_getstack(l, level, record) != 0 {
            lua_getinfo(l, c"Sn".as_ptr(), record);
            if CStr::from_ptr((*record).what) == c"C" {
                break;
            }
            level += 1;
        }
        let mut arg = lua_tointeger(l, 1);
        let mut name = (*record).name;
        if name.is_null() {
            name = lua_tostring(l, 2);
        } else if CStr::from_ptr((*record).namewhat) == c"method" {
            arg -= 1;
        }
        let got = push_typename(l, 4);
        luaL_where(l, level + 1);
        let expected = lua_tostring(l, 3);
        if arg == 0 {
            lua_pushfstring(
                l,
                c"calling '%s' on bad self (%s expected, got %s)".as_ptr(),
                name,
                expected,
                got,
            );
        } else {
            lua_pushfstring(
                l,
                c"bad argument #%I to '%s' (%s expected, got %s)".as_ptr(),
                arg,
                name,
                expected,
                got,
            );
        }
        lua_concat(l, 2);
        lua_error(l)
    }
}
