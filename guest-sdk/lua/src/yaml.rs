//! The library `yaml`, whose functions are operations of the runtime.

use std::ffi::c_int;

use mlua_sys::{LUA_TNIL, LUA_TTABLE};

use crate::argument::{REFUSED, is_given};
use crate::capability::{self, operation};
use crate::lua::{self, Functions, Members, State};

struct Yaml;

impl Members for Yaml {
    const FUNCTIONS: &'static Functions =
        &[(c"encode", encode), (c"decode", operation!("yaml.decode"))];
}

/// Pushes the library.
pub(crate) fn open(l: State) {
    l.new_table(0, 0);
    lua::set_members::<Yaml>(l);
}

/// `yaml.encode(table, {field_order = {}, sort_unordered = bool}?)`.
extern "C-unwind" fn encode(l: State) -> c_int {
    if !is_given(l, 1, LUA_TTABLE, "table") {
        return REFUSED;
    }
    if l.type_of(2) > LUA_TNIL && !is_given(l, 2, LUA_TTABLE, "options") {
        return REFUSED;
    }
    capability::call(l, "yaml.encode", "")
}
