//! Taking messages from the runtime, and waking the tasks they are for.

use warren_guest::mailbox::{self, Subscription};
use warren_guest::{Buffer, Failure, clock};

use crate::exchange::{Built, protected};
use crate::interpreter::Interpreter;
use crate::lua::State;
use crate::message::{self, Answer};
use crate::tasks::{ChannelRef, Fired, Format, Meeting, Scheduler, Source, TaskId, Waiter, Wake};
use crate::transfer;

/// The outcome of [`pull`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pulled {
    /// Nothing before the deadline.
    Nothing,
    /// A message that could not be read: it was dropped with a warning.
    Dropped,
    /// The value of a message of this subscription is on top of the stack.
    Value(Subscription),
    /// An answer, which [`message::take_answer`] takes, is on top of the stack.
    Answer,
    /// An error to be raised is on top of the stack.
    Raised,
}

/// Waits in the runtime for a message of one of the wanted subscriptions, and
/// builds its value. `wanted` is read before anything else happens.
///
/// The bytes of a message stay in [`Interpreter::mail`] while its value is built,
/// and not in a buffer of this frame, so that building may raise. Only a
/// finalizer that runs meanwhile, and itself receives, comes here then: it has
/// to use another buffer.
///
/// `format` is that of the messages of all wanted subscriptions, where the caller knows it.
/// May raise.
///
/// # Safety
/// `wanted` is valid until Lua runs.
pub(super) unsafe fn pull(
    l: State,
    interpreter: &Interpreter,
    wanted: *const [Subscription],
    deadline: Option<u64>,
    format: Option<Format>,
) -> Pulled {
    if deadline != Some(0) {
        interpreter.streams.before_waiting();
    }
    if interpreter.mail_is_read.get() {
        // SAFETY: as promised by the caller; Lua has not run.
        return pull_beside(l, interpreter, unsafe { &*wanted }, deadline);
    }
    // SAFETY: as promised by the caller. While `mail_is_read` is not set, nobody else
    // has the buffer, and nothing of this instance runs while the runtime fills it.
    let received = unsafe { mailbox::receive(&*wanted, deadline, &mut *interpreter.mail.as_ptr()) };
    interpreter.mail_is_read.set(true);
    let pulled = match received {
        Ok(None) => Pulled::Nothing,
        Ok(Some(message)) => {
            let format = format.unwrap_or_else(|| format_of(interpreter, message.subscription));
            let built = match format {
                Format::Raw => message::raw(l, message.payload),
                Format::Event => message::event(l, message.payload),
                Format::Message => message::build(l, &message),
                Format::Answer => message::answer(l, message.payload),
            };
            match built {
                Ok(_) if format == Format::Answer => Pulled::Answer,
                Ok(_) => Pulled::Value(message.subscription),
                Err(why) => {
                    message::warn_dropped(&message, why);
                    Pulled::Dropped
                }
            }
        }
        Err(failure) => refused(l, failure),
    };
    interpreter.mail_is_read.set(false);
    pulled
}

/// The same with a buffer of its own, without letting an error through.
fn pull_beside(
    l: State,
    interpreter: &Interpreter,
    wanted: &[Subscription],
    deadline: Option<u64>,
) -> Pulled {
    let mut buffer = Buffer::new();
    match mailbox::receive(wanted, deadline, &mut buffer) {
        Ok(None) => Pulled::Nothing,
        Ok(Some(message)) => {
            let format = format_of(interpreter, message.subscription);
            let built = match format {
                Format::Raw => protected(l, message.payload, message::raw),
                Format::Event => protected(l, message.payload, message::event),
                Format::Message => message::protected(l, &message),
                Format::Answer => protected(l, message.payload, message::answer),
            };
            match built {
                Built::Values(_) if format == Format::Answer => Pulled::Answer,
                Built::Values(_) => Pulled::Value(message.subscription),
                Built::Raised => Pulled::Raised,
                Built::Malformed(why) => {
                    message::warn_dropped(&message, why);
                    Pulled::Dropped
                }
            }
        }
        Err(failure) => refused(l, failure),
    }
}

/// One wait in the runtime for all that parked tasks want, which wakes those
/// that can go on. With `block` it waits until the earliest deadline, else it
/// only looks. False where an error to be raised is on top of the stack.
/// May raise.
pub(super) fn poll(l: State, interpreter: &Interpreter, block: bool) -> bool {
    let (wanted, deadline): (*const [Subscription], _) = {
        let mut scheduler = interpreter.scheduler.borrow_mut();
        scheduler.unpolled = 0;
        let deadline = if block {
            scheduler.next_alarm()
        } else {
            Some(0)
        };
        (&raw const *scheduler.wanted, deadline)
    };
    if wanted.is_empty() && deadline.is_none() && give_up_on_timers(interpreter) {
        return true;
    }
    let pulled = if wanted.is_empty() && !block {
        Pulled::Nothing
    } else {
        // SAFETY: `wanted` changes only while Lua runs.
        unsafe { pull(l, interpreter, wanted, deadline, None) }
    };
    match pulled {
        Pulled::Value(subscription) if !deliver(l, interpreter, subscription) => return false,
        Pulled::Value(_) => {}
        Pulled::Answer => hand_over_answer(l, interpreter, message::take_answer(l)),
        Pulled::Raised => return false,
        Pulled::Nothing | Pulled::Dropped => {}
    }
    ring(l, interpreter)
}

