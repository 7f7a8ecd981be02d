//! Functions of Lua's libraries that call metamethods, which may block: the
//! work is done by the prelude, called with a continuation, so that a switch of
//! the scheduler passes. Where an argument has no such metamethod, Lua's own
//! function runs, as if it had been called itself.

use std::ffi::{CStr, c_int};

use mlua_sys::*;

use crate::coroutine;
use crate::stack::{Functions, State, raise};

/// The functions that the prelude is given. `tables`, `ipairs` and `time` take
/// Lua's own function and that of the prelude, and return one that chooses.
pub(crate) const FUNCTIONS: &Functions = &[
    (c"tables", tables),
    (c"ipairs", choose_ipairs),
    (c"time", choose_time),
    (c"unclosed", coroutine::unclosed),
    (c"keep_close", coroutine::keep_close),
];

/// The functions of C that can be left and come back to.
pub(crate) const SWITCHABLE: &[lua_CFunction] =
    &[concat, unpack, insert, remove, move_, time, arithmetic];

/// The upvalues of the functions that choose.
const OWN: c_int = lua_upvalueindex(1);
const PRELUDE: c_int = lua_upvalueindex(2);

/// Given the name of a function of `table`, Lua's own and the prelude's.
unsafe extern "C-unwind" fn tables(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        let chooses = match crate::stack::bytes_at(l, 1) {
            Some(b"concat") => concat,
            Some(b"unpack") => unpack,
            Some(b"insert") => insert,
            Some(b"remove") => remove,
            Some(b"move") => move_,
            _ => raise(l, "no function of a table"),
        };
        lua_settop(l, 3);
        lua_pushcclosure(l, chooses, 2);
        1
    }
}

unsafe extern "C-unwind" fn choose_ipairs(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        lua_settop(l, 2);
        lua_pushcclosure(l, ipairs, 2);
        1
    }
}

unsafe extern "C-unwind" fn choose_time(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        lua_settop(l, 2);
        lua_pushcclosure(l, time, 2);
        1
    }
}

/// `table.concat(t, separator = "", i = 1, j = #t)`.
unsafe extern "C-unwind" fn concat(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        if !is_lazy(l, 1, &[c"__index", c"__len"]) {
            return own(l);
        }
        lua_settop(l, 4);
        luaL_optlstring(l, 2, c"".as_ptr(), std::ptr::null_mut());
        default_integer(l, 3, 1);
        check_optional_integer(l, 4);
        call_prelude(l, 1)
    }
}

/// `table.unpack(t, i = 1, j = #t)`.
unsafe extern "C-unwind" fn unpack(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        if !is_lazy(l, 1, &[c"__index", c"__len"]) {
            return own(l);
        }
        lua_settop(l, 3);
        default_integer(l, 2, 1);
        check_optional_integer(l, 3);
        call_prelude(l, LUA_MULTRET)
    }
}

/// `table.insert(t, [place,] value)`.
unsafe extern "C-unwind" fn insert(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        if !is_lazy(l, 1, &[c"__index", c"__newindex", c"__len"]) {
            return own(l);
        }
        let count = lua_gettop(l);
        match count {
            2 => {}
            3 => replace_integer(l, 2, luaL_checkinteger(l, 2)),
            _ => raise(l, "wrong number of arguments to 'insert'"),
        }
        lua_pushinteger(l, count.into());
        lua_insert(l, 2);
        call_prelude(l, 0)
    }
}

/// `table.remove(t, place = #t)`.
unsafe extern "C-unwind" fn remove(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        if !is_lazy(l, 1, &[c"__index", c"__newindex", c"__len"]) {
            return own(l);
        }
        lua_settop(l, 2);
        check_optional_integer(l, 2);
        call_prelude(l, 1)
    }
}

/// `table.move(from, first, last, place, to = from)`.
unsafe extern "C-unwind" fn move_(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        let to = if lua_type(l, 5) <= LUA_TNIL { 1 } else { 5 };
        let tables = lua_type(l, 1) == LUA_TTABLE && lua_type(l, to) == LUA_TTABLE;
        let lazy = is_lazy(l, 1, &[c"__index", c"__eq"]) || is_lazy(l, to, &[c"__newindex"]);
        if !tables || !lazy {
            return own(l);
        }
        let [first, last, place] = [2, 3, 4].map(|arg| luaL_checkinteger(l, arg));
        if last >= first {
            luaL_argcheck(
                l,
                (first > 0 || last < lua_Integer::MAX.wrapping_add(first)).into(),
                3,
                c"too many elements to move".as_ptr(),
            );
            let n = last.wrapping_sub(first) + 1;
            luaL_argcheck(
                l,
                (place <= lua_Integer::MAX - n + 1).into(),
                4,
                c"destination wrap around".as_ptr(),
            );
        }
        lua_settop(l, 5);
        if to == 1 {
            lua_pushvalue(l, 1);
            lua_replace(l, 5);
        }
        for (arg, value) in [(2, first), (3, last), (4, place)] {
            replace_integer(l, arg, value);
        }
        call_prelude(l, 1)
    }
}

