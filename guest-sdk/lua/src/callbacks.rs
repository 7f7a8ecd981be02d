//! `table.sort` and `string.gsub`, whose callbacks may block.
//!
//! If there is a callback, `config/callbacks.c` does the work in such a way that a switch
//! of the scheduler passes. A table with metamethods is sorted by the prelude, called with
//! a continuation. Else Lua's own function runs, as if it had been called itself.

use std::ffi::{c_int, c_uint};

use mlua_sys::*;

pub(crate) use crate::lua::internals::warren_gsub as gsub;
use crate::lua::{Function, Functions, State};
use crate::metamethods::is_lazy;
use crate::replacement::{PRELUDE, all, own};

/// The functions that the prelude is given.
pub(crate) const FUNCTIONS: &Functions = &[(c"comparable", comparable)];

/// The functions of C that can be left and come back to.
pub(crate) const SWITCHABLE: &[Function] = &[gsub, sort];

/// `table.sort(t, comes_before?)`.
pub(crate) extern "C-unwind" fn sort(l: State) -> c_int {
    if l.type_of(1) != LUA_TTABLE {
        return own(l);
    }
    let lazy = is_lazy(l, 1, &[c"__index", c"__newindex", c"__len"]);
    let length = l.raw_len(1) as lua_Integer;
    let calls_back = match l.type_of(2) {
        LUA_TFUNCTION => lazy || length > 1,
        LUA_TNONE | LUA_TNIL => lazy || compares_by_function(l, length),
        _ if lazy => {
            l.check_type(2, LUA_TFUNCTION);
            false
        }
        _ => false,
    };
    if !calls_back {
        return own(l);
    }
    if !lazy && l.type_of(2) == LUA_TFUNCTION {
        return l.sort_by(length as c_uint);
    }
    l.set_top(2);
    if lazy {
        // The prelude asks for the length, which may block.
        l.push_nil();
    } else {
        l.push_integer(length);
    }
    l.insert(2);
    l.push_value(PRELUDE);
    l.insert(1);
    l.call_then(3, 0, 0, all)
}

/// Raises where two values have no order, as Lua's own functions do: without
/// the position of a line of the prelude.
extern "C-unwind" fn comparable(l: State) -> c_int {
    let kind = l.type_of(1);
    let comparable = kind == l.type_of(2) && matches!(kind, LUA_TNUMBER | LUA_TSTRING)
        || l.metafield(1, c"__lt") != LUA_TNIL
        || l.metafield(2, c"__lt") != LUA_TNIL;
    if !comparable {
        l.less_than(1, 2);
    }
    0
}

/// Returns true where an element of the list at index 1 has a metatable: only those
/// compare by a function.
fn compares_by_function(l: State, length: lua_Integer) -> bool {
    (1..=length).any(|place| {
        let kind = l.element(1, place);
        let found = (kind == LUA_TTABLE || kind == LUA_TUSERDATA) && has_metatable(l, -1);
        l.pop(1);
        found
    })
}

fn has_metatable(l: State, index: c_int) -> bool {
    let has = l.metatable(index);
    if has {
        l.pop(1);
    }
    has
}
