//! What a message becomes in Lua.
//!
//! A Message is a userdata whose block is the number of its values and whose
//! user values are topic, sender and the values themselves; where there are
//! many, a table of them.

use std::ffi::{CStr, c_int};

use mlua_sys::*;
use warren_guest::logger::{self, Level};
use warren_guest::mailbox::Message;
use warren_guest::msgpack::{Input, Malformed, Token};

use crate::decode;
use crate::exchange::{self, Built};
use crate::runtime::runtime;
use crate::stack::{self, Class, Functions, State, push_bytes};

/// The name of the class in Lua.
const CLASS: &CStr = c"message";

const TOPIC: c_int = 1;
const SENDER: c_int = 2;
const FIRST_VALUE: c_int = 3;
/// More values than this are kept in a table.
const MAX_USER_VALUES: u32 = 200;

const METHODS: &Functions = &[(c"topic", topic), (c"from", from), (c"payload", payload)];

/// Registers the class.
///
/// # Safety
/// `l` is a live Lua thread with free stack slots.
pub(crate) unsafe fn open(l: State) {
    // SAFETY: as promised by the caller.
    unsafe {
        let rt = runtime(l);
        let mut classes = rt.classes.get();
        classes.message = stack::push_class(l, CLASS, METHODS, &[]);
        lua_pop(l, 1);
        rt.classes.set(classes);
    }
}

/// Builds the raw form of a payload: one value as itself, none as nil, several
/// as a table with `n`.
///
/// # Safety
/// See [`exchange::Build`].
pub(crate) unsafe fn raw(l: State, payload: &[u8]) -> Result<c_int, Malformed> {
    let mut input = Input::new(payload);
    let Token::Array(len) = input.token()? else {
        return Err(Malformed::Unexpected);
    };
    // SAFETY: as promised by the caller.
    unsafe {
        match len {
            0 => lua_pushnil(l),
            1 => decode::value(l, &mut input)?,
            _ => table(l, &mut input, len)?,
        }
    }
    Ok(1)
}

/// Builds a Message without letting an error through.
///
/// # Safety
/// As [`exchange::protected`].
pub(crate) unsafe fn protected(l: State, message: &Message<'_>) -> Built {
    // SAFETY: as promised by the caller; `build` gets the address back while
    // `message` is alive.
    unsafe {
        let address: *const Message<'_> = message;
        exchange::protected(l, &(address as usize).to_ne_bytes(), build)
    }
}

/// Logs that a message was dropped because it could not be read.
pub(crate) fn warn_dropped(message: &Message<'_>, why: Malformed) {
    let text = format!(
        "a message with topic '{}' from {} was dropped: {why}",
        String::from_utf8_lossy(message.topic),
        String::from_utf8_lossy(message.sender),
    );
    logger::log(Level::Warn, "", &text, None);
}

unsafe fn build(l: State, address: &[u8]) -> Result<c_int, Malformed> {
    // SAFETY: `protected` gives the address of a live message.
    let message = unsafe {
        let address = usize::from_ne_bytes(address.try_into().map_err(|_| Malformed::Unexpected)?);
        *(address as *const Message<'_>)
    };
    let mut input = Input::new(message.payload);
    let Token::Array(len) = input.token()? else {
        return Err(Malformed::Unexpected);
    };
    let in_table = len > MAX_USER_VALUES;
    let values = if in_table { 1 } else { len as c_int };
    // SAFETY: the promise of `exchange::Build`.
    unsafe {
        let count: *mut u32 =
            lua_newuserdatauv(l, size_of::<u32>(), FIRST_VALUE - 1 + values).cast();
        count.write(len);
        Class::apply(l, CLASS);
        push_bytes(l, message.topic);
        lua_setiuservalue(l, -2, TOPIC);
        if !message.sender.is_empty() {
            push_bytes(l, message.sender);
            lua_setiuservalue(l, -2, SENDER);
        }
        if in_table {
            table(l, &mut input, len)?;
            lua_setiuservalue(l, -2, FIRST_VALUE);
        } else {
            for value in 0..values {
                decode::value(l, &mut input)?;
                lua_setiuservalue(l, -2, FIRST_VALUE + value);
            }
        }
    }
    Ok(1)
}

/// Pushes a table of `len` values, with field `n`.
unsafe fn table(l: State, input: &mut Input<'_>, len: u32) -> Result<(), Malformed> {
    // SAFETY: the promise of `exchange::Build`.
    unsafe {
        lua_createtable(l, 0, 1);
        for place in 1..=len {
            decode::value(l, input)?;
            lua_rawseti(l, -2, place.into());
        }
        lua_pushinteger(l, len.into());
        lua_setfield(l, -2, c"n".as_ptr());
    }
    Ok(())
}

unsafe extern "C-unwind" fn topic(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        check(l);
        lua_getiuservalue(l, 1, TOPIC);
        1
    }
}

unsafe extern "C-unwind" fn from(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        check(l);
        lua_getiuservalue(l, 1, SENDER);
        1
    }
}

unsafe extern "C-unwind" fn payload(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        let len = check(l);
        let count = c_int::try_from(len).unwrap_or(c_int::MAX);
        luaL_checkstack(l, count, c"too many values".as_ptr());
        if len <= MAX_USER_VALUES {
            for value in 0..count {
                lua_getiuservalue(l, 1, FIRST_VALUE + value);
            }
        } else {
            lua_getiuservalue(l, 1, FIRST_VALUE);
            lua_replace(l, 1);
            for place in 1..=count {
                lua_rawgeti(l, 1, place.into());
            }
        }
        count
    }
}

/// The number of values of the Message that is argument 1.
unsafe fn check(l: State) -> u32 {
    // SAFETY: the callers are C functions; the block of a Message is a number.
    unsafe { *runtime(l).classes.get().message.check::<u32>(l, 1, CLASS) }
}
