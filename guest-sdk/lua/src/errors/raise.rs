//! `error`, which tells what was meant by a call that raises nil.

use std::ffi::c_int;

use mlua_sys::*;

use super::is_error;
use crate::lua::State;

/// `error(message, level = 1)`, as Lua's own. `error(nil, err)` is a mistake for
/// `return nil, err` or `error(err)`: Lua would say that the error is no number.
pub(crate) extern "C-unwind" fn error(l: State) -> c_int {
    let is_level = l.type_of(2) != LUA_TSTRING || l.whole(2).is_some();
    if l.type_of(1) <= LUA_TNIL && (is_error(l, 2) || !is_level) {
        let meant = c"to return an error, return nil and it; to raise it, call error with it alone";
        l.wrong_type_as(2, c"number", meant);
    }
    let level = l.optional_integer(2, 1);
    l.set_top(1);
    if l.type_of(1) == LUA_TSTRING && level > 0 {
        // A level beyond the stack has no position, and so has one that is no `int`.
        l.push_where(c_int::try_from(level).unwrap_or(c_int::MAX));
        l.push_value(1);
        l.concat(2);
        l.pass_overflow(1);
    }
    l.fail()
}
