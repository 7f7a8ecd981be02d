//! Functions of Lua's libraries that call metamethods, which may block: the
//! work is done by the prelude, called with a continuation, so that a switch of
//! the scheduler passes. Where an argument has no such metamethod, Lua's own
//! function runs, as if it had been called itself.

use std::ffi::{CStr, c_int};

use mlua_sys::*;

use crate::coroutine;
use crate::lua::{Function, Functions, State};
use crate::replacement::{PRELUDE, all, call_prelude, own};

/// The functions that the prelude is given.
pub(crate) const FUNCTIONS: &Functions = &[
    (c"unclosed", coroutine::unclosed),
    (c"keep_close", coroutine::keep_close),
];

/// The functions of C that can be left and come back to.
pub(crate) const SWITCHABLE: &[Function] =
    &[concat, unpack, insert, remove, move_, time, arithmetic];

/// `table.concat(t, separator = "", i = 1, j = #t)`.
pub(crate) extern "C-unwind" fn concat(l: State) -> c_int {
    if !is_lazy(l, 1, &[c"__index", c"__len"]) {
        return own(l);
    }
    l.set_top(4);
    l.optional_string(2);
    default_integer(l, 3, 1);
    check_optional_integer(l, 4);
    call_prelude(l, 1)
}

/// `table.unpack(t, i = 1, j = #t)`.
pub(crate) extern "C-unwind" fn unpack(l: State) -> c_int {
    if !is_lazy(l, 1, &[c"__index", c"__len"]) {
        return own(l);
    }
    l.set_top(3);
    default_integer(l, 2, 1);
    check_optional_integer(l, 3);
    call_prelude(l, LUA_MULTRET)
}

/// `table.insert(t, [place,] value)`.
pub(crate) extern "C-unwind" fn insert(l: State) -> c_int {
    if !is_lazy(l, 1, &[c"__index", c"__newindex", c"__len"]) {
        return own(l);
    }
    let count = l.top();
    match count {
        2 => {}
        3 => replace_integer(l, 2, l.check_integer(2)),
        _ => l.raise("wrong number of arguments to 'insert'"),
    }
    l.push_integer(count.into());
    l.insert(2);
    call_prelude(l, 0)
}

/// `table.remove(t, place = #t)`.
pub(crate) extern "C-unwind" fn remove(l: State) -> c_int {
    if !is_lazy(l, 1, &[c"__index", c"__newindex", c"__len"]) {
        return own(l);
    }
    l.set_top(2);
    check_optional_integer(l, 2);
    call_prelude(l, 1)
}

/// `table.move(from, first, last, place, to = from)`.
pub(crate) extern "C-unwind" fn move_(l: State) -> c_int {
    let to = if l.type_of(5) <= LUA_TNIL { 1 } else { 5 };
    let tables = l.type_of(1) == LUA_TTABLE && l.type_of(to) == LUA_TTABLE;
    let lazy = is_lazy(l, 1, &[c"__index", c"__eq"]) || is_lazy(l, to, &[c"__newindex"]);
    if !tables || !lazy {
        return own(l);
    }
    let [first, last, place] = [2, 3, 4].map(|arg| l.check_integer(arg));
    if last >= first {
        l.check_argument(
            first > 0 || last < lua_Integer::MAX.wrapping_add(first),
            3,
            c"too many elements to move",
        );
        let n = last.wrapping_sub(first) + 1;
        l.check_argument(
            place <= lua_Integer::MAX - n + 1,
            4,
            c"destination wrap around",
        );
    }
    l.set_top(5);
    if to == 1 {
        l.push_value(1);
        l.replace(5);
    }
    for (arg, value) in [(2, first), (3, last), (4, place)] {
        replace_integer(l, arg, value);
    }
    call_prelude(l, 1)
}

/// `ipairs(t)`.
pub(crate) extern "C-unwind" fn ipairs(l: State) -> c_int {
    if !is_lazy(l, 1, &[c"__index"]) {
        return own(l);
    }
    l.push_value(PRELUDE);
    l.push_value(1);
    l.push_integer(0);
    3
}

/// `os.time([t])`.
pub(crate) extern "C-unwind" fn time(l: State) -> c_int {
    if !is_lazy(l, 1, &[c"__index", c"__newindex"]) {
        return own(l);
    }
    l.set_top(1);
    call_prelude(l, 1)
}

/// The metamethods for arithmetic that strings have, and their names.
const ARITHMETIC: [&CStr; 8] = [
    c"__add", c"__sub", c"__mul", c"__mod", c"__pow", c"__div", c"__idiv", c"__unm",
];

/// Lets the arithmetic of strings call the metamethod of the other operand in
/// such a way that it may block.
/// May raise.
pub(crate) fn replace_arithmetic(l: State) {
    l.push_string(c"");
    l.metatable(-1);
    for name in ARITHMETIC {
        l.field(-1, name);
        l.push_string(name);
        l.push_closure(arithmetic, 2);
        l.set_field(-2, name);
    }
    l.pop(2);
}

/// An operation with a string, which is the first operand, or the second of
/// one without such a metamethod.
extern "C-unwind" fn arithmetic(l: State) -> c_int {
    l.set_top(2);
    // SAFETY: the upvalue is a string, which lives as long as this function.
    let name = unsafe { CStr::from_ptr(lua_tostring(l.as_ptr(), PRELUDE)) };
    if matches!(l.type_of(2), LUA_TSTRING | LUA_TNUMBER) || l.metafield(2, name) == LUA_TNIL {
        return own(l);
    }
    l.insert(1);
    l.call_then(2, 1, 0, all)
}

/// Returns true where the value at `index` is a table with one of these metamethods
/// that may call a function. A class has none: its `__index` is a table.
pub(crate) fn is_lazy(l: State, index: c_int, names: &[&CStr]) -> bool {
    l.type_of(index) == LUA_TTABLE && names.iter().any(|name| may_call(l, index, name))
}

fn may_call(l: State, index: c_int, name: &CStr) -> bool {
    let top = l.top();
    let by_tables = name == c"__index" || name == c"__newindex";
    l.push_value(index);
    let mut calls = true;
    for _ in 0..MAX_CLASSES {
        match l.metafield(-1, name) {
            LUA_TNIL => {
                calls = false;
                break;
            }
            LUA_TTABLE if by_tables => l.replace(top + 1),
            _ => break,
        }
    }
    l.set_top(top);
    calls
}

/// A chain of more classes than this is taken to end in a function.
const MAX_CLASSES: usize = 16;

fn replace_integer(l: State, arg: c_int, value: lua_Integer) {
    l.push_integer(value);
    l.replace(arg);
}

fn default_integer(l: State, arg: c_int, default: lua_Integer) {
    replace_integer(l, arg, l.optional_integer(arg, default));
}

/// Makes an integer of an argument that may be missing.
fn check_optional_integer(l: State, arg: c_int) {
    if l.type_of(arg) > LUA_TNIL {
        replace_integer(l, arg, l.check_integer(arg));
    }
}
