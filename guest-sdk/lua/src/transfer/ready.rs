//! How values move through a channel that is ready: from stack to stack where
//! somebody waits, else through the ring.

use std::ffi::c_int;

use mlua_sys::*;
use warren_guest::clock;

use super::BUFFER;
use super::clock::push_ring;
use crate::exchange::Built;
use crate::runtime::{Runtime, runtime};
use crate::stack::State;
use crate::tasks::{Again, Alarm, Channel, Meeting, Queue, Ring, Source};

/// Takes a value out of the channel at `place`, which is ready, and leaves it
/// on top of the stack. False where the channel is closed and drained.
///
/// # Safety
/// The channel at the absolute index `place` of `l` is ready to receive from;
/// `l` has four free stack slots; nothing that needs `Drop` is alive.
pub(crate) unsafe fn receive(l: State, place: c_int) -> bool {
    // SAFETY: as promised by the caller.
    unsafe {
        let rt = runtime(l);
        let channel: *mut Channel = lua_touserdata(l, place).cast();
        match &mut (*channel).source {
            Source::Local(ring) | Source::Mailbox { ring, .. } if ring.len > 0 => {
                ring.take(l, place);
                if let Some(sender) = meet(rt, (*channel).senders) {
                    fetch(l, sender);
                    ring.put(l, place);
                    rt.scheduler.borrow_mut().part(sender, true);
                }
                true
            }
            Source::Clock(alarm) if alarm.next.is_some() => {
                let built = push_ring(l, &mut *channel, clock::monotonic());
                settle(rt, channel);
                if let Built::Raised = built {
                    lua_error(l);
                }
                true
            }
            _ => match meet(rt, (*channel).senders) {
                Some(sender) => {
                    fetch(l, sender);
                    rt.scheduler.borrow_mut().part(sender, true);
                    true
                }
                None => {
                    lua_pushnil(l);
                    false
                }
            },
        }
    }
}

/// Puts the value at `place + 1` into the local channel at `place`, which is
/// ready. False where the channel is closed.
///
/// # Safety
/// As [`receive`], for a channel that is ready to send on.
pub(crate) unsafe fn send(l: State, place: c_int) -> bool {
    // SAFETY: as promised by the caller; a thread that waits keeps a slot free
    // for the value.
    unsafe {
        let rt = runtime(l);
        let channel: *mut Channel = lua_touserdata(l, place).cast();
        if (*channel).closed {
            return false;
        }
        lua_pushvalue(l, place + 1);
        match (meet(rt, (*channel).receivers), &mut (*channel).source) {
            (Some(receiver), _) => {
                lua_xmove(l, receiver.thread, 1);
                rt.scheduler.borrow_mut().part(receiver, true);
            }
            (None, Source::Local(ring) | Source::Mailbox { ring, .. }) => ring.put(l, place),
            (None, Source::Clock(_)) => lua_pop(l, 1),
        }
        true
    }
}

/// Closes a channel: whoever waits to receive gets nil, whoever waits to send
/// an error. What lies in the ring can still be received.
///
/// # Safety
/// `channel` is alive.
pub(crate) unsafe fn close(rt: &Runtime, channel: *mut Channel) {
    // SAFETY: as promised by the caller; a thread that waits keeps a slot free
    // for the nil.
    unsafe {
        (*channel).closed = true;
        while let Some(receiver) = meet(rt, (*channel).receivers) {
            lua_pushnil(receiver.thread);
            rt.scheduler.borrow_mut().part(receiver, false);
        }
        while let Some(sender) = meet(rt, (*channel).senders) {
            rt.scheduler.borrow_mut().part(sender, false);
        }
    }
}

/// After a ring that was handed over: closes a channel that never rings again,
/// and tells the scheduler when it rings next.
///
/// # Safety
/// `channel` is alive.
pub(crate) unsafe fn settle(rt: &Runtime, channel: *mut Channel) {
    // SAFETY: as promised by the caller.
    unsafe {
        rt.scheduler.borrow_mut().alarm_changed(channel);
        if let Source::Clock(Alarm {
            next: None,
            again: Again::Never,
            ..
        }) = (*channel).source
        {
            close(rt, channel);
        }
    }
}

