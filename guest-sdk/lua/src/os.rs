//! What `prelude/os.lua` needs.

use std::ffi::c_int;

use mlua_sys::*;
use warren_guest::{clock, program};

use crate::stack::{Functions, State};

/// The functions that the prelude is given.
pub(crate) const FUNCTIONS: &Functions = &[(c"clock", seconds), (c"exit", exit)];

/// `os.clock()`: seconds on a clock that never goes back. A process does not
/// learn how much of them it was running.
unsafe extern "C-unwind" fn seconds(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        lua_pushnumber(l, clock::monotonic() as f64 / 1e9);
        1
    }
}

/// `exit(status)`: does not return.
unsafe extern "C-unwind" fn exit(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    let status = unsafe { luaL_checkinteger(l, 1) };
    program::exit(status as i32)
}
