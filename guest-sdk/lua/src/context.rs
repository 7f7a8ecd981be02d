//! The library `ctx`: values inherited from the spawner.

use std::ffi::c_int;

use warren_guest::context;
use warren_values::kind;

use crate::argument::{REFUSED, text};
use crate::lua::{self, Functions, State};
use crate::{errors, exchange};

/// Pushes the library.
pub(crate) fn open(l: State) {
    const FUNCTIONS: &Functions = &[(c"get", get), (c"all", all)];
    lua::push_library(l, FUNCTIONS);
}

extern "C-unwind" fn get(l: State) -> c_int {
    let Some(key) = text(l, 1, "key") else {
        return REFUSED;
    };
    if key.is_empty() {
        return errors::refuse(l, kind::INVALID, format_args!("key is empty"));
    }
    let results = exchange::call(l, Some(exchange::value), |buffer| context::get(key, buffer));
    if results == 1 && l.is_nil(-1) {
        let message = format_args!("context key not found: {key}");
        return errors::refuse(l, kind::NOT_FOUND, message);
    }
    results
}

extern "C-unwind" fn all(l: State) -> c_int {
    exchange::call(l, Some(exchange::value), context::all)
}
