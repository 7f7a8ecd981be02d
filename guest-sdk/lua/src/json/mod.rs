//! The library `json`.

mod decode;
mod encode;
mod validate;

use std::ffi::c_int;

use mlua_sys::*;

use crate::argument::{REFUSED, is_given};
use crate::lua::{self, Functions, State};
use crate::marks;

pub(crate) use validate::SWITCHABLE;

/// The most levels that arrays and objects may nest, in both directions.
const MAX_DEPTH: usize = 128;

/// The name of that limit in errors.
const NESTING: &str = "max_nesting";

const FUNCTIONS: &Functions = &[
    (c"encode", encode::encode),
    (c"decode", decode::decode),
    (c"object", object),
    (c"array", array),
];

/// Pushes the library.
pub(crate) fn open(l: State) {
    lua::push_library(l, FUNCTIONS);
    marks::push_null(l);
    l.set_field(-2, c"null");
    marks::open(l);
    lua::set_members::<validate::Validation>(l);
}

/// `json.object(t)`: `t`, which encodes as `{}` where it is empty.
extern "C-unwind" fn object(l: State) -> c_int {
    if !is_given(l, 1, LUA_TTABLE, "table") {
        return REFUSED;
    }
    l.set_top(1);
    marks::mark_object(l);
    1
}

/// `json.array(t)`: `t`, whose holes are null.
extern "C-unwind" fn array(l: State) -> c_int {
    if !is_given(l, 1, LUA_TTABLE, "table") {
        return REFUSED;
    }
    l.set_top(1);
    marks::mark_array(l);
    1
}
