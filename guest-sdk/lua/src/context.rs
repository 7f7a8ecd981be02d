//! The library `ctx`: values inherited from the spawner.

use std::ffi::c_int;

use warren_guest::context;

use crate::argument::{REFUSED, text};
use crate::exchange;
use crate::lua::{self, Functions, State};

/// Pushes the library.
pub(crate) fn open(l: State) {
    const FUNCTIONS: &Functions = &[(c"get", get), (c"all", all)];
    lua::push_library(l, FUNCTIONS);
}

extern "C-unwind" fn get(l: State) -> c_int {
    let Some(key) = text(l, 1, "key") else {
        return REFUSED;
    };
    exchange::call(l, Some(exchange::value), |buffer| context::get(key, buffer))
}

extern "C-unwind" fn all(l: State) -> c_int {
    exchange::call(l, Some(exchange::value), context::all)
}
