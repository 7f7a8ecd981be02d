//! Threads: resuming them, yielding, and their end.

use std::ffi::c_int;
use std::mem::transmute;

use mlua_sys::*;

use super::api::api;
use super::internals;
use super::{Continuation, State};

impl State {
    api! {
        /// Yields without results; `then` runs when the thread is resumed.
        fn yield_then(kept: lua_KContext, then: Continuation) -> c_int = |l|
            lua_yieldk(l, 0, kept, Some(transmute::<Continuation, lua_KFunction>(then)));
        /// Yields `results` values.
        fn yield_values(results: c_int) -> c_int = |l| lua_yield(l, results);
        /// Returns true where a yield would reach the one who has resumed the thread.
        fn is_yieldable() -> bool = |l| lua_isyieldable(l) != 0;
        /// Returns `LUA_OK`, `LUA_YIELD`, or the status the thread has failed with.
        fn status() -> c_int = |l| lua_status(l);
        /// Returns true where the thread runs a function.
        fn has_calls() -> bool = |l| {
            let mut record = std::mem::MaybeUninit::<lua_Debug>::uninit();
            lua_getstack(l, 0, record.as_mut_ptr()) != 0
        };
        /// Closes the thread's variables and makes it dead; an error is left on its
        /// stack.
        fn close(from: State) -> c_int = |l| internals::lua_closethread(l, from.as_ptr());
        /// Returns true where the thread has variables to be closed.
        fn has_unclosed() -> bool = |l| internals::warren_has_unclosed(l) != 0;
        /// Pushes `__close` and the value of the next variable of a thread that is not
        /// resumed any more. False where there is none.
        fn push_unclosed(of: State) -> bool = |l| internals::warren_unclosed(l, of.as_ptr()) != 0;
        /// Resumes a thread with the arguments on its stack; returns the status and the
        /// number of results there.
        fn resume(thread: State, arguments: c_int) -> (c_int, c_int) = |l| {
            let mut results = 0;
            let status = lua_resume(thread.as_ptr(), l, arguments, &mut results);
            (status, results)
        };
    }
}
