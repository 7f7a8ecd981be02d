//! Messages as Lua values.
//!
//! A Message is a userdata whose user values are the values sent; where there
//! are many, a table of them. Topic and sender stand in its block, behind a
//! [`Head`]: most programs ask for few of them, and one that asks gets a new
//! string.
//!
//! The first value of a call is the address of its answer. A server sends to it and does
//! not look at it, so it stands in the block as it came, and becomes a value where
//! somebody asks for it.

use std::ffi::{CStr, c_int};
use std::ptr;
use std::slice;

use mlua_sys::{LUA_TNIL, lua_Integer};
use warren_guest::logger::{self, Level};
use warren_guest::mailbox::Message;
use warren_guest::msgpack::{self, Input, Malformed, Token};

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

/// The topic of calls.
pub(crate) const CALL: &str = "call";
/// The topic of requests without an answer.
pub(crate) const CAST: &str = "cast";

const METHODS: &Functions = &[(c"topic", topic), (c"from", from), (c"payload", payload)];

/// The beginning of the block of a Message; topic and sender follow, and the encoded
/// address of a call.
#[repr(C)]
#[derive(Debug, Clone, Copy)]
struct Head {
    /// The number of values, and [`IS_CALL`].
    values: u32,
    topic_len: u32,
    /// 0 where nobody sent it.
    sender_len: u32,
}

/// Set in the number of values of a call that can be answered: it has two values, of which
/// the first is nil as long as nobody has asked for it.
const IS_CALL: u32 = 1 << 31;

impl Head {
    fn values(self) -> u32 {
        self.values & !IS_CALL
    }
}

/// The address of the answer to a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Address<'a> {
    /// The caller.
    pub(crate) process: &'a str,
    pub(crate) topic: &'a str,
    /// The number that the answer has behind its other values.
    pub(crate) number: Option<i64>,
}

/// The answer to a call, but for its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The number of the call.
    pub(crate) number: i64,
    /// The value is a reply, and not an error.
    pub(crate) is_reply: bool,
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
    let address = if len == 2 {
        address_of_call(message, &mut input)
    } else {
        &[]
    };
    let head = Head {
        values: if address.is_empty() {
            len
        } else {
            len | IS_CALL
        },
        topic_len: message.topic.len() as u32,
        sender_len: message.sender.len() as u32,
    };
    let in_table = len > MAX_USER_VALUES;
    let values = if in_table { 1 } else { len as c_int };
    let size = size_of::<Head>() + message.topic.len() + message.sender.len() + address.len();
    let block: *mut Head = l.new_block(size, values).cast();
    // SAFETY: the block has room for the head and what follows it, and was just made.
    unsafe {
        block.write(head);
        let text: *mut u8 = block.add(1).cast();
        ptr::copy_nonoverlapping(message.topic.as_ptr(), text, message.topic.len());
        let sender = text.add(message.topic.len());
        ptr::copy_nonoverlapping(message.sender.as_ptr(), sender, message.sender.len());
        let behind = sender.add(message.sender.len());
        ptr::copy_nonoverlapping(address.as_ptr(), behind, address.len());
        interpreter(l).classes.get().message.adopt(l);
    }
    if in_table {
        table(l, &mut input, len)?;
        l.set_user_value(-2, FIRST_VALUE);
    } else {
        for value in c_int::from(!address.is_empty())..values {
            decode::value(l, &mut input)?;
            l.set_user_value(-2, FIRST_VALUE + value);
        }
    }
    input.end()?;
    Ok(1)
}

/// Takes the address of its answer from the values of a call. Returns the address, still
/// encoded; nothing, and takes nothing, where the message is no call with an address.
#[inline(never)]
fn address_of_call<'a>(message: &Message<'_>, input: &mut Input<'a>) -> &'a [u8] {
    if message.topic != CALL.as_bytes() || message.sender.is_empty() {
        return &[];
    }
    let values = input.rest();
    let mut ahead = Input::new(values);
    let address = match ahead.token() {
        Ok(Token::String(_)) => true,
        Ok(Token::Array(2)) => {
            matches!(ahead.token(), Ok(Token::String(_)))
                && matches!(ahead.token(), Ok(Token::Integer(_)))
        }
        _ => false,
    };
    if !address {
        return &[];
    }
    let len = values.len() - ahead.rest().len();
    *input = ahead;
    &values[..len]
}

