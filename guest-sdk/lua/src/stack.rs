//! Reading from and writing to a Lua stack.
//!
//! The rule for all code of this crate: a function of the Lua API may raise an
//! error (every one that allocates may), and raising skips the frames between
//! it and the `pcall` without running destructors. So no value that needs
//! `Drop` may be alive across such a call.

use std::ffi::{CStr, c_char, c_int, c_void};
use std::slice;

use mlua_sys::*;

use crate::internals::{warren_setclass, warren_string, warren_userdata};

pub(crate) use crate::internals::State;

/// The names and functions of a library.
pub(crate) type Functions = [(&'static CStr, lua_CFunction)];

/// Pushes a string.
///
/// # Safety
/// `l` is a live Lua thread with a free stack slot. Raises on want of memory.
pub(crate) unsafe fn push_bytes(l: State, bytes: &[u8]) {
    // SAFETY: `bytes` is a valid range; the rest is the caller's promise.
    unsafe { lua_pushlstring(l, bytes.as_ptr().cast(), bytes.len()) };
}

/// The string at `index`; `None` where there is another type. Numbers are not
/// converted.
///
/// # Safety
/// `index` is acceptable for `l`. The slice is valid while the string is on
/// the stack or otherwise reachable.
pub(crate) unsafe fn bytes_at<'a>(l: State, index: c_int) -> Option<&'a [u8]> {
    // SAFETY: as promised by the caller; a string's bytes do not move.
    unsafe {
        let mut len = 0;
        let text = warren_string(l, index, &mut len);
        (!text.is_null()).then(|| slice::from_raw_parts(text.cast(), len))
    }
}

/// Raises an error with the position of the calling Lua function.
///
/// # Safety
/// `l` is a live Lua thread; nothing that needs `Drop` is alive.
pub(crate) unsafe fn raise(l: State, message: &str) -> ! {
    // SAFETY: as promised by the caller.
    unsafe {
        luaL_where(l, 1);
        push_bytes(l, message.as_bytes());
        lua_concat(l, 2);
        lua_error(l)
    }
}

/// Raises Lua's own error for want of memory.
///
/// # Safety
/// As [`raise`].
pub(crate) unsafe fn out_of_memory(l: State) -> ! {
    // No allocation of this size succeeds, nor is it beyond what Lua tries: so
    // this raises "not enough memory", which is a string made in advance.
    const IMPOSSIBLE: usize = if usize::BITS == 32 {
        usize::MAX - 0xffff
    } else {
        usize::MAX / 4
    };
    // SAFETY: as promised by the caller.
    unsafe {
        lua_newuserdatauv(l, IMPOSSIBLE, 0);
        lua_error(l)
    }
}

/// Adds functions to the table on top of the stack.
///
/// # Safety
/// A table is on top of the stack of `l`, which has two free slots.
pub(crate) unsafe fn set_functions(l: State, functions: &Functions) {
    for (name, function) in functions {
        // SAFETY: as promised by the caller.
        unsafe {
            lua_pushcfunction(l, *function);
            lua_setfield(l, -2, name.as_ptr());
        }
    }
}

/// Pushes a new table of functions.
///
/// # Safety
/// `l` is a live Lua thread with three free stack slots.
pub(crate) unsafe fn push_library(l: State, functions: &Functions) {
    // SAFETY: as promised by the caller.
    unsafe {
        lua_createtable(l, 0, functions.len() as c_int);
        set_functions(l, functions);
    }
}

/// Pushes a new metatable whose methods are found through `__index`, keeps it
/// alive for good, and returns its address, by which its userdata are known.
///
/// # Safety
/// `l` is a live Lua thread with four free stack slots.
pub(crate) unsafe fn push_class(
    l: State,
    name: &CStr,
    methods: &Functions,
    metamethods: &Functions,
) -> Class {
    // SAFETY: as promised by the caller.
    unsafe {
        luaL_newmetatable(l, name.as_ptr());
        set_functions(l, metamethods);
        push_library(l, methods);
        lua_setfield(l, -2, c"__index".as_ptr());
        // What `getmetatable` yields, so that no program changes the class.
        lua_pushstring(l, name.as_ptr());
        lua_setfield(l, -2, c"__metatable".as_ptr());
        lua_pushvalue(l, -1);
        let address = lua_topointer(l, -1);
        luaL_ref(l, LUA_REGISTRYINDEX);
        Class { address }
    }
}

/// A metatable made by [`push_class`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Class {
    /// What its userdata are known by; the registry keeps it alive.
    address: *const c_void,
}

impl Class {
    /// Of nothing yet.
    pub(crate) const NONE: Class = Class {
        address: std::ptr::null(),
    };

    /// The block of the userdata at `index` if it is of this class.
    ///
    /// # Safety
    /// `index` is acceptable for `l`.
    pub(crate) unsafe fn test<T>(self, l: State, index: c_int) -> Option<*mut T> {
        // SAFETY: as promised by the caller.
        unsafe {
            // Nothing but userdata of the class has its metatable, which no
            // program gets hold of.
            let block: *mut T = warren_userdata(l, index, self.address).cast();
            (!block.is_null()).then_some(block)
        }
    }

    /// The block of the userdata that is argument `arg`; raises for anything
    /// else, saying that a `name` was expected.
    ///
    /// # Safety
    /// As [`test`](Self::test); nothing that needs `Drop` is alive.
    pub(crate) unsafe fn check<T>(self, l: State, arg: c_int, name: &CStr) -> *mut T {
        // SAFETY: as promised by the caller.
        unsafe {
            match self.test(l, arg) {
                Some(block) => block,
                None => wrong_type(l, arg, name),
            }
        }
    }

    /// Gives the userdata on top of the stack this class, which has no
    /// finalizer.
    ///
    /// # Safety
    /// A userdata that was just made is on top of the stack of `l`.
    pub(crate) unsafe fn apply(self, l: State) {
        // SAFETY: as promised by the caller; the registry keeps the metatable.
        unsafe { warren_setclass(l, self.address) };
    }
}

/// Raises "bad argument #arg to 'function' (expected, got ...)".
///
/// # Safety
/// `l` runs a C function; nothing that needs `Drop` is alive.
pub(crate) unsafe fn wrong_type(l: State, arg: c_int, expected: &CStr) -> ! {
    // SAFETY: as promised by the caller; luaL_argerror does not return.
    unsafe {
        let got = push_typename(l, arg);
        let message = lua_pushfstring(l, c"%s expected, got %s".as_ptr(), expected.as_ptr(), got);
        luaL_argerror(l, arg, message);
        lua_error(l)
    }
}

/// The type of the value at `index`, as Lua's messages name it. Pushes a value that
/// the name lasts as long as.
///
/// # Safety
/// `index` is acceptable for `l`, which has two free stack slots.
pub(crate) unsafe fn push_typename(l: State, index: c_int) -> *const c_char {
    // SAFETY: as promised by the caller.
    unsafe {
        if luaL_getmetafield(l, index, c"__name".as_ptr()) == LUA_TSTRING {
            return lua_tostring(l, -1);
        }
        let name = match lua_type(l, index) {
            LUA_TLIGHTUSERDATA => c"light userdata".as_ptr(),
            _ => luaL_typename(l, index),
        };
        lua_pushnil(l);
        name
    }
}
