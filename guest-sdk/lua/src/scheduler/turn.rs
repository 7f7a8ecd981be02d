//! Taking messages from the runtime, and waking the tasks they are for.

use std::ffi::c_int;

use mlua_sys::*;
use warren_guest::mailbox::{self, Message, Subscription};
use warren_guest::{Failure, clock};

use super::{Fired, Scheduler, TaskId};
use crate::channel::{self, Channel, Format, Source};
use crate::exchange::{Built, protected};
use crate::message;
use crate::runtime::Runtime;
use crate::stack::State;

/// What [`pull`] has got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pulled {
    /// Nothing before the deadline.
    Nothing,
    /// What a message of this subscription becomes is on top of the stack.
    Value(Subscription),
    /// An error to be raised is on top of the stack.
    Raised,
}

/// Waits in the runtime for a message of one of the wanted subscriptions, and
/// builds its value. One that cannot be read is dropped with a warning.
///
/// # Safety
/// `l` is a live Lua thread with five free stack slots. Does not raise.
pub(super) unsafe fn pull(
    l: State,
    rt: &Runtime,
    wanted: &[Subscription],
    deadline: Option<u64>,
) -> Pulled {
    loop {
        let mut buffer = rt.buffer.take();
        let pulled = match mailbox::receive(wanted, deadline, &mut buffer) {
            Ok(None) => Some(Pulled::Nothing),
            // SAFETY: as promised by the caller.
            Ok(Some(message)) => unsafe { build(l, rt, &message) },
            // SAFETY: as promised by the caller.
            Err(failure) => Some(unsafe { refused(l, failure) }),
        };
        rt.buffer.set(buffer);
        if let Some(pulled) = pulled {
            return pulled;
        }
    }
}

/// One wait in the runtime for all that parked tasks want, which wakes those
/// that can go on. With `block` it waits until the earliest deadline, else it
/// only looks. False where an error to be raised is on top of the stack.
///
/// # Safety
/// As [`pull`].
pub(super) unsafe fn turn(l: State, rt: &Runtime, block: bool) -> bool {
    let (wanted, deadline) = {
        let mut scheduler = rt.scheduler.borrow_mut();
        scheduler.unpolled = 0;
        let deadline = if block {
            scheduler.next_deadline()
        } else {
            Some(0)
        };
        let mut wanted = std::mem::take(&mut scheduler.wanted_now);
        wanted.clone_from(&scheduler.wanted);
        (wanted, deadline)
    };
    let pulled = if wanted.is_empty() && !block {
        Pulled::Nothing
    } else {
        // SAFETY: as promised by the caller.
        unsafe { pull(l, rt, &wanted, deadline) }
    };
    rt.scheduler.borrow_mut().wanted_now = wanted;
    match pulled {
        // SAFETY: as promised by the caller; the value is on top of the stack.
        Pulled::Value(subscription) if !unsafe { deliver(l, rt, subscription) } => return false,
        Pulled::Value(_) => {}
        Pulled::Raised => return false,
        Pulled::Nothing => {}
    }
    // SAFETY: as promised by the caller.
    unsafe { ring(l, rt) }
}

/// Builds the value of a message; `None` where it was dropped.
unsafe fn build(l: State, rt: &Runtime, message: &Message<'_>) -> Option<Pulled> {
    let channel = rt
        .subscriptions
        .borrow()
        .get(&message.subscription)
        .copied();
    // SAFETY: the registry keeps the channels of subscriptions alive.
    let format = match channel.map(|channel| unsafe { (*channel).source }) {
        Some(Source::Mailbox { format, .. }) => format,
        _ => Format::Raw,
    };
    // SAFETY: the promise of `pull`.
    let built = unsafe {
        match format {
            Format::Raw => protected(l, message.payload, message::raw),
            Format::Message => message::protected(l, message),
        }
    };
    match built {
        Built::Values(_) => Some(Pulled::Value(message.subscription)),
        Built::Raised => Some(Pulled::Raised),
        Built::Malformed(why) => {
            message::warn_dropped(message, why);
            None
        }
    }
}

