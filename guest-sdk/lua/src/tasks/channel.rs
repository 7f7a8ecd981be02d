//! Channels as the scheduler sees them: where values come from, and who waits.

use std::cell::Cell;
use std::ffi::c_int;
use std::ops::Deref;
use std::ptr::NonNull;

use mlua_sys::lua_Integer;
use warren_guest::mailbox::Subscription;

use super::answers::Answers;

/// One channel. Nothing in here needs `Drop`: Lua frees it like any userdata.
#[derive(Debug)]
pub(crate) struct Channel {
    /// The source of its values.
    pub(crate) source: Source,
    /// Nothing more will come.
    pub(crate) closed: Cell<bool>,
    /// The coroutines that wait for a value.
    pub(crate) receivers: Queue,
    /// The coroutines that wait to hand over a value.
    pub(crate) senders: Queue,
    /// Its place among the alarms of the scheduler, for one of the clock.
    pub(crate) alarm_place: Cell<u32>,
    /// Its place among what the scheduler wants of the mailbox, while a
    /// coroutine waits for a message.
    pub(crate) wanted_place: Cell<u32>,
}

/// The source of a channel's values.
#[derive(Debug)]
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
    /// From the processes that were called.
    Answers(Answers),
}

/// The buffer of a local or mailbox channel: `len` values from place `head` on, in a
/// ring of `room` places, which grows up to `capacity`. Capacity 0 is a
/// rendezvous.
#[derive(Debug, Default)]
pub(crate) struct Ring {
    pub(crate) capacity: lua_Integer,
    pub(crate) room: Cell<lua_Integer>,
    pub(crate) head: Cell<lua_Integer>,
    pub(crate) len: Cell<lua_Integer>,
}

/// The form of a message in Lua.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// A Message object.
    Message,
    /// Its values: one as itself, none as nil, several as a table with `n`.
    Raw,
    /// The one value of a payload that the runtime wrote.
    Event,
    /// The content of an answer.
    Answer,
}

/// The alarm of a timer or ticker.
#[derive(Debug, Default)]
pub(crate) struct Alarm {
    /// On the monotonic clock; `None` once it has rung or was stopped.
    pub(crate) next: Cell<Option<u64>>,
    pub(crate) again: Again,
    /// Stopped: a plain receive ends, as if the channel were closed, but no
    /// case of a select is ready, as a timer can be set anew.
    pub(crate) stopped: Cell<bool>,
}

/// The sequel of an alarm that has rung.
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

/// A channel that is alive: Lua keeps it where a stack, a case or the registry holds
/// it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ChannelRef(NonNull<Channel>);

impl ChannelRef {
    /// Returns the handle of a channel.
    ///
    /// # Safety
    /// The channel stays reachable for Lua as long as the handle is used: a handle in
    /// the scheduler's lists leaves them with the last task that waits for the channel,
    /// on whose stack the channel is.
    #[inline]
    pub(crate) unsafe fn new(block: NonNull<Channel>) -> Self {
        Self(block)
    }
}

impl Deref for ChannelRef {
    type Target = Channel;

    #[inline]
    fn deref(&self) -> &Channel {
        // SAFETY: the channel is alive, as `new` was promised; apart from its cells
        // nothing writes to it.
        unsafe { self.0.as_ref() }
    }
}

impl Channel {
    /// Returns true if programs may send on the channel and close it.
    pub(crate) fn is_local(&self) -> bool {
        matches!(self.source, Source::Local(_))
    }

    /// Returns the queue of the mailbox that the values come from.
    pub(crate) fn subscription(&self) -> Option<Subscription> {
        match &self.source {
            Source::Mailbox { subscription, .. } => Some(*subscription),
            Source::Answers(answers) => Some(answers.subscription),
            Source::Local(_) | Source::Clock(_) => None,
        }
    }

    /// Returns true while its queue is to be read: a task waits, or answers are late.
    pub(super) fn is_awaited(&self) -> bool {
        let are_late = matches!(&self.source, Source::Answers(answers) if answers.are_late());
        are_late || !self.receivers.is_empty()
    }
}

/// A channel on a subscription, and its place in the table of channels.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Kept {
    pub(crate) channel: ChannelRef,
    pub(crate) place: c_int,
}

/// The waiters of one side of a channel, in order of arrival.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    pub(super) first: Cell<Option<u32>>,
    pub(super) last: Cell<Option<u32>>,
}

impl Queue {
    /// Returns true where nobody waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.first.get().is_none()
    }

    /// The place of the waiter that came first.
    pub(crate) fn first(&self) -> Option<u32> {
        self.first.get()
    }
}
