//! Messages as Lua values.
//!
//! A Message is a userdata whose user values are the values sent; where there
//! are many, a table of them. Topic and sender stand in its block, behind a
//! [`Head`]: most programs ask for few of them, and one that asks gets a new
//! string.

use std::ffi::{CStr, c_int};
use std::ptr;
use std::slice;

use mlua_sys::lua_Integer;
use warren_guest::logger::{self, Level};
use warren_guest::mailbox::Message;
use warren_guest::msgpack::{Input, Malformed, Token};

use crate::decode;
use crate::exchange::{self, Built};
use crate::interpreter::interpreter;
use crate::lua::{self, Functions, State};
use crate::payload;

/// The name of the class in Lua.
const CLASS: &CStr = c"message";

/// The user value that is the first value, or the table of all.
const FIRST_VALUE: c_int = 1;
/// More values than this are kept in a table.
const MAX_USER_VALUES: u32 = 200;

const METHODS: &Functions = &[(c"topic", topic), (c"from", from), (c"payload", payload)];

/// The beginning of the block of a Message; topic and sender follow.
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
pub(crate) fn open(l: State) {
    let interpreter = interpreter(l);
    let mut classes = interpreter.classes.get();
    classes.message = lua::class(l, CLASS, METHODS, &[]);
    l.pop(1);
    interpreter.classes.set(classes);
}

/// Builds the raw form of a payload: one value as itself, none as nil, several
/// as a table with `n`.
pub(crate) fn raw(l: State, payload: &[u8]) -> Result<c_int, Malformed> {
    let mut input = Input::new(payload);
    let Token::Array(len) = input.token()? else {
        return Err(Malformed::Unexpected);
    };
    match len {
        0 => l.push_nil(),
        1 => decode::value(l, &mut input)?,
        _ => table(l, &mut input, len)?,
    }
    input.end()?;
    Ok(1)
}

/// Builds an event.
pub(crate) fn event(l: State, payload: &[u8]) -> Result<c_int, Malformed> {
    let mut input = Input::new(payload);
    let Token::Array(1) = input.token()? else {
        return Err(Malformed::Unexpected);
    };
    decode::event(l, &mut input)?;
    input.end()?;
    Ok(1)
}

/// Builds a Message.
pub(crate) fn build(l: State, message: &Message<'_>) -> Result<c_int, Malformed> {
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
    let size = size_of::<Head>() + message.topic.len() + message.sender.len();
    let block: *mut Head = l.new_block(size, values).cast();
    // SAFETY: the block has room for the head and what follows it, and was just made.
    unsafe {
        block.write(head);
        let text: *mut u8 = block.add(1).cast();
        ptr::copy_nonoverlapping(message.topic.as_ptr(), text, message.topic.len());
        let sender = text.add(message.topic.len());
        ptr::copy_nonoverlapping(message.sender.as_ptr(), sender, message.sender.len());
        interpreter(l).classes.get().message.adopt(l);
    }
    if in_table {
        table(l, &mut input, len)?;
        l.set_user_value(-2, FIRST_VALUE);
    } else {
        for value in 0..values {
            decode::value(l, &mut input)?;
            l.set_user_value(-2, FIRST_VALUE + value);
        }
    }
    input.end()?;
    Ok(1)
}

/// Builds a Message without letting an error through.
pub(crate) fn protected(l: State, message: &Message<'_>) -> Built {
    let address: *const Message<'_> = message;
    exchange::protected(l, &(address as usize).to_ne_bytes(), build_at)
}

/// Logs that a message was dropped because it could not be read.
pub(crate) fn warn_dropped(message: &Message<'_>, why: Malformed) {
    let text = format!(
        "cannot read a message with topic '{}' from {}, which is dropped: {why}",
        String::from_utf8_lossy(message.topic),
        String::from_utf8_lossy(message.sender),
    );
    logger::log(Level::Warn, "", &text, None);
}

fn build_at(l: State, address: &[u8]) -> Result<c_int, Malformed> {
    let address = usize::from_ne_bytes(address.try_into().map_err(|_| Malformed::Unexpected)?);
    // SAFETY: `protected` gives the address of a live message.
    build(l, unsafe { &*(address as *const Message<'_>) })
}

/// Pushes a table of `len` values, with field `n`.
fn table(l: State, input: &mut Input<'_>, len: u32) -> Result<(), Malformed> {
    l.new_table(0, 1);
    for place in 1..=len {
        decode::value(l, input)?;
        l.set_element(-2, place.into());
    }
    l.push_integer(len.into());
    l.set_field(-2, c"n");
    Ok(())
}

extern "C-unwind" fn topic(l: State) -> c_int {
    let (head, text) = check(l);
    l.push_bytes(&text[..head.topic_len as usize]);
    1
}

extern "C-unwind" fn from(l: State) -> c_int {
    let (head, text) = check(l);
    match head.sender_len {
        0 => l.push_nil(),
        _ => l.push_bytes(&text[head.topic_len as usize..]),
    }
    1
}

extern "C-unwind" fn payload(l: State) -> c_int {
    let len = check(l).0.values;
    if interpreter(l).payload_objects.get() {
        return payload_objects(l, len);
    }
    if len == 1 {
        l.user_value(1, FIRST_VALUE);
        return 1;
    }
    let count = c_int::try_from(len).unwrap_or(c_int::MAX);
    l.need_room(count, c"too many values");
    if len <= MAX_USER_VALUES {
        for value in 0..count {
            l.user_value(1, FIRST_VALUE + value);
        }
    } else {
        l.user_value(1, FIRST_VALUE);
        l.replace(1);
        for place in 1..=count {
            l.element(1, place.into());
        }
    }
    count
}

/// The values of the Message at 1 as objects: nil for none, one Payload, or a list of
/// them.
fn payload_objects(l: State, len: u32) -> c_int {
    l.set_top(1);
    if len == 0 {
        l.push_nil();
        return 1;
    }
    let in_table = len > MAX_USER_VALUES;
    if in_table {
        l.user_value(1, FIRST_VALUE);
    }
    let list = len > 1;
    if list {
        l.new_table(len.min(MAX_USER_VALUES) as c_int, 0);
    }
    for place in 0..len {
        if in_table {
            l.element(2, lua_Integer::from(place) + 1);
        } else {
            l.user_value(1, FIRST_VALUE + place as c_int);
        }
        payload::wrap(l);
        if list {
            l.set_element(-2, lua_Integer::from(place) + 1);
        }
    }
    1
}

/// Returns the head of the Message that is argument 1, and topic and sender behind it.
fn check<'a>(l: State) -> (Head, &'a [u8]) {
    let block = interpreter(l).classes.get().message.check(l, 1, CLASS);
    let head: *const Head = block.as_ptr().cast();
    // SAFETY: `build` has written the block, with as much text as its head says; the
    // userdata is on the stack until the text is copied, and blocks do not move.
    unsafe {
        let len = (*head).topic_len as usize + (*head).sender_len as usize;
        (*head, slice::from_raw_parts(head.add(1).cast(), len))
    }
}