/// Pushes the error of a wait that the runtime has refused.
unsafe fn refused(l: State, failure: Failure<'_>) -> Pulled {
    // SAFETY: the promise of `pull`; what is built is one value.
    match unsafe { protected(l, failure.0, crate::exchange::value) } {
        Built::Values(_) | Built::Raised => {}
        // SAFETY: as above.
        Built::Malformed(_) => unsafe { lua_pushnil(l) },
    }
    Pulled::Raised
}

/// Hands the value on top of the stack to the task that waits for messages of
/// a subscription.
unsafe fn deliver(l: State, rt: &Runtime, subscription: Subscription) -> bool {
    let channel = rt.subscriptions.borrow().get(&subscription).copied();
    // SAFETY: the registry keeps the channels of subscriptions alive; a thread
    // that waits keeps a slot free for the value.
    let meeting =
        channel.and_then(|channel| unsafe { rt.scheduler.borrow().meet((*channel).receivers) });
    match meeting {
        // SAFETY: as above.
        Some(meeting) => unsafe {
            if meeting.thread != l {
                lua_xmove(l, meeting.thread, 1);
            }
            rt.scheduler.borrow_mut().part(meeting, true);
            true
        },
        // A finalizer that ran while the value was built has ended the wait.
        // SAFETY: as above.
        None => unsafe { crate::mailbox::stash(l, rt, subscription) },
    }
}

/// Wakes the tasks whose time has come. False where an error to be raised is
/// on top of the stack.
unsafe fn ring(l: State, rt: &Runtime) -> bool {
    loop {
        let due = {
            let mut scheduler = rt.scheduler.borrow_mut();
            if scheduler.next_deadline().is_none() {
                return true;
            }
            let now = clock::monotonic();
            scheduler
                .take_due(now)
                .map(|id| (now, id, scheduler.alarm_due(id, now)))
        };
        let Some((now, id, alarm)) = due else {
            return true;
        };
        let Some((case, channel, thread)) = alarm else {
            rt.scheduler.borrow_mut().wake_at_deadline(id, now);
            continue;
        };
        // SAFETY: a parked task keeps its channels alive; a thread that waits
        // keeps a slot free for the value.
        unsafe {
            if let Built::Raised = channel::push_ring(l, &mut *channel, now) {
                return false;
            }
            if thread != l {
                lua_xmove(l, thread, 1);
            }
        }
        rt.scheduler.borrow_mut().wake(id, Fired::Case(case, true));
    }
}

impl Scheduler {
    /// The first case of a parked task whose alarm lies at or before `now`,
    /// its channel, and the thread that waits.
    fn alarm_due(&mut self, id: TaskId, now: u64) -> Option<(c_int, *mut Channel, State)> {
        let thread = self.task(id)?.at;
        let due = self.alarms(id).filter(|(_, _, next)| *next <= now);
        due.min_by_key(|(case, ..)| *case)
            .map(|(case, channel, _)| (case, channel, thread))
    }

    /// Wakes a task that had set itself a deadline, if that has come; else
    /// sees to it that it is looked at again in time.
    fn wake_at_deadline(&mut self, id: TaskId, now: u64) {
        let until = self.task(id).and_then(|task| task.until);
        if until.is_some_and(|until| until <= now) {
            self.wake(id, Fired::Deadline);
        } else if let Some(next) = self.alarms(id).map(|(.., next)| next).chain(until).min() {
            self.add_deadline(id, next);
        }
    }

    /// The alarms that a parked task waits for: case, channel, time.
    fn alarms(&self, id: TaskId) -> impl Iterator<Item = (c_int, *mut Channel, u64)> + '_ {
        let first = self
            .tasks
            .get(id)
            .and_then(Option::as_ref)
            .and_then(|task| task.waiters);
        let waiters = std::iter::successors(first, |place| self.waiters[*place as usize].sibling);
        waiters.filter_map(|place| {
            let waiter = self.waiters[place as usize];
            // SAFETY: a parked task keeps its channels alive.
            match unsafe { (*waiter.channel).source } {
                Source::Clock(alarm) => alarm.next.map(|next| (waiter.case, waiter.channel, next)),
                _ => None,
            }
        })
    }
}
