//! The end of a process whose code has ended: the part of `lua_close` that a program
//! sees. A process that is terminated, or traps, does none of it.

use std::ffi::c_int;

use mlua_sys::*;
use warren_guest::program;

use crate::coverage;
use crate::interpreter::interpreter;
use crate::lua::State;

/// Calls the finalizers, and passes on what was written.
pub(crate) fn end(l: State) {
    if l.has_finalizers() {
        l.finalize();
    }
    coverage::tell_rest(l);
    interpreter(l).streams.flush_for_good();
}

/// `os.exit(status, close)`: does not return.
pub(crate) extern "C-unwind" fn exit(l: State) -> c_int {
    let status = match l.type_of(1) {
        LUA_TBOOLEAN => (!l.to_boolean(1)).into(),
        _ => l.optional_integer(1, 0),
    };
    let interpreter = interpreter(l);
    if l.to_boolean(2) {
        // If that thread is the one that runs, nothing returns to the frames that
        // closing it drops.
        if let Some(program) = interpreter.program.get() {
            program.close(l);
        }
        end(l);
    } else {
        coverage::tell_rest(l);
        interpreter.streams.flush_for_good();
    }
    // A status that does not fit is a failure, too.
    program::exit(i32::try_from(status).unwrap_or(1))
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_ordinary_process_has_nothing_to_finalize() {
        let l = crate::boot::state();
        assert!(l.is_some_and(|l| !l.has_finalizers()));
    }
}
