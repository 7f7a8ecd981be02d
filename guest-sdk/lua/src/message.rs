//! What a message becomes in Lua.
//!
//! A Message is a userdata whose user values are the values sent; where there
//! are many, a table of them. Topic and sender stand in its block, behind a
//! [`Head`]: most programs ask for few of them, and one that asks gets a new
//! string.

use std::ffi::{CStr, c_int};
use std::ptr;
use std::slice;

use mlua_sys::*;
use warren_guest::logger::{self, Level};
use warren_guest::mailbox::Message;
use warren_guest::msgpack::{Input, Malformed, Token};

use crate::decode;
use crate::exchange::{self, Built};
use crate::runtime::runtime;
use crate::stack::{self, Functions, State, push_bytes};

/// The name of the class in Lua.
const CLASS: &CStr = c"message";

/// The user value that is the first value, or the table of all.
const FIRST_VALUE: c_int = 1;
/// More values than this are kept in a table.
const MAX_USER_VALUES: u32 = 200;

const METHODS: &Functions = &[(c"topic", topic), (c"from", from), (c"payload", payload)];

/// What the block of a Message begins with; topic and sender follow.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
struct Head {
    /// The number of values.
    values: u32,
    topic_len: u32,
    /// 0 where nobody sent it.
    sender_len: u32,
}

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
    input.end()?;
    Ok(1)
}

/// Builds an event.
///
/// # Safety
/// See [`exchange::Build`].
pub(crate) unsafe fn event(l: State, payload: &[u8]) -> Result<c_int, Malformed> {
    let mut input = Input::new(payload);
    let Token::Array(1) = input.token()? else {
        return Err(Malformed::Unexpected);
    };
    // SAFETY: as promised by the caller.
    unsafe { decode::event(l, &mut input)? };
    input.end()?;
    Ok(1)
}

/// Builds a Message.
///
/// # Safety
/// As for [`exchange::Build`].
pub(crate) unsafe fn build(l: State, message: &Message<'_>) -> Result<c_int, Malformed> {
    let mut input = Input::new(message.payload);
    let Token::Array(len) = input.token()? else {
        return Err(Malformed::Unexpected);
    };
    let head = Head {
        values: len,
        topic_len: message.topic.len() as u32,
        sender_len: message.sender.len() as u32,
    };
    let in_table = len > MAX_USER_VALUES;
    let values = if in_table { 1 } else { len as c_int };
    // SAFETY: as promised by the caller; the block has room for the head and
    // what follows it.
    unsafe {
        let size = size_of::<Head>() + message.topic.len() + message.sender.len();
        let block: *mut Head = lua_newuserdatauv(l, size, values).cast();
        block.write(head);
        let text: *mut u8 = block.add(1).cast();
        ptr::copy_nonoverlapping(message.topic.as_ptr(), text, message.topic.len());
        let sender = text.add(message.topic.len());
        ptr::copy_nonoverlapping(message.sender.as_ptr(), sender, message.sender.len());
        runtime(l).classes.get().message.apply(l);
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
    input.end()?;
    Ok(1)
}

/// Builds a Message without letting an error through.
///
/// # Safety
/// As [`exchange::protected`].
pub(crate) unsafe fn protected(l: State, message: &Message<'_>) -> Built {
    // SAFETY: as promised by the caller; `build_at` gets the address back while
    // `message` is alive.
    unsafe {
        let address: *const Message<'_> = message;
        exchange::protected(l, &(address as usize).to_ne_bytes(), build_at)
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

unsafe fn build_at(l: State, address: &[u8]) -> Result<c_int, Malformed> {
    // SAFETY: `protected` gives the address of a live message.
    unsafe {
        let address = usize::from_ne_bytes(address.try_into().map_err(|_| Malformed::Unexpected)?);
        build(l, &*(address as *const Message<'_>))
    }
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
        let head = check(l);
        push_bytes(l, text(head, 0, (*head).topic_len));
        1
    }
}

unsafe extern "C-unwind" fn from(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        let head = check(l);
        match (*head).sender_len {
            0 => lua_pushnil(l),
            len => push_bytes(l, text(head, (*head).topic_len, len)),
        }
        1
    }
}

unsafe extern "C-unwind" fn payload(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        let len = (*check(l)).values;
        if len == 1 {
            lua_getiuservalue(l, 1, FIRST_VALUE);
            return 1;
        }
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

/// The block of the Message that is argument 1.
unsafe fn check(l: State) -> *const Head {
    // SAFETY: the callers are C functions; `build` writes the block.
    unsafe { runtime(l).classes.get().message.check(l, 1, CLASS) }
}

/// Part of the text behind the head of a Message.
unsafe fn text<'a>(head: *const Head, from: u32, len: u32) -> &'a [u8] {
    // SAFETY: the callers give ranges that the head describes; the userdata is
    // on the stack, and blocks do not move.
    unsafe { slice::from_raw_parts(head.add(1).cast::<u8>().add(from as usize), len as usize) }
}
