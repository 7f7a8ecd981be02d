//! Taking messages from the runtime, and waking the tasks they are for.

use std::ffi::c_int;

use mlua_sys::*;
use warren_guest::mailbox::{self, Subscription};
use warren_guest::{Buffer, Failure, clock};

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
    /// A message that could not be read: it was dropped with a warning.
    Dropped,
    /// What a message of this subscription becomes is on top of the stack.
    Value(Subscription),
    /// An error to be raised is on top of the stack.
    Raised,
}

/// Waits in the runtime for a message of one of the wanted subscriptions, and
/// builds its value. `wanted` is read before anything else happens.
///
/// The bytes of a message stay in [`Runtime::mail`] while its value is built,
/// and not in a buffer of this frame, so that building may raise. Only a
/// finalizer that runs meanwhile, and itself receives, comes here then: it has
/// to use another buffer.
///
/// # Safety
/// `wanted` is valid; `l` is a live Lua thread with five free stack slots;
/// nothing that needs `Drop` is alive: this may raise.
pub(super) unsafe fn pull(
    l: State,
    rt: &Runtime,
    wanted: *const [Subscription],
    deadline: Option<u64>,
) -> Pulled {
    // SAFETY: as promised by the caller. While `mail_is_read` is not set,
    // nobody else has the buffer, and nothing of this instance runs while the
    // runtime fills it.
    unsafe {
        if rt.mail_is_read.get() {
            return pull_beside(l, rt, &*wanted, deadline);
        }
        let received = mailbox::receive(&*wanted, deadline, &mut *rt.mail.as_ptr());
        rt.mail_is_read.set(true);
        let pulled = match received {
            Ok(None) => Pulled::Nothing,
            Ok(Some(message)) => {
                let built = match format_of(rt, message.subscription) {
                    Format::Raw => message::raw(l, message.payload),
                    Format::Message => message::build(l, &message),
                };
                match built {
                    Ok(_) => Pulled::Value(message.subscription),
                    Err(why) => {
                        message::warn_dropped(&message, why);
                        Pulled::Dropped
                    }
                }
            }
            Err(failure) => refused(l, failure),
        };
        rt.mail_is_read.set(false);
        pulled
    }
}

/// The same with a buffer of its own, without letting an error through.
unsafe fn pull_beside(
    l: State,
    rt: &Runtime,
    wanted: &[Subscription],
    deadline: Option<u64>,
) -> Pulled {
    let mut buffer = Buffer::new();
    match mailbox::receive(wanted, deadline, &mut buffer) {
        Ok(None) => Pulled::Nothing,
        // SAFETY: the promise of `pull`.
        Ok(Some(message)) => unsafe {
            let built = match format_of(rt, message.subscription) {
                Format::Raw => protected(l, message.payload, message::raw),
                Format::Message => message::protected(l, &message),
            };
            match built {
                Built::Values(_) => Pulled::Value(message.subscription),
                Built::Raised => Pulled::Raised,
                Built::Malformed(why) => {
                    message::warn_dropped(&message, why);
                    Pulled::Dropped
                }
            }
        },
        // SAFETY: the promise of `pull`.
        Err(failure) => unsafe { refused(l, failure) },
    }
}

/// One wait in the runtime for all that parked tasks want, which wakes those
/// that can go on. With `block` it waits until the earliest deadline, else it
/// only looks. False where an error to be raised is on top of the stack.
///
/// # Safety
/// As [`pull`]; may raise.
pub(super) unsafe fn turn(l: State, rt: &Runtime, block: bool) -> bool {
    let (wanted, deadline): (*const [Subscription], _) = {
        let mut scheduler = rt.scheduler.borrow_mut();
        scheduler.unpolled = 0;
        let deadline = if block {
            scheduler.next_deadline()
        } else {
            Some(0)
        };
        (&raw const *scheduler.wanted, deadline)
    };
    let pulled = if wanted.is_empty() && !block {
        Pulled::Nothing
    } else {
        // SAFETY: as promised by the caller; `wanted` changes only while Lua
        // runs.
        unsafe { pull(l, rt, wanted, deadline) }
    };
    match pulled {
        // SAFETY: as promised by the caller; the value is on top of the stack.
        Pulled::Value(subscription) if !unsafe { deliver(l, rt, subscription) } => return false,
        Pulled::Value(_) => {}
        Pulled::Raised => return false,
        Pulled::Nothing | Pulled::Dropped => {}
    }
    // SAFETY: as promised by the caller.
    unsafe { ring(l, rt) }
}

/// What the messages of a subscription become.
fn format_of(rt: &Runtime, subscription: Subscription) -> Format {
    let channel = rt.subscriptions.borrow().get(&subscription).copied();
    // SAFETY: the registry keeps the channels of subscriptions alive.
    match channel.map(|channel| unsafe { (*channel).source }) {
        Some(Source::Mailbox { format, .. }) => format,
        _ => Format::Raw,
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
