//! From MessagePack onto the Lua stack, without a tree in between.
//!
//! The bytes may come from any process: a claimed length allocates little, and
//! nesting is limited.

use std::ffi::c_int;

use mlua_sys::*;
use warren_guest::msgpack::{Input, MAX_READ_DEPTH, Malformed, Token};

use crate::errors::{self, part};
use crate::lua::State;
use crate::marks;

/// Pushes one value.
/// May raise.
pub(crate) fn value(l: State, input: &mut Input<'_>) -> Result<(), Malformed> {
    nested(l, input, MAX_READ_DEPTH, 0)
}

/// Pushes an event. Its own table and that of the result are the runtime's: where
/// these are empty nobody marks them, which would cost more than the rest.
pub(crate) fn event(l: State, input: &mut Input<'_>) -> Result<(), Malformed> {
    nested(l, input, MAX_READ_DEPTH, 2)
}

/// Pushes the values of an array, and yields how many there are.
pub(crate) fn values(l: State, input: &mut Input<'_>) -> Result<c_int, Malformed> {
    let Token::Array(len) = input.token()? else {
        return Err(Malformed::Unexpected);
    };
    // The longest Lua stack is far shorter than this bound.
    let len = c_int::try_from(len).map_err(|_| Malformed::Unexpected)?;
    l.need_room(len, c"too many values");
    for _ in 0..len {
        nested(l, input, MAX_READ_DEPTH, 0)?;
    }
    Ok(len)
}

/// Tables are created with room for at most so many elements; longer ones grow
/// as their elements arrive.
const TRUSTED_LENGTH: u32 = 1024;

/// The encoded nil.
const NIL: u8 = 0xc0;

/// Stack slots that one level of nesting uses.
const SLOTS: c_int = 4;

/// `unmarked`: so many levels, this one included, hold tables of the runtime's own.
fn nested(l: State, input: &mut Input<'_>, depth: usize, unmarked: usize) -> Result<(), Malformed> {
    let below = unmarked.saturating_sub(1);
    match input.token()? {
        Token::Nil => l.push_nil(),
        Token::Null => marks::push_null(l),
        Token::Boolean(b) => l.push_boolean(b),
        Token::Integer(n) => l.push_integer(n),
        Token::Float(x) => l.push_number(x),
        Token::String(bytes) => l.push_bytes(bytes),
        Token::Array(len) => {
            let depth = depth.checked_sub(1).ok_or(Malformed::TooDeep)?;
            l.need_room(SLOTS, c"nested too deeply");
            l.new_table(len.min(TRUSTED_LENGTH) as c_int, 0);
            let mut has_holes = false;
            for place in 1..=len {
                has_holes |= input.rest().first() == Some(&NIL);
                nested(l, input, depth, below)?;
                l.set_element(-2, place.into());
            }
            if has_holes {
                marks::mark_array(l);
            }
        }
        Token::Map(len) => {
            let depth = depth.checked_sub(1).ok_or(Malformed::TooDeep)?;
            l.need_room(SLOTS, c"nested too deeply");
            l.new_table(0, len.min(TRUSTED_LENGTH) as c_int);
            for _ in 0..len {
                key(l, input)?;
                nested(l, input, depth, below)?;
                l.raw_set(-3);
            }
            if len == 0 && unmarked == 0 {
                marks::mark_object(l);
            }
        }
        Token::Error(payload) => {
            let depth = depth.checked_sub(1).ok_or(Malformed::TooDeep)?;
            l.need_room(SLOTS, c"nested too deeply");
            error(l, &mut Input::new(payload), depth)?;
        }
    }
    Ok(())
}

/// Pushes a value that can be a key.
fn key(l: State, input: &mut Input<'_>) -> Result<(), Malformed> {
    match input.token()? {
        Token::Boolean(b) => l.push_boolean(b),
        Token::Integer(n) => l.push_integer(n),
        Token::Float(x) if !x.is_nan() => l.push_number(x),
        Token::String(bytes) => l.push_bytes(bytes),
        _ => return Err(Malformed::Unexpected),
    }
    Ok(())
}

/// Returns true for a list of texts that lead the message of the error below the list,
/// which is on top of the stack.
fn are_contexts(l: State) -> bool {
    if l.type_of(-1) != LUA_TTABLE {
        return false;
    }
    let contexts = l.top();
    l.user_value(contexts - 1, part::MESSAGE);
    let lead = l.with_bytes(-1, |message| {
        let mut rest = message.unwrap_or_default();
        (1..=l.raw_len(contexts) as lua_Integer).all(|place| {
            l.element(contexts, place);
            let behind = l.with_bytes(-1, |context| {
                let behind = rest.strip_prefix(context?)?;
                behind.strip_prefix(b": ")
            });
            l.pop(1);
            rest = behind.unwrap_or_default();
            behind.is_some()
        })
    });
    l.set_top(contexts);
    lead
}

/// Pushes a structured error. Parts it does not have stay nil, parts that Lua
/// does not know are skipped.
fn error(l: State, input: &mut Input<'_>, depth: usize) -> Result<(), Malformed> {
    let Token::Array(len) = input.token()? else {
        return Err(Malformed::Unexpected);
    };
    errors::push_empty(l);
    for place in 1..=len {
        let part = c_int::try_from(place).unwrap_or(c_int::MAX);
        if part > part::ON_THE_WIRE {
            input.value_within(depth)?;
            continue;
        }
        nested(l, input, depth, 0)?;
        if matches!(part, part::RETRYABLE | part::STACK) && marks::is_null(l, -1) {
            l.pop(1);
            l.push_nil();
        }
        let fits = match part {
            part::KIND | part::MESSAGE => l.type_of(-1) == LUA_TSTRING,
            part::RETRYABLE => matches!(l.type_of(-1), LUA_TNIL | LUA_TBOOLEAN),
            part::STACK => matches!(l.type_of(-1), LUA_TNIL | LUA_TSTRING),
            _ => true,
        };
        if part == part::CONTEXTS && !are_contexts(l) {
            l.pop(1);
            l.push_nil();
        }
        if !fits {
            return Err(Malformed::Unexpected);
        }
        l.set_user_value(-2, part);
    }
    if len < 2 {
        Err(Malformed::Unexpected)
    } else {
        input.end()
    }
}