/// Reads an answer, `[is_reply, value, number]`. Returns the answer and its value, which is
/// still encoded: a reply or an error.
#[inline(never)]
pub(crate) fn answer(payload: &[u8]) -> Result<(Answer, &[u8]), Malformed> {
    let mut input = Input::new(payload);
    let (Token::Array(3), Token::Boolean(is_reply)) = (input.token()?, input.token()?) else {
        return Err(Malformed::Unexpected);
    };
    let value = input.value()?;
    let Token::Integer(number) = input.token()? else {
        return Err(Malformed::Unexpected);
    };
    input.end()?;
    Ok((Answer { number, is_reply }, value))
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
    let (head, text) = check(l);
    if head.values & IS_CALL != 0 {
        settle_address(l, text);
    }
    let len = head.values();
    if interpreter(l).payload_objects.get() {
        return payload_objects(l, len);
    }
    push_values(l, len)
}

/// Pushes the values of the Message at 1; returns their number.
fn push_values(l: State, len: u32) -> c_int {
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

/// Makes a value of the address of the call at 1, given its topic and sender, where it was
/// not asked for before.
#[inline(never)]
fn settle_address(l: State, text: &[u8]) {
    if l.user_value(1, FIRST_VALUE) == LUA_TNIL {
        // It was read before.
        if decode::value(l, &mut Input::new(encoded_address(l, text))).is_ok() {
            l.set_user_value(1, FIRST_VALUE);
        }
    }
    l.set_top(1);
}

/// `values(message)`: the values themselves, whatever `message:payload()` gives.
pub(crate) extern "C-unwind" fn values(l: State) -> c_int {
    let (head, text) = check(l);
    if head.values & IS_CALL != 0 {
        settle_address(l, text);
    }
    push_values(l, head.values())
}

/// Returns the address of the answer to the Message that is argument 1; `None` where it is
/// no call that can be answered. Raises where the argument is no Message.
pub(crate) fn address<'a>(l: State) -> Option<Address<'a>> {
    let (head, text) = check(l);
    if head.values & IS_CALL == 0 {
        return None;
    }
    let process = &text[head.topic_len as usize..];
    let mut input = Input::new(encoded_address(l, text));
    let (topic, number) = match input.token() {
        Ok(Token::String(topic)) => (topic, None),
        Ok(Token::Array(_)) => match (input.token(), input.token()) {
            (Ok(Token::String(topic)), Ok(Token::Integer(number))) => (topic, Some(number)),
            _ => return None,
        },
        _ => return None,
    };
    Some(Address {
        process: msgpack::text(process)?,
        topic: msgpack::text(topic)?,
        number,
    })
}

/// The way in which a server takes a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Request {
    Call,
    Cast,
    Other,
}

/// Pushes the request of the Message on top of the stack: of a call its second value, of
/// any other message the first.
pub(crate) fn push_request(l: State) -> Request {
    let message = l.top();
    let (head, text) = at(l, message);
    let topic = &text[..head.topic_len as usize];
    let request = match topic {
        _ if head.values & IS_CALL != 0 => Request::Call,
        _ if topic == CAST.as_bytes() => Request::Cast,
        _ => Request::Other,
    };
    match request {
        Request::Call => l.user_value(message, FIRST_VALUE + 1),
        _ if head.values() == 0 => {
            l.push_nil();
            LUA_TNIL
        }
        _ => l.user_value(message, FIRST_VALUE),
    };
    if head.values() > MAX_USER_VALUES {
        l.element(-1, 1);
        l.remove(-2);
    }
    request
}

/// Returns the encoded address of the call that is argument 1, given its topic and sender.
fn encoded_address(l: State, text: &[u8]) -> &[u8] {
    let len = l.raw_len(1) - size_of::<Head>() - text.len();
    // SAFETY: `build` has written the block, the whole of it, and the address last; the
    // userdata is on the stack until the address is copied, and blocks do not move.
    unsafe { slice::from_raw_parts(text.as_ptr().add(text.len()), len) }
}

/// Returns the head of the Message that is argument 1, and topic and sender behind it.
fn check<'a>(l: State) -> (Head, &'a [u8]) {
    at(l, 1)
}

/// Returns the head of the Message at `index`, and topic and sender behind it.
fn at<'a>(l: State, index: c_int) -> (Head, &'a [u8]) {
    let block = interpreter(l).classes.get().message.check(l, index, CLASS);
    let head: *const Head = block.as_ptr().cast();
    // SAFETY: `build` has written the block, with as much text as its head says; the
    // userdata is on the stack until the text is copied, and blocks do not move.
    unsafe {
        let len = (*head).topic_len as usize + (*head).sender_len as usize;
        (*head, slice::from_raw_parts(head.add(1).cast(), len))
    }
}
