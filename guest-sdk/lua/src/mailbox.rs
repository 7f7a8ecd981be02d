//! `process.inbox`, `events`, `listen` and `unlisten`: receive-only channels
//! on the queues that the runtime keeps.

use std::ffi::c_int;

use mlua_sys::*;
use warren_guest::mailbox::{self, Subscription};
use warren_values::kind;

use crate::argument::{REFUSED, text};
use crate::errors;
use crate::exchange;
use crate::interpreter::interpreter;
use crate::lua::{Functions, State};
use crate::mistakes::check_taken;
use crate::tasks::{Channel, Format, Source};
use crate::transfer::{self, forget, push_subscription};

/// The functions for the library `process`.
pub(crate) const FUNCTIONS: &Functions = &[
    (c"inbox", inbox),
    (c"events", events),
    (c"listen", listen),
    (c"unlisten", unlisten),
];

extern "C-unwind" fn inbox(l: State) -> c_int {
    let opened = &interpreter(l).inbox;
    let subscription = opened.get().unwrap_or_else(mailbox::inbox);
    opened.set(Some(subscription));
    push_subscription(l, subscription, Format::Message);
    1
}

extern "C-unwind" fn events(l: State) -> c_int {
    let opened = &interpreter(l).events;
    let subscription = opened.get().unwrap_or_else(mailbox::events);
    opened.set(Some(subscription));
    push_subscription(l, subscription, Format::Event);
    1
}

/// `process.listen(topic, {message = bool}?)`.
extern "C-unwind" fn listen(l: State) -> c_int {
    let results = try_listen(l);
    check_taken(l, results, "process.listen")
}

fn try_listen(l: State) -> c_int {
    l.set_top(2);
    let Some(topic) = text(l, 1, "topic") else {
        return REFUSED;
    };
    let Some(wanted) = format_option(l) else {
        return REFUSED;
    };
    // The number comes back through the stack, as a failure comes too.
    let results = exchange::call_number(l, |buffer| mailbox::listen(topic, buffer));
    if results != 1 {
        return results;
    }
    let subscription = l.to_integer(-1) as Subscription;
    let channel = push_subscription(l, subscription, wanted);
    match channel.source {
        Source::Mailbox { format, .. } if format == wanted => 1,
        _ => errors::refuse(
            l,
            kind::CONFLICT,
            format_args!("topic '{topic}' already has a channel with another 'message' option"),
        ),
    }
}

/// `process.unlisten(ch)`.
extern "C-unwind" fn unlisten(l: State) -> c_int {
    let results = try_unlisten(l);
    check_taken(l, results, "process.unlisten")
}

fn try_unlisten(l: State) -> c_int {
    if l.type_of(1) <= LUA_TNIL {
        return errors::refuse(l, kind::INVALID, format_args!("channel is missing"));
    }
    let channel = Channel::check(l, 1);
    let interpreter = interpreter(l);
    let opened_otherwise = [interpreter.inbox.get(), interpreter.events.get()];
    let subscription = match channel.source {
        Source::Mailbox { subscription, .. } if !opened_otherwise.contains(&Some(subscription)) => {
            subscription
        }
        _ => {
            return errors::refuse(
                l,
                kind::INVALID,
                format_args!("the channel was not made by process.listen"),
            );
        }
    };
    if !channel.closed.get() {
        mailbox::unlisten(subscription);
        transfer::close(interpreter, channel);
        forget(l, subscription);
    }
    l.push_boolean(true);
    1
}

/// The form that the table of options at index 2 asks for.
fn format_option(l: State) -> Option<Format> {
    match l.type_of(2) {
        LUA_TNIL => return Some(Format::Raw),
        LUA_TTABLE => {}
        _ => l.wrong_type(2, c"table"),
    }
    l.push_nil();
    while l.next(2) {
        if !l.is_string(-2, b"message") {
            errors::refuse(
                l,
                kind::INVALID,
                format_args!("the only option is 'message'"),
            );
            return None;
        }
        if l.type_of(-1) != LUA_TBOOLEAN {
            errors::refuse(
                l,
                kind::INVALID,
                format_args!("option 'message' must be true or false"),
            );
            return None;
        }
        l.pop(1);
    }
    l.push_string(c"message");
    l.raw_get(2);
    let message = l.to_boolean(-1);
    l.pop(1);
    Some(if message {
        Format::Message
    } else {
        Format::Raw
    })
}
