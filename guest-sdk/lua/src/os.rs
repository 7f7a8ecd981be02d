//! What `prelude/os.lua` needs.

use std::ffi::c_int;

use mlua_sys::*;
use warren_guest::program;

use crate::stack::{Functions, State};

/// The functions that the prelude is given.
pub(crate) const FUNCTIONS: &Functions = &[(c"exit", exit)];

/// `exit(status)`: does not return.
unsafe extern "C-unwind" fn exit(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    let status = unsafe { luaL_checkinteger(l, 1) };
    program::exit(status as i32)
}
