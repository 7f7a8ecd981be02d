//! The side of a call that answers.

use std::ffi::c_int;

use mlua_sys::*;
use warren_guest::msgpack::Output;
use warren_guest::process;
use warren_values::kind;

use crate::argument::REFUSED;
use crate::call_results::{push_event, push_message};
use crate::encode::{self, MESSAGE};
use crate::errors;
use crate::exchange;
use crate::interpreter::interpreter;
use crate::lua::State;
use crate::message;
use crate::scheduler::{Patience, Pulled, Shape, pull_alone, push_receive, wait};
use crate::tasks::Channel;

/// `next(events, inbox)`: waits for the next event or message, events first. Returns the
/// kind, the event or message, and the request in it.
pub(super) extern "C-unwind" fn next(l: State) -> c_int {
    l.set_top(2);
    let (events, inbox) = (Channel::check(l, 1), Channel::check(l, 2));
    interpreter(l).rest(l);
    match pull_alone(l, [events, inbox], None, None) {
        Some(Pulled::Value(subscription)) if events.subscription() == Some(subscription) => {
            return push_event(l);
        }
        Some(Pulled::Value(_)) => return push_message(l),
        Some(Pulled::Raised) => l.error(),
        _ => {}
    }
    for place in 1..=2 {
        l.push_value(place);
        push_receive(l);
    }
    wait(l, 3, 2, Patience::Endless, Shape::Next)
}

/// `answer(message, is_reply, value, decision)`: answers a call. A value whose metatable is
/// `decision` is returned, and no answer. An answer to a process that has ended, or whose queue
/// is full, is dropped. Returns nothing, or nil and the error of a value that cannot cross.
pub(super) extern "C-unwind" fn answer(l: State) -> c_int {
    l.set_top(4);
    if l.type_of(3) == LUA_TTABLE && !l.is_nil(4) && l.metatable(3) {
        let is_decision = l.raw_equal(4, 5);
        l.set_top(4);
        if is_decision {
            l.push_value(3);
            return 1;
        }
    }
    let Some(to) = message::address(l) else {
        return 0;
    };
    let is_reply = l.to_boolean(2);
    let encode = |output: &mut Output| {
        output.array(if to.number.is_some() { 3 } else { 2 })?;
        output.boolean(is_reply)?;
        encode::value(l, 3, "reply", output)?;
        match to.number {
            Some(number) => Ok(output.integer(number)?),
            None => Ok(()),
        }
    };
    let limit = ("reply", MESSAGE);
    let results = exchange::call_encoded(l, limit, encode, None, |payload, buffer| {
        process::send(to.process, to.topic, payload, buffer).map(|()| &[][..])
    });
    if results == REFUSED && errors::is_of_kind(l, -1, kind::INVALID) {
        return REFUSED;
    }
    0
}

/// `caller(message)`: the PID of the caller, and the topic and perhaps the number of the
/// answer; nothing for a message that is no call.
pub(super) extern "C-unwind" fn caller(l: State) -> c_int {
    let Some(to) = message::address(l) else {
        return 0;
    };
    l.push_bytes(to.process.as_bytes());
    l.push_bytes(to.topic.as_bytes());
    match to.number {
        Some(number) => l.push_integer(number),
        None => l.push_nil(),
    }
    3
}
