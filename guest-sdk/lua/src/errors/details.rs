//! Copies of the details of an error, so that nobody changes those of another.

use std::ffi::c_int;

use mlua_sys::*;
use warren_guest::msgpack::MAX_DEPTH;

use crate::lua::State;
use crate::marks;

/// Replaces the value on top of the stack by a copy, if it is a table. Tables within are
/// copied too, each one once; metatables are dropped, but for the mark of an object or array.
pub(super) fn copy(l: State) {
    if l.type_of(-1) != LUA_TTABLE {
        return;
    }
    let value = l.absolute(-1);
    l.new_table(0, 0);
    let seen = l.top();
    copy_table(l, value, seen, 1);
    l.replace(value);
    l.set_top(value);
}

/// Pushes the copy of the table at `from`; `seen` maps tables to their copies.
/// Raises where tables nest too deeply.
fn copy_table(l: State, from: c_int, seen: c_int, depth: usize) {
    if depth > MAX_DEPTH {
        l.raise(&format!(
            "details are nested deeper than {MAX_DEPTH} levels"
        ));
    }
    l.need_room(LUA_MINSTACK, c"nested too deeply");
    l.push_value(from);
    if l.raw_get(seen) != LUA_TNIL {
        return;
    }
    l.pop(1);
    l.new_table(0, 0);
    let to = l.top();
    marks::copy(l, from);
    l.push_value(from);
    l.push_value(to);
    l.raw_set(seen);
    l.push_nil();
    while l.next(from) {
        let value = l.top();
        l.push_value(value - 1);
        if l.type_of(value) == LUA_TTABLE {
            copy_table(l, value, seen, depth + 1);
        } else {
            l.push_value(value);
        }
        l.raw_set(to);
        l.set_top(value - 1);
    }
}
