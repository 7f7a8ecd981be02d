//! From MessagePack onto the Lua stack, without a tree in between.
//!
//! The bytes may come from any process: a claimed length allocates little, and
//! nesting is limited.

use std::ffi::c_int;

use mlua_sys::*;
use warren_guest::msgpack::{Input, MAX_READ_DEPTH, Malformed, Token};

use crate::errors::{self, part};
use crate::json;
use crate::stack::{State, push_bytes};

/// Pushes one value.
///
/// # Safety
/// `l` is a live Lua thread with a free stack slot; nothing that needs `Drop`
/// is alive: this may raise. Where it fails, values may be left on the stack.
pub(crate) unsafe fn value(l: State, input: &mut Input<'_>) -> Result<(), Malformed> {
    // SAFETY: as promised by the caller.
    unsafe { nested(l, input, MAX_READ_DEPTH, 0) }
}

/// Pushes an event. Its own table and that of the result are the runtime's: where
/// these are empty nobody marks them, which would cost more than the rest.
///
/// # Safety
/// As [`value`].
pub(crate) unsafe fn event(l: State, input: &mut Input<'_>) -> Result<(), Malformed> {
    // SAFETY: as promised by the caller.
    unsafe { nested(l, input, MAX_READ_DEPTH, 2) }
}

/// Pushes the values of an array, and yields how many there are.
///
/// # Safety
/// As [`value`].
pub(crate) unsafe fn values(l: State, input: &mut Input<'_>) -> Result<c_int, Malformed> {
    let Token::Array(len) = input.token()? else {
        return Err(Malformed::Unexpected);
    };
    // The longest Lua stack is far shorter than this bound.
    let len = c_int::try_from(len).map_err(|_| Malformed::Unexpected)?;
    // SAFETY: as promised by the caller.
    unsafe {
        luaL_checkstack(l, len, c"too many values".as_ptr());
        for _ in 0..len {
            nested(l, input, MAX_READ_DEPTH, 0)?;
        }
    }
    Ok(len)
}

/// Tables are created with room for at most so many elements; longer ones grow
/// as their elements arrive.
const TRUSTED_LENGTH: u32 = 1024;

/// Stack slots that one level of nesting uses.
const SLOTS: c_int = 4;

/// `unmarked`: so many levels, this one included, hold tables of the runtime's own.
unsafe fn nested(
    l: State,
    input: &mut Input<'_>,
    depth: usize,
    unmarked: usize,
) -> Result<(), Malformed> {
    let below = unmarked.saturating_sub(1);
    // SAFETY: the promise of `value`; every level makes room for its values.
    unsafe {
        match input.token()? {
            Token::Nil => lua_pushnil(l),
            Token::Null => json::push_null(l),
            Token::Boolean(b) => lua_pushboolean(l, b.into()),
            Token::Integer(n) => lua_pushinteger(l, n),
            Token::Float(x) => lua_pushnumber(l, x),
            Token::String(bytes) => push_bytes(l, bytes),
            Token::Array(len) => {
                let depth = depth.checked_sub(1).ok_or(Malformed::TooDeep)?;
                luaL_checkstack(l, SLOTS, c"nested too deeply".as_ptr());
                lua_createtable(l, len.min(TRUSTED_LENGTH) as c_int, 0);
                for place in 1..=len {
                    nested(l, input, depth, below)?;
                    lua_rawseti(l, -2, place.into());
                }
            }
            Token::Map(len) => {
                let depth = depth.checked_sub(1).ok_or(Malformed::TooDeep)?;
                luaL_checkstack(l, SLOTS, c"nested too deeply".as_ptr());
                lua_createtable(l, 0, len.min(TRUSTED_LENGTH) as c_int);
                for _ in 0..len {
                    key(l, input)?;
                    nested(l, input, depth, below)?;
                    lua_rawset(l, -3);
                }
                if len == 0 && unmarked == 0 {
                    json::mark_object(l);
                }
            }
            Token::Error(payload) => {
                let depth = depth.checked_sub(1).ok_or(Malformed::TooDeep)?;
                luaL_checkstack(l, SLOTS, c"nested too deeply".as_ptr());
                error(l, &mut Input::new(payload), depth)?;
            }
        }
    }
    Ok(())
}

/// Pushes a value that can be a key.
///
/// # Safety
/// As [`value`].
unsafe fn key(l: State, input: &mut Input<'_>) -> Result<(), Malformed> {
    // SAFETY: as promised by the caller.
    unsafe {
        match input.token()? {
            Token::Boolean(b) => lua_pushboolean(l, b.into()),
            Token::Integer(n) => lua_pushinteger(l, n),
            Token::Float(x) if !x.is_nan() => lua_pushnumber(l, x),
            Token::String(bytes) => push_bytes(l, bytes),
            _ => return Err(Malformed::Unexpected),
        }
    }
    Ok(())
}

/// Pushes a structured error. Parts it does not have stay nil, parts that Lua
/// does not know are skipped.
///
/// # Safety
/// As [`value`], with four free stack slots.
unsafe fn error(l: State, input: &mut Input<'_>, depth: usize) -> Result<(), Malformed> {
    let Token::Array(len) = input.token()? else {
        return Err(Malformed::Unexpected);
    };
    // SAFETY: as promised by the caller.
    unsafe {
        errors::push_empty(l);
        for place in 1..=len {
            let part = c_int::try_from(place).unwrap_or(c_int::MAX);
            if part > part::COUNT {
                input.value_within(depth)?;
                continue;
            }
            nested(l, input, depth, 0)?;
            if matches!(part, part::RETRYABLE | part::STACK) && json::is_null(l, -1) {
                lua_pop(l, 1);
                lua_pushnil(l);
            }
            let fits = match part {
                part::KIND | part::MESSAGE => lua_type(l, -1) == LUA_TSTRING,
                part::RETRYABLE => matches!(lua_type(l, -1), LUA_TNIL | LUA_TBOOLEAN),
                part::STACK => matches!(lua_type(l, -1), LUA_TNIL | LUA_TSTRING),
                _ => true,
            };
            if !fits {
                return Err(Malformed::Unexpected);
            }
            lua_setiuservalue(l, -2, part);
        }
    }
    if len < 2 {
        Err(Malformed::Unexpected)
    } else {
        input.end()
    }
}
