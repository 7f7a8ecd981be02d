//! Channels: what coroutines of a process hand values to each other with, and
//! the form in which messages, events and timers arrive.
//!
//! A channel is a userdata whose block is [`Channel`]. Where it is a local
//! channel with a buffer, its user value [`BUFFER`] is a table used as a ring.

mod clock;
mod library;
mod transfer;

use std::ffi::{CStr, c_int};

use mlua_sys::*;
use warren_guest::mailbox::Subscription;

pub(crate) use clock::{push_ring, set_alarm, settle};
pub(crate) use library::open;
pub(crate) use transfer::{close, receive, send, stash};

use crate::runtime::runtime;
use crate::scheduler::{NOWHERE, Queue};
use crate::stack::State;

/// The name of the class in Lua.
pub(crate) const CLASS: &CStr = c"channel";

/// The user value that holds the ring of a local channel.
pub(crate) const BUFFER: c_int = 1;
/// The user value that holds the case of [`Channel`]'s `case_receive`.
pub(crate) const RECEIVE_CASE: c_int = 2;

/// One channel. Nothing in here needs `Drop`: Lua frees it like any userdata.
#[derive(Debug)]
pub(crate) struct Channel {
    /// Where its values come from.
    pub(crate) source: Source,
    /// Nothing more will come.
    pub(crate) closed: bool,
    /// The coroutines that wait for a value.
    pub(crate) receivers: Queue,
    /// The coroutines that wait to hand over a value.
    pub(crate) senders: Queue,
    /// Its place among the alarms of the scheduler, for one of the clock.
    pub(crate) alarm_place: u32,
    /// Its place among what the scheduler wants of the mailbox, while a
    /// coroutine waits for a message.
    pub(crate) wanted_place: u32,
}

/// Where a channel's values come from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source {
    /// From coroutines of this process.
    Local(Ring),
    /// From a queue of this process's mailbox.
    /// The ring holds what was taken from there for a wait that ended
    /// meanwhile.
    Mailbox {
        subscription: Subscription,
        format: Format,
        ring: Ring,
    },
    /// From the clock.
    Clock(Alarm),
}

/// The buffer of a local channel: `len` values from place `head` on, in a
/// ring of `room` places, which grows up to `capacity`. Capacity 0 is a
/// rendezvous.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ring {
    pub(crate) capacity: lua_Integer,
    pub(crate) room: lua_Integer,
    pub(crate) head: lua_Integer,
    pub(crate) len: lua_Integer,
}

/// What a message becomes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// A Message object.
    Message,
    /// Its values: one as itself, none as nil, several as a table with `n`.
    Raw,
    /// The one value of a payload that the runtime wrote.
    Event,
}

/// When a timer or ticker yields its next Time.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Alarm {
    /// On the monotonic clock; `None` once it has rung or was stopped.
    pub(crate) next: Option<u64>,
    pub(crate) again: Again,
    /// Stopped: a plain receive ends, as if the channel were closed, but no
    /// case of a select is ready, as a timer can be set anew.
    pub(crate) stopped: bool,
}

/// What follows when an alarm has rung.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Again {
    /// Nothing: the channel is closed.
    #[default]
    Never,
    /// Nothing, until somebody sets it anew.
    OnReset,
    /// The next beat of a ticker, after so many nanoseconds.
    After(u64),
}

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

    /// Whether programs may send on it and close it.
    pub(crate) fn is_local(&self) -> bool {
        matches!(self.source, Source::Local(_))
    }
}
