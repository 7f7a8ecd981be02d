//! The garbage collector.

use std::ffi::c_int;

use mlua_sys::*;

use super::State;
use super::api::api;
use super::internals;

impl State {
    api! {
        /// Keeps garbage until [`restart_gc`](Self::restart_gc).
        fn stop_gc() = |l| { lua_gc(l, LUA_GCSTOP); };
        /// Collects garbage again.
        fn restart_gc() = |l| { lua_gc(l, LUA_GCRESTART); };
        /// Collects all garbage.
        fn collect() = |l| { lua_gc(l, LUA_GCCOLLECT); };
        /// Turns to the generational collector.
        fn collect_by_generation() = |l| { lua_gc(l, LUA_GCGEN, 0 as c_int, 0 as c_int); };
        /// Returns true where any object has a finalizer.
        fn has_finalizers() -> bool = |l| internals::warren_has_finalizers(l) != 0;
        /// Calls all finalizers. Nothing is collected afterwards.
        fn finalize() = |l| internals::warren_finalize(l);
    }
}
