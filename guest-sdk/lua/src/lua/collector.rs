//! The garbage collector.

use std::cell::Cell;
use std::ffi::c_int;

use mlua_sys::*;

use super::State;
use super::api::api;
use super::internals::{self, Heap};

/// The bytes of young garbage a process may keep while it waits.
const YOUNG: usize = 8 * 1024;

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
        /// Collects the garbage of the messages before, where there is some. To be called
        /// before a process waits: by itself Lua waits until there is a fifth of the
        /// interpreter's own size, and all of it is memory that was never touched. May run
        /// finalizers.
        fn rest(heap: &Cell<Heap>) = |l| internals::warren_rest(l, YOUNG, heap.as_ptr());
        /// Returns the bytes that Lua has once it is set up, after a full collection.
        fn heap() -> Heap = |l| {
            let (kib, rest) = (lua_gc(l, LUA_GCCOUNT), lua_gc(l, LUA_GCCOUNTB));
            let bytes = usize::try_from(kib).unwrap_or(0) * 1024 + usize::try_from(rest).unwrap_or(0);
            Heap { interpreter: bytes, collected: bytes }
        };
        /// Returns true where any object has a finalizer.
        fn has_finalizers() -> bool = |l| internals::warren_has_finalizers(l) != 0;
        /// Calls all finalizers. Nothing is collected afterwards.
        fn finalize() = |l| internals::warren_finalize(l);
    }
}
