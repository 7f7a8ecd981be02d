//! What `prelude/os.lua` needs.

use std::ffi::c_int;

use mlua_sys::*;
use warren_guest::clock;

use crate::ending;
use crate::stack::{Functions, State};

/// The functions that the prelude is given.
pub(crate) const FUNCTIONS: &Functions = &[(c"clock", seconds), (c"exit", ending::exit)];

/// `os.clock()`: seconds on a clock that never goes back. A process does not
/// learn how much of them it was running.
unsafe extern "C-unwind" fn seconds(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        lua_pushnumber(l, clock::monotonic() as f64 / 1e9);
        1
    }
}
