//! Functions: loading them, calling them, and their upvalues.

use std::ffi::{CStr, c_int, c_uint};
use std::mem::transmute;

use mlua_sys::*;

use super::api::api;
use super::{Continuation, State, internals};

impl State {
    api! {
        /// Pushes the function that a text compiles to, or an error; returns the status.
        fn load(text: &[u8], name: &CStr) -> c_int = |l|
            luaL_loadbufferx(l, text.as_ptr().cast(), text.len(), name.as_ptr(), c"t".as_ptr());
        /// Returns the line of the error of syntax that a [`load`](Self::load) has just
        /// returned.
        fn syntax_line() -> c_int = |_l| internals::warren_syntax_line();
        /// Calls the function below its arguments. Raises what it raises.
        fn call(arguments: c_int, results: c_int) = |l| lua_call(l, arguments, results);
        /// Calls the function below its arguments. Returns `LUA_OK`, or another
        /// status with the error on top.
        fn pcall(arguments: c_int, results: c_int) -> c_int = |l| lua_pcall(l, arguments, results, 0);
        /// Sorts the table at index 1, of `n` elements, by the function at index 2, which may
        /// block; for a function that does nothing more but return what this returns.
        fn sort_by(n: c_uint) -> c_int = |l| internals::warren_sort_by(l, n);
        /// Sets an upvalue of a function, which has it, to the value on top.
        fn set_upvalue(function: c_int, number: c_int) = |l| { lua_setupvalue(l, function, number); };
        /// Pushes an upvalue of a function. False, with nothing pushed, without one.
        fn upvalue(function: c_int, number: c_int) -> bool = |l| !lua_getupvalue(l, function, number).is_null();
    }

    /// Calls as [`call`](Self::call), then `then`, for a function that does nothing more but
    /// return what this returns. The function called may yield. It needs no frame of C where
    /// that of the caller needs none.
    #[inline]
    pub(crate) fn call_then(
        self,
        arguments: c_int,
        results: c_int,
        kept: lua_KContext,
        then: Continuation,
    ) -> c_int {
        // SAFETY: by the contract of `State`, which is an address for the ABI.
        let unfinished = unsafe {
            let then = Some(transmute::<Continuation, lua_KFunction>(then));
            internals::warren_callk(self.as_ptr(), arguments, results, kept, then)
        };
        if unfinished != 0 {
            return unfinished;
        }
        then(self, LUA_OK, kept)
    }

    /// Pushes the function of bytecode, or an error; returns the status.
    ///
    /// # Safety
    /// Lua has made the bytecode: it is not checked.
    pub(crate) unsafe fn load_bytecode(self, code: &[u8], name: &CStr) -> c_int {
        let (start, len) = (code.as_ptr().cast(), code.len());
        // SAFETY: by the contract of `State`, and as promised by the caller.
        unsafe { luaL_loadbufferx(self.as_ptr(), start, len, name.as_ptr(), c"b".as_ptr()) }
    }
}
