//! The library `ctx`: values inherited from the spawner.

use std::ffi::c_int;

use warren_guest::context;

use crate::argument::{REFUSED, text};
use crate::exchange;
use crate::stack::{self, Functions, State};

/// Pushes the library.
///
/// # Safety
/// `l` is a live Lua thread with free stack slots.
pub(crate) unsafe fn open(l: State) {
    const FUNCTIONS: &Functions = &[(c"get", get), (c"all", all)];
    // SAFETY: as promised by the caller.
    unsafe { stack::push_library(l, FUNCTIONS) };
}

unsafe extern "C-unwind" fn get(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        let Some(key) = text(l, 1, "key") else {
            return REFUSED;
        };
        exchange::call(l, Some(exchange::value), |buffer| context::get(key, buffer))
    }
}

unsafe extern "C-unwind" fn all(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe { exchange::call(l, Some(exchange::value), context::all) }
}
