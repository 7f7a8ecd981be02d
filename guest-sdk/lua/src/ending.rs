//! What a process still does when its code has ended: what `lua_close` does
//! that a program sees. Whoever is terminated, or traps, does none of it.

use std::ffi::c_int;

use mlua_sys::*;
use warren_guest::program;

use crate::internals::lua_closethread;
use crate::runtime::runtime;
use crate::stack::State;

unsafe extern "C" {
    /// Whether any object has a finalizer. Does not raise.
    fn warren_has_finalizers(l: State) -> c_int;
}

unsafe extern "C-unwind" {
    /// Calls all finalizers. Nothing is collected afterwards. Does not raise.
    fn warren_finalize(l: State);
}

/// Calls the finalizers, and passes on what was written.
///
/// # Safety
/// `l` is a live Lua thread with two free stack slots, and no code of the
/// program runs but a call that does not return.
pub(crate) unsafe fn end(l: State) {
    // SAFETY: as promised by the caller.
    unsafe {
        if warren_has_finalizers(l) != 0 {
            warren_finalize(l);
        }
        runtime(l).streams.flush_for_good();
    }
}

/// `os.exit(status, close)`: does not return.
pub(crate) unsafe extern "C-unwind" fn exit(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread. The program's thread is kept for
    // the whole run; where it is the one that runs, nothing returns to the
    // frames that closing it drops.
    unsafe {
        let status = match lua_type(l, 1) {
            LUA_TBOOLEAN => (lua_toboolean(l, 1) == 0).into(),
            _ => luaL_optinteger(l, 1, 0),
        };
        let rt = runtime(l);
        if lua_toboolean(l, 2) != 0 {
            let program = rt.program.get();
            if !program.is_null() {
                lua_closethread(program, l);
            }
            end(l);
        } else {
            rt.streams.flush_for_good();
        }
        // What does not fit is a failure, too.
        program::exit(i32::try_from(status).unwrap_or(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_process_has_nothing_to_finalize() {
        let l = crate::boot::state();
        assert!(!l.is_null());
        // SAFETY: the state is this thread's own.
        assert_eq!(unsafe { warren_has_finalizers(l) }, 0);
    }
}
