//! Arguments that have to be of a type.

use std::ffi::{CStr, c_int};

use mlua_sys::*;

use super::State;
use super::api::api;

impl State {
    api! {
        /// Raises unless an argument is of a type.
        fn check_type(arg: c_int, expected: c_int) = |l| luaL_checktype(l, arg, expected);
        /// Returns an argument that is an integer, or raises.
        fn check_integer(arg: c_int) -> lua_Integer = |l| luaL_checkinteger(l, arg);
        /// Returns an argument that is a number, or raises.
        fn check_number(arg: c_int) -> lua_Number = |l| luaL_checknumber(l, arg);
        /// Raises unless an argument is a string, a number or missing; makes a string of a
        /// number, and of what is missing the empty one.
        fn optional_string(arg: c_int) = |l| { luaL_optlstring(l, arg, c"".as_ptr(), std::ptr::null_mut()); };
        /// Returns an argument that is an integer or missing, or raises.
        fn optional_integer(arg: c_int, default: lua_Integer) -> lua_Integer = |l| luaL_optinteger(l, arg, default);
        /// Raises "bad argument" unless a condition holds.
        fn check_argument(holds: bool, arg: c_int, why: &CStr) = |l| luaL_argcheck(l, holds.into(), arg, why.as_ptr());
        /// Raises unless an argument is a userdata of a registered class.
        fn check_named_class(arg: c_int, name: &CStr) = |l| { luaL_checkudata(l, arg, name.as_ptr()); };
    }

    /// Returns the thread that is argument `arg`; raises for anything else.
    pub(crate) fn check_thread(self, arg: c_int) -> State {
        match self.to_thread(arg) {
            Some(thread) => thread,
            None => self.wrong_type(arg, c"thread"),
        }
    }
}
