//! Where a task cannot be switched: inside a C function that Lua cannot leave
//! and come back to.

use std::ffi::{CStr, c_char};
use std::mem::MaybeUninit;

use mlua_sys::*;

use crate::runtime::Runtime;
use crate::stack::State;

/// Whether a yield of `l` reaches the scheduler: neither it nor any coroutine
/// that waits for it is inside such a function.
///
/// # Safety
/// `l` is the thread that runs.
pub(super) unsafe fn can_switch(l: State, rt: &Runtime) -> bool {
    // SAFETY: as promised by the caller; a resumption lives on the machine
    // stack as long as it is linked, and its thread as long as it runs.
    unsafe {
        if lua_isyieldable(l) == 0 {
            return false;
        }
        let mut outer = rt.scheduler.borrow().resumed;
        while let Some(resumption) = outer {
            if lua_isyieldable((*resumption).thread) == 0 {
                return false;
            }
            outer = (*resumption).outer;
        }
        true
    }
}

/// Raises "attempt to block in ...", naming the place as well as can be told.
///
/// # Safety
/// `l` runs a C function; nothing that needs `Drop` is alive.
pub(super) unsafe fn raise(l: State) -> ! {
    // SAFETY: as promised by the caller; Lua fills the record before it is
    // read, and its strings live as long as the functions on the stack.
    unsafe {
        luaL_checkstack(l, LUA_MINSTACK, c"too many functions".as_ptr());
        luaL_where(l, 1);
        let mut record = MaybeUninit::<lua_Debug>::zeroed();
        let record = record.as_mut_ptr();
        let mut level = 1;
        while lua_getstack(l, level, record) != 0 {
            level += 1;
            lua_getinfo(l, c"nSf".as_ptr(), record);
            let name = text((*record).name);
            if name == c"__gc" {
                lua_pop(l, 1);
                lua_pushstring(l, c"attempt to block in __gc".as_ptr());
                lua_concat(l, 2);
                lua_error(l);
            }
            let name = if text((*record).what) == c"C" && name.is_empty() {
                name_of_top(l)
            } else {
                name
            };
            lua_pop(l, 1);
            if text((*record).what) == c"C" && !SWITCHABLE.contains(&name) {
                lua_pushfstring(
                    l,
                    c"attempt to block in a function called by '%s'".as_ptr(),
                    name.as_ptr(),
                );
                lua_concat(l, 2);
                lua_error(l);
            }
        }
        lua_pushstring(l, c"attempt to block in a message handler".as_ptr());
        lua_concat(l, 2);
        lua_error(l)
    }
}

/// The functions of C that can be left and come back to, and `error`, which
/// calls a handler that cannot.
const SWITCHABLE: [&CStr; 10] = [
    c"pcall", c"xpcall", c"error", c"assert", c"dofile", c"pairs", c"gsub", c"sort", c"resume",
    c"wrap",
];

/// The name under which a library has the function on top of the stack.
unsafe fn name_of_top<'a>(l: State) -> &'a CStr {
    // SAFETY: `raise` has made room; a name is a key of a library's table,
    // which keeps it alive.
    unsafe {
        let function = lua_gettop(l);
        let mut found = c"?";
        lua_getfield(l, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
        lua_pushnil(l);
        while lua_next(l, function + 1) != 0 {
            if lua_istable(l, -1) != 0 {
                lua_pushnil(l);
                while lua_next(l, function + 3) != 0 {
                    if lua_rawequal(l, -1, function) != 0 && lua_type(l, -2) == LUA_TSTRING {
                        found = text(lua_tostring(l, -2));
                    }
                    lua_pop(l, 1);
                }
            }
            lua_pop(l, 1);
        }
        lua_settop(l, function);
        found
    }
}

unsafe fn text<'a>(chars: *const c_char) -> &'a CStr {
    if chars.is_null() {
        return c"";
    }
    // SAFETY: the callers give null or a string of Lua's.
    unsafe { CStr::from_ptr(chars) }
}