/// `ipairs(t)`.
unsafe extern "C-unwind" fn ipairs(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        if !is_lazy(l, 1, &[c"__index"]) {
            return own(l);
        }
        lua_pushvalue(l, PRELUDE);
        lua_pushvalue(l, 1);
        lua_pushinteger(l, 0);
        3
    }
}

/// `os.time([t])`.
unsafe extern "C-unwind" fn time(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        if !is_lazy(l, 1, &[c"__index", c"__newindex"]) {
            return own(l);
        }
        lua_settop(l, 1);
        call_prelude(l, 1)
    }
}

/// The metamethods for arithmetic that strings have, and their names.
const ARITHMETIC: [&CStr; 8] = [
    c"__add", c"__sub", c"__mul", c"__mod", c"__pow", c"__div", c"__idiv", c"__unm",
];

/// Lets the arithmetic of strings call the metamethod of the other operand in
/// such a way that it may block.
///
/// # Safety
/// `l` is a live Lua thread with five free stack slots. May raise.
pub(crate) unsafe fn replace_arithmetic(l: State) {
    // SAFETY: as promised by the caller.
    unsafe {
        lua_pushstring(l, c"".as_ptr());
        lua_getmetatable(l, -1);
        for name in ARITHMETIC {
            lua_getfield(l, -1, name.as_ptr());
            lua_pushstring(l, name.as_ptr());
            lua_pushcclosure(l, arithmetic, 2);
            lua_setfield(l, -2, name.as_ptr());
        }
        lua_pop(l, 2);
    }
}

/// An operation with a string, which is the first operand, or the second of
/// one without such a metamethod.
unsafe extern "C-unwind" fn arithmetic(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread and two operands; the second
    // upvalue is the name of the metamethod.
    unsafe {
        lua_settop(l, 2);
        let name = lua_tostring(l, PRELUDE);
        if matches!(lua_type(l, 2), LUA_TSTRING | LUA_TNUMBER)
            || luaL_getmetafield(l, 2, name) == LUA_TNIL
        {
            return own(l);
        }
        lua_insert(l, 1);
        lua_callk(l, 2, 1, 0, Some(all));
        1
    }
}

/// Whether the value at `index` is a table with one of these metamethods that may
/// call a function. A class is none: its `__index` is a table.
///
/// # Safety
/// `l` runs a C function, with three free stack slots; `index` is acceptable.
pub(crate) unsafe fn is_lazy(l: State, index: c_int, names: &[&CStr]) -> bool {
    // SAFETY: as promised by the caller.
    unsafe { lua_type(l, index) == LUA_TTABLE && names.iter().any(|name| may_call(l, index, name)) }
}

unsafe fn may_call(l: State, index: c_int, name: &CStr) -> bool {
    // SAFETY: the promise of `is_lazy`.
    unsafe {
        let top = lua_gettop(l);
        let by_tables = name == c"__index" || name == c"__newindex";
        lua_pushvalue(l, index);
        let mut calls = true;
        for _ in 0..MAX_CLASSES {
            match luaL_getmetafield(l, -1, name.as_ptr()) {
                LUA_TNIL => {
                    calls = false;
                    break;
                }
                LUA_TTABLE if by_tables => lua_replace(l, top + 1),
                _ => break,
            }
        }
        lua_settop(l, top);
        calls
    }
}

/// A chain of more classes than this is taken to end in a function.
const MAX_CLASSES: usize = 16;

unsafe fn replace_integer(l: State, arg: c_int, value: lua_Integer) {
    // SAFETY: the callers are C functions.
    unsafe {
        lua_pushinteger(l, value);
        lua_replace(l, arg);
    }
}

unsafe fn default_integer(l: State, arg: c_int, default: lua_Integer) {
    // SAFETY: the callers are C functions.
    unsafe { replace_integer(l, arg, luaL_optinteger(l, arg, default)) };
}

/// Makes an integer of an argument that may be missing.
unsafe fn check_optional_integer(l: State, arg: c_int) {
    // SAFETY: the callers are C functions.
    unsafe {
        if lua_type(l, arg) > LUA_TNIL {
            replace_integer(l, arg, luaL_checkinteger(l, arg));
        }
    }
}

/// Calls the function of the prelude with all that is on the stack.
unsafe fn call_prelude(l: State, results: c_int) -> c_int {
    // SAFETY: the callers are C functions.
    unsafe {
        lua_pushvalue(l, PRELUDE);
        lua_insert(l, 1);
        lua_callk(l, lua_gettop(l) - 1, results, 0, Some(all));
        lua_gettop(l)
    }
}

/// The call that has yielded is done: its results are all that is left.
unsafe extern "C-unwind" fn all(l: State, _: c_int, _: lua_KContext) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe { lua_gettop(l) }
}

/// Runs Lua's own function in the place of this one.
unsafe fn own(l: State) -> c_int {
    // SAFETY: the upvalue is a function of C without upvalues of its own.
    unsafe {
        match lua_tocfunction(l, OWN) {
            Some(function) => function(l),
            None => 0,
        }
    }
}
