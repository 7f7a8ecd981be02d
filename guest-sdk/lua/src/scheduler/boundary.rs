//! Where a task cannot be switched: inside a C function that Lua cannot leave
//! and come back to.

use std::ffi::{CStr, c_char, c_int};
use std::mem::MaybeUninit;
use std::ptr;

use mlua_sys::*;

use crate::internals::{Barrier, barrier};
use crate::runtime::{Runtime, runtime};
use crate::stack::State;

/// Whether a yield of `l` reaches the scheduler: neither it nor any coroutine
/// that waits for it is inside such a function.
///
/// # Safety
/// `l` is the thread that runs.
pub(super) unsafe fn can_switch(l: State, rt: &Runtime) -> bool {
    // SAFETY: as promised by the caller.
    unsafe { blocked(l, rt).is_none() }
}

/// The innermost thread that is inside such a function.
unsafe fn blocked(l: State, rt: &Runtime) -> Option<State> {
    // SAFETY: as promised by the caller; a resumption lives on the machine
    // stack as long as it is linked, and its thread as long as it runs.
    unsafe {
        if lua_isyieldable(l) == 0 {
            return Some(l);
        }
        let mut outer = rt.scheduler.borrow().resumed;
        while let Some(resumption) = outer {
            if lua_isyieldable((*resumption).thread) == 0 {
                return Some((*resumption).thread);
            }
            outer = (*resumption).outer;
        }
        None
    }
}

/// Raises "attempt to block in ...", naming the place as well as can be told.
///
/// # Safety
/// `l` runs a C function; nothing that needs `Drop` is alive.
pub(super) unsafe fn raise(l: State) -> ! {
    // SAFETY: as promised by the caller; the thread that cannot be left waits
    // for `l`, or is `l`. Lua fills the record before it is read, and its
    // strings live as long as the functions on the stack.
    unsafe {
        luaL_checkstack(l, LUA_MINSTACK, c"too many functions".as_ptr());
        luaL_where(l, 1);
        let thread = blocked(l, runtime(l)).unwrap_or(l);
        let mut record = MaybeUninit::<lua_Debug>::zeroed();
        let record = record.as_mut_ptr();
        // Always a string of its own on top, so that all ends are alike.
        match barrier(thread, record, passes) {
            Barrier::Finalizer => lua_pushstring(l, c"__gc".as_ptr()),
            Barrier::Handler => lua_pushstring(l, c"a message handler".as_ptr()),
            Barrier::Base => lua_pushstring(l, c"__close after a failure".as_ptr()),
            Barrier::Function if lua_checkstack(thread, LUA_MINSTACK) != 0 => {
                lua_getinfo(thread, c"nf".as_ptr(), record);
                let mut name = text((*record).name);
                if name.is_empty() {
                    name = name_of_top(thread);
                }
                lua_pop(thread, 1);
                lua_pushfstring(l, c"a function called by '%s'".as_ptr(), name.as_ptr())
            }
            Barrier::Function => lua_pushstring(l, c"a function of C".as_ptr()),
        };
        lua_pushstring(l, c"attempt to block in ".as_ptr());
        lua_insert(l, -2);
        lua_concat(l, 3);
        lua_error(l)
    }
}

/// Whether a function of C can be left and come back to.
unsafe extern "C" fn passes(l: State, function: Option<lua_CFunction>) -> c_int {
    let Some(function) = function else { return 0 };
    // SAFETY: `barrier` gives the thread that it was given.
    let switchable = unsafe { runtime(l) }.switchable;
    switchable
        .iter()
        .flat_map(|functions| functions.iter())
        .any(|switchable| ptr::fn_addr_eq(*switchable, function))
        .into()
}

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