/// Puts the value on top of the stack into the ring of the channel at `place`.
///
/// # Safety
/// As [`receive`]; the channel is not one of the clock.
pub(crate) unsafe fn stash(l: State, place: c_int) {
    // SAFETY: as promised by the caller.
    unsafe {
        let channel: *mut Channel = lua_touserdata(l, place).cast();
        if let Source::Local(ring) | Source::Mailbox { ring, .. } = &mut (*channel).source {
            ring.put(l, place);
        }
    }
}

impl Ring {
    /// A ring without bound.
    pub(crate) const UNBOUNDED: Ring = Ring {
        capacity: lua_Integer::MAX,
        room: 0,
        head: 0,
        len: 0,
    };

    /// Moves the oldest value from the ring onto the stack.
    ///
    /// # Safety
    /// The ring belongs to the channel at `place`, and is not empty.
    unsafe fn take(&mut self, l: State, place: c_int) {
        // SAFETY: as promised by the caller.
        unsafe {
            lua_getiuservalue(l, place, BUFFER);
            lua_rawgeti(l, -1, self.head + 1);
            lua_pushnil(l);
            lua_rawseti(l, -3, self.head + 1);
            lua_remove(l, -2);
        }
        self.len -= 1;
        self.head = (self.head + 1) % self.room;
        if self.len == 0 && self.room > KEPT_ROOM {
            // SAFETY: as promised by the caller.
            unsafe {
                lua_pushnil(l);
                lua_setiuservalue(l, place, BUFFER);
            }
            (self.room, self.head) = (0, 0);
        }
    }

    /// Moves the value on top of the stack into the ring.
    ///
    /// # Safety
    /// The ring belongs to the channel at `place`, and is not full; `l` has
    /// four free stack slots. May raise.
    unsafe fn put(&mut self, l: State, place: c_int) {
        // SAFETY: as promised by the caller.
        unsafe {
            if self.len == self.room {
                self.grow(l, place);
            }
            lua_getiuservalue(l, place, BUFFER);
            lua_insert(l, -2);
            lua_rawseti(l, -2, (self.head + self.len) % self.room + 1);
            lua_pop(l, 1);
        }
        self.len += 1;
    }

    /// Doubles the room. The values keep to the array of their table: as keys of
    /// its hash they would, each time it is full, have all of them moved.
    ///
    /// # Safety
    /// As [`put`](Self::put).
    unsafe fn grow(&mut self, l: State, place: c_int) {
        let room = (2 * self.room).max(LEAST_ROOM).min(self.capacity);
        // SAFETY: as promised by the caller.
        unsafe {
            lua_createtable(l, c_int::try_from(room).unwrap_or(c_int::MAX), 0);
            lua_getiuservalue(l, place, BUFFER);
            for offset in 0..self.len {
                lua_rawgeti(l, -1, (self.head + offset) % self.room + 1);
                lua_rawseti(l, -3, offset + 1);
            }
            lua_pop(l, 1);
            lua_setiuservalue(l, place, BUFFER);
        }
        (self.room, self.head) = (room, 0);
    }
}

/// Values that a ring has room for at first, and that an emptied one keeps.
const LEAST_ROOM: lua_Integer = 4;
const KEPT_ROOM: lua_Integer = 64;

fn meet(rt: &Runtime, queue: Queue) -> Option<Meeting> {
    rt.scheduler.borrow().meet(queue)
}

/// Copies the value that a waiting task sends onto the stack of `l`.
///
/// # Safety
/// `sender` was just met; its thread keeps a slot free.
unsafe fn fetch(l: State, sender: Meeting) {
    // SAFETY: as promised by the caller.
    unsafe {
        lua_pushvalue(sender.thread, sender.value);
        if sender.thread != l {
            lua_xmove(sender.thread, l, 1);
        }
    }
}
