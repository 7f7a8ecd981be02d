//! Raising errors.

use std::ffi::{CStr, c_int};

use mlua_sys::*;

use super::State;
use super::api::api;
use super::internals;

impl State {
    /// Raises the value on top.
    // Not inlined: it is called in many places.
    pub(crate) fn error(self) -> ! {
        // SAFETY: by the contract of `State`.
        unsafe { lua_error(self.as_ptr()) }
    }

    api! {
        /// Raises the value on top, from a function that does nothing more but return what
        /// this returns: where it can, that takes the place of a throw.
        fn fail() -> c_int = |l| internals::warren_raise(l);
        /// Pushes the message of a wrong argument, of a wrong self where that is 0. The
        /// strings are at indices: the function's name, the expected type and the given one.
        fn push_bad_argument(arg: lua_Integer, strings: [c_int; 3], joint: &CStr, remedy: &CStr) = |l| {
            let [name, expected, got] = strings.map(|index| lua_tostring(l, index));
            if arg == 0 {
                let message = c"calling '%s' on bad self (%s expected, got %s)".as_ptr();
                lua_pushfstring(l, message, name, expected, got);
            } else {
                let message = c"bad argument #%I to '%s' (%s expected, got %s%s%s)".as_ptr();
                let (joint, remedy) = (joint.as_ptr(), remedy.as_ptr());
                lua_pushfstring(l, message, arg, name, expected, got, joint, remedy);
            }
        };
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
        self.push_type_name(arg);
        // SAFETY: by the contract of `State`; the name of the type is on the stack.
        unsafe {
            let l = self.as_ptr();
            let message = lua_pushfstring(
                l,
                c"%s expected, got %s%s%s".as_ptr(),
                expected.as_ptr(),
                lua_tostring(l, -1),
                joint.as_ptr(),
                remedy.as_ptr(),
            );
            luaL_argerror(l, arg, message);
        }
        self.error()
    }
}