/// Hands the value on top of the stack to the task that waits for this answer, or drops
/// the answer to a call that is over.
pub(super) fn hand_over_answer(l: State, interpreter: &Interpreter, answer: Answer) {
    let meeting = interpreter.scheduler.borrow().meet_answer(answer.number);
    match meeting {
        // A thread that waits keeps a slot free for the value.
        Some(meeting) if meeting.thread.to_integer(meeting.below) == answer.number => {
            if meeting.thread != l {
                l.move_to(meeting.thread, 1);
            }
            let mut scheduler = interpreter.scheduler.borrow_mut();
            scheduler.part(meeting, answer.is_reply);
        }
        _ => {
            l.pop(1);
            interpreter.scheduler.borrow_mut().dropped_answer();
        }
    }
}

/// Returns the form of the messages of a subscription.
fn format_of(interpreter: &Interpreter, subscription: Subscription) -> Format {
    let kept = interpreter
        .subscriptions
        .borrow()
        .get(&subscription)
        .copied();
    match kept.as_ref().map(|kept| &kept.channel.source) {
        Some(Source::Mailbox { format, .. }) => *format,
        Some(Source::Answers(_)) => Format::Answer,
        _ => Format::Raw,
    }
}

/// Pushes the error of a wait that the runtime has refused.
fn refused(l: State, failure: Failure<'_>) -> Pulled {
    match protected(l, failure.0, crate::exchange::value) {
        Built::Values(_) | Built::Raised => {}
        Built::Malformed(_) => l.push_nil(),
    }
    Pulled::Raised
}

/// Hands the value on top of the stack to the task that waits for messages of
/// a subscription.
fn deliver(l: State, interpreter: &Interpreter, subscription: Subscription) -> bool {
    let kept = interpreter
        .subscriptions
        .borrow()
        .get(&subscription)
        .copied();
    // A thread that waits keeps a slot free for the value.
    let meeting =
        kept.and_then(|kept| interpreter.scheduler.borrow().meet(&kept.channel.receivers));
    match meeting {
        Some(meeting) => {
            if meeting.thread != l {
                l.move_to(meeting.thread, 1);
            }
            interpreter.scheduler.borrow_mut().part(meeting, true);
            true
        }
        // A finalizer that ran while the value was built has ended the wait.
        None => transfer::stash(l, interpreter, subscription),
    }
}

/// Wakes the tasks whose time has come. False where an error to be raised is
/// on top of the stack.
fn ring(l: State, interpreter: &Interpreter) -> bool {
    loop {
        let first = interpreter.scheduler.borrow().alarms.first();
        let Some((at, what)) = first else {
            return true;
        };
        let now = clock::monotonic();
        if at > now {
            return true;
        }
        match what {
            Wake::Task(id) => interpreter.scheduler.borrow_mut().wake(id, Fired::Deadline),
            Wake::Channel(channel) => {
                let meeting = interpreter.scheduler.borrow().meet(&channel.receivers);
                let Some(meeting) = meeting else {
                    debug_assert!(false, "an alarm without a waiter");
                    return true;
                };
                if !hand_over(l, interpreter, meeting, now) {
                    return false;
                }
            }
        }
    }
}

/// Wakes a task, one of whose alarms is due, with the first case that is.
fn hand_over(l: State, interpreter: &Interpreter, meeting: Meeting, now: u64) -> bool {
    let Some((channel, meeting)) = interpreter.scheduler.borrow().first_due(meeting, now) else {
        return true;
    };
    // A thread that waits keeps a slot free for the value.
    let built = transfer::push_ring(l, channel, now);
    if !matches!(built, Built::Raised) {
        if meeting.thread != l {
            l.move_to(meeting.thread, 1);
        }
        interpreter.scheduler.borrow_mut().part(meeting, true);
    }
    transfer::settle(interpreter, channel);
    !matches!(built, Built::Raised)
}

/// Ends the waits of a process that nothing can wake any more: those at timers
/// that have rung, which nobody is left to set anew. True where there was one.
fn give_up_on_timers(interpreter: &Interpreter) -> bool {
    let mut any = false;
    let tasks = interpreter.scheduler.borrow().tasks.len();
    for id in 0..tasks {
        let meeting = interpreter.scheduler.borrow().waits_for_reset(id);
        if let Some(meeting) = meeting {
            // A thread that waits keeps a slot free for the nil.
            meeting.thread.push_nil();
            interpreter.scheduler.borrow_mut().part(meeting, false);
            any = true;
        }
    }
    any
}

impl Scheduler {
    /// Of the cases of a task that waits longest at an alarm that is due: the
    /// first one that is due, and its channel.
    fn first_due(&self, meeting: Meeting, now: u64) -> Option<(ChannelRef, Meeting)> {
        let due = self.timed(meeting.task).filter(|(waiter, alarm)| {
            alarm.is_some_and(|next| next <= now) && self.is_first(waiter)
        });
        let (waiter, _) = due.min_by_key(|(waiter, _)| waiter.case)?;
        Some((waiter.channel, self.meet_waiter(waiter)?))
    }

    /// The first case of a parked task that waits for a timer to be set anew.
    fn waits_for_reset(&self, id: TaskId) -> Option<Meeting> {
        let stopped = self.timed(id).filter(|(_, alarm)| alarm.is_none());
        let (waiter, _) = stopped.min_by_key(|(waiter, _)| waiter.case)?;
        self.meet_waiter(waiter)
    }

    /// The cases of a parked task that wait for the clock, and the alarm of each.
    fn timed(&self, id: TaskId) -> impl Iterator<Item = (Waiter, Option<u64>)> + '_ {
        let first = self
            .tasks
            .get(id)
            .and_then(Option::as_ref)
            .and_then(|task| task.waiters);
        let waiters = std::iter::successors(first, |place| self.waiters[*place as usize].sibling);
        waiters.filter_map(|place| {
            let waiter = self.waiters[place as usize];
            match &waiter.channel.source {
                Source::Clock(alarm) => Some((waiter, alarm.next.get())),
                _ => None,
            }
        })
    }
}
