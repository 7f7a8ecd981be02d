//! Channels: what coroutines of a process hand values to each other with, and
//! the form in which messages, events and timers arrive.
//!
//! A channel is a userdata whose block is [`Channel`]. Where its values lie
//! in a buffer, its user value [`BUFFER`] is a table used as a ring.

mod clock;
mod ready;
mod subscriptions;

use std::cell::Cell;
use std::ffi::{CStr, c_int};

pub(crate) use clock::{push_ring, set_alarm};
pub(crate) use ready::{close, receive, send, settle};
pub(crate) use subscriptions::{forget, open, push_answers, push_subscription, stash};

use crate::interpreter::interpreter;
use crate::lua::State;
use crate::tasks::{Channel, ChannelRef, NOWHERE, Queue, Source};

/// The name of the class in Lua.
pub(crate) const CLASS: &CStr = c"channel";

/// The user value that holds the ring of a channel.
pub(crate) const BUFFER: c_int = 1;
/// The user value that holds the case of a channel's `case_receive`.
pub(crate) const RECEIVE_CASE: c_int = 2;

impl Channel {
    /// Pushes a new channel. May raise.
    pub(crate) fn push(l: State, source: Source) -> ChannelRef {
        let channel = Channel {
            source,
            closed: Cell::new(false),
            receivers: Queue::default(),
            senders: Queue::default(),
            alarm_place: Cell::new(NOWHERE),
            wanted_place: Cell::new(NOWHERE),
        };
        let block = interpreter(l).classes.get().channel.push(l, channel, 2);
        // SAFETY: the channel is on the stack; who keeps the handle keeps the channel.
        unsafe { ChannelRef::new(block) }
    }

    /// Returns the channel that is argument `arg`; raises for anything else.
    pub(crate) fn check(l: State, arg: c_int) -> ChannelRef {
        let block = interpreter(l).classes.get().channel.check(l, arg, CLASS);
        // SAFETY: the channel is an argument, on the stack until the call returns.
        unsafe { ChannelRef::new(block) }
    }

    /// Returns the channel at `place`, where there is one.
    #[inline]
    pub(crate) fn at(l: State, place: c_int) -> ChannelRef {
        match interpreter(l).classes.get().channel.block(l, place) {
            // SAFETY: the channel is on the stack, and stays there while a task waits
            // for it.
            Some(block) => unsafe { ChannelRef::new(block) },
            // The makers of cases have checked this.
            None => std::process::abort(),
        }
    }
}
