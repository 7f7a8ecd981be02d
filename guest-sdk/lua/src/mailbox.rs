//! `process.inbox`, `events`, `listen` and `unlisten`: receive-only channels
//! on the queues that the runtime keeps.

use std::ffi::c_int;

use mlua_sys::*;
use warren_guest::mailbox::{self, Subscription};

use crate::argument::{REFUSED, text};
use crate::errors::{self, Kind};
use crate::exchange;
use crate::runtime::runtime;
use crate::stack::{Functions, State, wrong_type};
use crate::tasks::{Channel, Format, Source};
use crate::transfer::{self, forget, push_subscription};

/// The functions for the library `process`.
pub(crate) const FUNCTIONS: &Functions = &[
    (c"inbox", inbox),
    (c"events", events),
    (c"listen", listen),
    (c"unlisten", unlisten),
];

unsafe extern "C-unwind" fn inbox(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        let opened = &runtime(l).inbox;
        let subscription = opened.get().unwrap_or_else(mailbox::inbox);
        opened.set(Some(subscription));
        push_subscription(l, subscription, Format::Message);
        1
    }
}

unsafe extern "C-unwind" fn events(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        let opened = &runtime(l).events;
        let subscription = opened.get().unwrap_or_else(mailbox::events);
        opened.set(Some(subscription));
        push_subscription(l, subscription, Format::Event);
        1
    }
}

/// `process.listen(topic, {message = bool}?)`.
unsafe extern "C-unwind" fn listen(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        lua_settop(l, 2);
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
        let subscription = lua_tointeger(l, -1) as Subscription;
        let channel = push_subscription(l, subscription, wanted);
        match (*channel).source {
            Source::Mailbox { format, .. } if format == wanted => 1,
            _ => errors::refuse(
                l,
                Kind::Conflict,
                format_args!("topic '{topic}' is listened on with another 'message' option"),
            ),
        }
    }
}

/// `process.unlisten(ch)`.
unsafe extern "C-unwind" fn unlisten(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        if lua_type(l, 1) <= LUA_TNIL {
            return errors::refuse(l, Kind::Invalid, format_args!("channel is missing"));
        }
        let channel = Channel::check(l, 1);
        let rt = runtime(l);
        let opened_otherwise = [rt.inbox.get(), rt.events.get()];
        let subscription = match (*channel).source {
            Source::Mailbox { subscription, .. }
                if !opened_otherwise.contains(&Some(subscription)) =>
            {
                subscription
            }
            _ => {
                return errors::refuse(
                    l,
                    Kind::Invalid,
                    format_args!("the channel was not made by process.listen"),
                );
            }
        };
        if !(*channel).closed {
            mailbox::unlisten(subscription);
            transfer::close(rt, channel);
            forget(l, subscription);
        }
        lua_pushboolean(l, 1);
        1
    }
}

/// The form that the table of options at index 2 asks for.
unsafe fn format_option(l: State) -> Option<Format> {
    // SAFETY: `listen` is a C function with two stack slots.
    unsafe {
        match lua_type(l, 2) {
            LUA_TNIL => return Some(Format::Raw),
            LUA_TTABLE => {}
            _ => wrong_type(l, 2, c"table"),
        }
        lua_pushnil(l);
        while lua_next(l, 2) != 0 {
            if crate::stack::bytes_at(l, -2) != Some(b"message") {
                errors::refuse(
                    l,
                    Kind::Invalid,
                    format_args!("the only option is 'message'"),
                );
                return None;
            }
            if lua_type(l, -1) != LUA_TBOOLEAN {
                errors::refuse(
                    l,
                    Kind::Invalid,
                    format_args!("option 'message' is true or false"),
                );
                return None;
            }
            lua_pop(l, 1);
        }
        lua_pushstring(l, c"message".as_ptr());
        lua_rawget(l, 2);
        let message = lua_toboolean(l, -1) != 0;
        lua_pop(l, 1);
        Some(if message {
            Format::Message
        } else {
            Format::Raw
        })
    }
}
