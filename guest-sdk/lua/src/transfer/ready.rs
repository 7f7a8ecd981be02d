//! The way of values through a channel that is ready: from stack to stack where
//! somebody waits, else through the ring.

use std::ffi::c_int;

use mlua_sys::*;
use warren_guest::clock;

use super::BUFFER;
use super::clock::push_ring;
use crate::exchange::Built;
use crate::interpreter::{Interpreter, interpreter};
use crate::lua::State;
use crate::tasks::{Again, Channel, ChannelRef, Meeting, Queue, Ring, Source};

/// Takes a value out of the channel at the absolute index `place`, which is ready, and
/// leaves it on top of the stack. False where the channel is closed and drained.
pub(crate) fn receive(l: State, place: c_int) -> bool {
    let interpreter = interpreter(l);
    let channel = Channel::at(l, place);
    match &channel.source {
        Source::Local(ring) | Source::Mailbox { ring, .. } if ring.len.get() > 0 => {
            ring.take(l, place);
            if let Some(sender) = meet(interpreter, &channel.senders) {
                fetch(l, sender);
                ring.put(l, place);
                interpreter.scheduler.borrow_mut().part(sender, true);
            }
            true
        }
        Source::Clock(alarm) if alarm.next.get().is_some() => {
            let built = push_ring(l, channel, clock::monotonic());
            settle(interpreter, channel);
            if let Built::Raised = built {
                l.error();
            }
            true
        }
        _ => match meet(interpreter, &channel.senders) {
            Some(sender) => {
                fetch(l, sender);
                interpreter.scheduler.borrow_mut().part(sender, true);
                true
            }
            None => {
                l.push_nil();
                false
            }
        },
    }
}

/// Puts the value at `place + 1` into the local channel at `place`, which is
/// ready. False where the channel is closed.
pub(crate) fn send(l: State, place: c_int) -> bool {
    // A thread that waits keeps a slot free for the value.
    let interpreter = interpreter(l);
    let channel = Channel::at(l, place);
    if channel.closed.get() {
        return false;
    }
    l.push_value(place + 1);
    match (meet(interpreter, &channel.receivers), &channel.source) {
        (Some(receiver), _) => {
            l.move_to(receiver.thread, 1);
            interpreter.scheduler.borrow_mut().part(receiver, true);
        }
        (None, Source::Local(ring) | Source::Mailbox { ring, .. }) => ring.put(l, place),
        (None, Source::Clock(_) | Source::Answers(_)) => l.pop(1),
    }
    true
}

/// Closes a channel: whoever waits to receive gets nil, whoever waits to send
/// an error. What lies in the ring can still be received.
pub(crate) fn close(interpreter: &Interpreter, channel: ChannelRef) {
    // A thread that waits keeps a slot free for the nil.
    channel.closed.set(true);
    while let Some(receiver) = meet(interpreter, &channel.receivers) {
        receiver.thread.push_nil();
        interpreter.scheduler.borrow_mut().part(receiver, false);
    }
    while let Some(sender) = meet(interpreter, &channel.senders) {
        interpreter.scheduler.borrow_mut().part(sender, false);
    }
}

/// After a ring that was handed over: closes a channel that never rings again,
/// and tells the scheduler when it rings next.
pub(crate) fn settle(interpreter: &Interpreter, channel: ChannelRef) {
    interpreter.scheduler.borrow_mut().alarm_changed(channel);
    if let Source::Clock(alarm) = &channel.source
        && alarm.next.get().is_none()
        && alarm.again == Again::Never
    {
        close(interpreter, channel);
    }
}

/// Puts the value on top of the stack into the ring of the channel at `place`.
pub(crate) fn stash(l: State, place: c_int) {
    let channel = Channel::at(l, place);
    if let Source::Local(ring) | Source::Mailbox { ring, .. } = &channel.source {
        ring.put(l, place);
    }
}

impl Ring {
    /// Returns a ring without bound.
    pub(crate) fn unbounded() -> Ring {
        Ring {
            capacity: lua_Integer::MAX,
            ..Ring::default()
        }
    }

    /// Moves the oldest value from the ring, which is not empty and belongs to the
    /// channel at `place`, onto the stack.
    fn take(&self, l: State, place: c_int) {
        let (head, len, room) = (self.head.get(), self.len.get(), self.room.get());
        l.user_value(place, BUFFER);
        l.element(-1, head + 1);
        l.push_nil();
        l.set_element(-3, head + 1);
        l.remove(-2);
        self.len.set(len - 1);
        self.head.set((head + 1) % room);
        if len == 1 && room > KEPT_ROOM {
            l.push_nil();
            l.set_user_value(place, BUFFER);
            self.room.set(0);
            self.head.set(0);
        }
    }

    /// Moves the value on top of the stack into the ring, which is not full and
    /// belongs to the channel at `place`. May raise.
    fn put(&self, l: State, place: c_int) {
        if self.len == self.room {
            self.grow(l, place);
        }
        l.user_value(place, BUFFER);
        l.insert(-2);
        l.set_element(-2, (self.head.get() + self.len.get()) % self.room.get() + 1);
        l.pop(1);
        self.len.set(self.len.get() + 1);
    }

    /// Doubles the room. The values keep to the array of their table: as keys of
    /// its hash they would, each time it is full, have all of them moved.
    fn grow(&self, l: State, place: c_int) {
        let (head, before) = (self.head.get(), self.room.get());
        let room = (2 * before).max(LEAST_ROOM).min(self.capacity);
        l.new_table(c_int::try_from(room).unwrap_or(c_int::MAX), 0);
        l.user_value(place, BUFFER);
        for offset in 0..self.len.get() {
            l.element(-1, (head + offset) % before + 1);
            l.set_element(-3, offset + 1);
        }
        l.pop(1);
        l.set_user_value(place, BUFFER);
        self.room.set(room);
        self.head.set(0);
    }
}

/// Values that a ring has room for at first, and that an emptied one keeps.
const LEAST_ROOM: lua_Integer = 4;
const KEPT_ROOM: lua_Integer = 64;

fn meet(interpreter: &Interpreter, queue: &Queue) -> Option<Meeting> {
    interpreter.scheduler.borrow().meet(queue)
}

/// Copies the value that a waiting task sends onto the stack of `l`.
fn fetch(l: State, sender: Meeting) {
    sender.thread.push_value(sender.value);
    if sender.thread != l {
        sender.thread.move_to(l, 1);
    }
}
