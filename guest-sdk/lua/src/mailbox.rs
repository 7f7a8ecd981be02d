//! `process.inbox`, `events`, `listen` and `unlisten`: receive-only channels
//! on the queues that the runtime keeps.
//!
//! A table in the registry of Lua keeps each channel alive, so that it is the
//! same one every time. Its places are reused: by the number of the subscription,
//! which only grows, the table would be rebuilt again and again.

use std::ffi::{c_int, c_void};

use mlua_sys::*;
use warren_guest::mailbox::{self, Subscription};

use crate::argument::{REFUSED, text};
use crate::channel::{self, Channel, Format, Ring, Source};
use crate::errors::{self, Kind};
use crate::exchange;
use crate::runtime::{Runtime, runtime};
use crate::stack::{Functions, State, wrong_type};

/// The functions for the library `process`.
pub(crate) const FUNCTIONS: &Functions = &[
    (c"inbox", inbox),
    (c"events", events),
    (c"listen", listen),
    (c"unlisten", unlisten),
];

/// A program rarely has more subscriptions.
const ROOM: c_int = 4;

/// A channel on a subscription, and its place in the table of channels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kept {
    pub(crate) channel: *mut Channel,
    place: c_int,
}

/// Makes the table of channels.
///
/// # Safety
/// `l` is a live Lua thread with two free stack slots.
pub(crate) unsafe fn open(l: State) {
    // SAFETY: as promised by the caller.
    unsafe {
        lua_createtable(l, ROOM, 0);
        lua_rawsetp(l, LUA_REGISTRYINDEX, channels_key());
    }
}

/// Pushes the channel on a subscription, a new one where there is none yet.
///
/// # Safety
/// `l` is a live Lua thread with five free stack slots; nothing that needs
/// `Drop` is alive.
pub(crate) unsafe fn push_channel(
    l: State,
    subscription: Subscription,
    format: Format,
) -> *mut Channel {
    // SAFETY: as promised by the caller.
    unsafe {
        lua_rawgetp(l, LUA_REGISTRYINDEX, channels_key());
        let known = runtime(l)
            .subscriptions
            .borrow()
            .get(&subscription)
            .copied();
        if let Some(kept) = known {
            lua_rawgeti(l, -1, kept.place.into());
            lua_remove(l, -2);
            return kept.channel;
        }
        let channel = Channel::push(
            l,
            Source::Mailbox {
                subscription,
                format,
                ring: Ring::UNBOUNDED,
            },
        );
        lua_pushvalue(l, -1);
        let place = luaL_ref(l, -3);
        lua_remove(l, -2);
        runtime(l)
            .subscriptions
            .borrow_mut()
            .insert(subscription, Kept { channel, place });
        channel
    }
}

/// Forgets the channel on a subscription that has ended.
///
/// # Safety
/// As [`push_channel`].
pub(crate) unsafe fn forget(l: State, subscription: Subscription) {
    // SAFETY: as promised by the caller.
    unsafe {
        let kept = runtime(l).subscriptions.borrow_mut().remove(&subscription);
        if let Some(kept) = kept {
            lua_rawgetp(l, LUA_REGISTRYINDEX, channels_key());
            luaL_unref(l, -1, kept.place);
            lua_pop(l, 1);
        }
    }
}

/// Keeps the value on top of the stack for whoever receives next from a
/// subscription. False where an error to be raised is on top of the stack.
///
/// # Safety
/// `l` is a live Lua thread with five free stack slots. Does not raise.
pub(crate) unsafe fn stash(l: State, rt: &Runtime, subscription: Subscription) -> bool {
    let kept = rt.subscriptions.borrow().get(&subscription).copied();
    let Some(kept) = kept else {
        // Unlistened meanwhile.
        // SAFETY: as promised by the caller.
        unsafe { lua_pop(l, 1) };
        return true;
    };
    // SAFETY: as promised by the caller.
    unsafe {
        lua_pushcfunction(l, stash_protected);
        lua_insert(l, -2);
        lua_pushinteger(l, kept.place.into());
        lua_pcall(l, 2, 0, 0) == LUA_OK
    }
}

unsafe extern "C-unwind" fn stash_protected(l: State) -> c_int {
    // SAFETY: only `stash` calls this, with a value and a number.
    unsafe {
        let place = lua_tointeger(l, 2);
        lua_settop(l, 1);
        lua_rawgetp(l, LUA_REGISTRYINDEX, channels_key());
        lua_rawgeti(l, -1, place);
        lua_replace(l, 2);
        lua_insert(l, 1);
        // Channel, value.
        channel::stash(l, 1);
        0
    }
}

unsafe extern "C-unwind" fn inbox(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        let opened = &runtime(l).inbox;
        let subscription = opened.get().unwrap_or_else(mailbox::inbox);
        opened.set(Some(subscription));
        push_channel(l, subscription, Format::Message);
        1
    }
}

unsafe extern "C-unwind" fn events(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        let opened = &runtime(l).events;
        let subscription = opened.get().unwrap_or_else(mailbox::events);
        opened.set(Some(subscription));
        push_channel(l, subscription, Format::Event);
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
        let channel = push_channel(l, subscription, wanted);
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
            channel::close(rt, channel);
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

/// Where the registry keeps the table of channels.
fn channels_key() -> *const c_void {
    static KEY: u8 = 0;
    (&raw const KEY).cast()
}
