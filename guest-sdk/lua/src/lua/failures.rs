//! Raising errors.

use std::ffi::{CStr, c_int};

use mlua_sys::*;

use super::State;

impl State {
    /// Raises the value on top.
    pub(crate) fn error(self) -> ! {
        // SAFETY: by the contract of `State`.
        unsafe { lua_error(self.as_ptr()) }
    }

    /// Raises a message behind the position of the calling Lua function.
    pub(crate) fn raise(self, message: &str) -> ! {
        self.push_where(1);
        self.push_bytes(message.as_bytes());
        self.concat(2);
        self.error()
    }

    /// Raises Lua's own error for want of memory.
    pub(crate) fn out_of_memory(self) -> ! {
        // No allocation of this size succeeds, nor is it beyond what Lua tries: so
        // this raises "not enough memory", which is a string made in advance.
        const IMPOSSIBLE: usize = if usize::BITS == 32 {
            usize::MAX - 0xffff
        } else {
            usize::MAX / 4
        };
        self.new_block(IMPOSSIBLE, 0);
        self.error()
    }

    /// Raises "bad argument #arg to 'function' (expected, got ...)".
    pub(crate) fn wrong_type(self, arg: c_int, expected: &CStr) -> ! {
        self.wrong_argument(arg, expected, c"", c"")
    }

    /// The same with a remedy: "(expected, got ...; remedy)".
    pub(crate) fn wrong_type_as(self, arg: c_int, expected: &CStr, remedy: &CStr) -> ! {
        self.wrong_argument(arg, expected, c"; ", remedy)
    }

    fn wrong_argument(self, arg: c_int, expected: &CStr, joint: &CStr, remedy: &CStr) -> ! {
        let got = self.push_typename(arg);
        // SAFETY: by the contract of `State`; the name is on the stack.
        unsafe {
            let l = self.as_ptr();
            let message = lua_pushfstring(
                l,
                c"%s expected, got %s%s%s".as_ptr(),
                expected.as_ptr(),
                got,
                joint.as_ptr(),
                remedy.as_ptr(),
            );
            luaL_argerror(l, arg, message);
        }
        self.error()
    }
}
