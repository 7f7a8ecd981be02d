//! Channels: what coroutines of a process hand values to each other with, and
//! the form in which messages, events and timers arrive.
//!
//! A channel is a userdata whose block is [`Channel`]. Where it is a local
//! channel with a buffer, its user value [`BUFFER`] is a table used as a ring.

mod clock;
mod ready;
mod subscriptions;

use std::ffi::{CStr, c_int};

use mlua_sys::*;

pub(crate) use clock::{push_ring, set_alarm};
pub(crate) use ready::{close, receive, send, settle};
pub(crate) use subscriptions::{forget, open, push_subscription, stash};

use crate::runtime::runtime;
use crate::stack::State;
use crate::tasks::{Channel, NOWHERE, Queue, Source};

/// The name of the class in Lua.
pub(crate) const CLASS: &CStr = c"channel";

/// The user value that holds the ring of a local channel.
pub(crate) const BUFFER: c_int = 1;
/// The user value that holds the case of a channel's `case_receive`.
pub(crate) const RECEIVE_CASE: c_int = 2;

impl Channel {
    /// Pushes a new channel and yields its block.
    ///
    /// # Safety
    /// `l` is a live Lua thread with three free stack slots. May raise.
    pub(crate) unsafe fn push(l: State, source: Source) -> *mut Channel {
        // SAFETY: as promised by the caller; the block has room for a channel
        // and is written before anyone can see it.
        unsafe {
            let block: *mut Channel = lua_newuserdatauv(l, size_of::<Channel>(), 2).cast();
            block.write(Channel {
                source,
                closed: false,
                receivers: Queue::default(),
                senders: Queue::default(),
                alarm_place: NOWHERE,
                wanted_place: NOWHERE,
            });
            runtime(l).classes.get().channel.apply(l);
            block
        }
    }

    /// The channel that is argument `arg`; raises for anything else.
    ///
    /// # Safety
    /// `l` runs a C function; nothing that needs `Drop` is alive.
    pub(crate) unsafe fn check(l: State, arg: c_int) -> *mut Channel {
        // SAFETY: as promised by the caller.
        unsafe { runtime(l).classes.get().channel.check(l, arg, CLASS) }
    }
}
