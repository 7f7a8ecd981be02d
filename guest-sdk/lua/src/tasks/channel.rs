//! Channels as the scheduler sees them: where values come from, and who waits.

use std::ffi::c_int;

use mlua_sys::lua_Integer;
use warren_guest::mailbox::Subscription;

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
    /// Returns true if programs may send on the channel and close it.
    pub(crate) fn is_local(&self) -> bool {
        matches!(self.source, Source::Local(_))
    }
}

/// A channel on a subscription, and its place in the table of channels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kept {
    pub(crate) channel: *mut Channel,
    pub(crate) place: c_int,
}

/// The waiters of one side of a channel, in order of arrival.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Queue {
    pub(super) first: Option<u32>,
    pub(super) last: Option<u32>,
}

impl Queue {
    /// Whether nobody waits.
    pub(crate) fn is_empty(self) -> bool {
        self.first.is_none()
    }

    /// The place of the waiter that came first.
    pub(crate) fn first(self) -> Option<u32> {
        self.first
    }
}
