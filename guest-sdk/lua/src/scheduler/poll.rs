//! Taking messages from the runtime, and waking the tasks they are for.

use warren_guest::mailbox::{self, Received, Subscription};
use warren_guest::msgpack::{Input, Malformed};
use warren_guest::{Buffer, Failure, clock};

use crate::decode;
use crate::exchange::{self, Built, protected};
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
    /// A message that could not be read, which was dropped with a warning; or an answer that
    /// nobody waits for.
    Dropped,
    /// The value of a message of this subscription is on top of the stack.
    Value(Subscription),
    /// The value of the awaited answer is on top of the stack.
    Answer { is_reply: bool },
    /// An error to be raised is on top of the stack.
    Raised,
    /// Nothing: the runtime asks the process to return.
    Return,
}

/// Waits in the runtime for a message of one of the wanted subscriptions, all of which the
/// running task waits for, and builds its value. `wanted` is read before anything else
/// happens.
///
/// The bytes of a message stay in [`Interpreter::mail`] while its value is built,
/// and not in a buffer of this frame, so that building may raise. Only a
/// finalizer that runs meanwhile, and itself receives, comes here then: it has
/// to use another buffer.
///
/// `format` is that of the messages of all wanted subscriptions, where the caller knows it.
/// `call` is the number of the answer that the caller waits for; other answers are dropped.
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
    call: Option<i64>,
) -> Pulled {
    if deadline != Some(0) {
        interpreter.streams.before_waiting();
    }
    if interpreter.mail_is_read.get() {
        // SAFETY: as promised by the caller; Lua has not run.
        return pull_beside(l, interpreter, unsafe { &*wanted }, deadline, call);
    }
    // SAFETY: as promised by the caller. While `mail_is_read` is not set, nobody else
    // has the buffer, and nothing of this instance runs while the runtime fills it.
    let received =
        unsafe { mailbox::receive_or_return(&*wanted, deadline, &mut *interpreter.mail.as_ptr()) };
    interpreter.mail_is_read.set(true);
    let pulled = match received {
        Ok(Received::Nothing) => Pulled::Nothing,
        Ok(Received::Return) => {
            interpreter.returning.set(true);
            Pulled::Return
        }
        Ok(Received::Message(message)) => {
            let format = format.unwrap_or_else(|| format_of(interpreter, message.subscription));
            let value = Pulled::Value(message.subscription);
            let built = match format {
                Format::Raw => message::raw(l, message.payload).map(|_| value),
                Format::Event => message::event(l, message.payload).map(|_| value),
                Format::Message => message::build(l, &message).map(|_| value),
                Format::Answer => build_answer(l, interpreter, message.payload, call),
            };
            built.unwrap_or_else(|why| {
                message::warn_dropped(&message, why);
                Pulled::Dropped
            })
        }
        Err(failure) => {
            push_failure(l, failure);
            Pulled::Raised
        }
    };
    interpreter.mail_is_read.set(false);
    pulled
}

/// Builds the value of the answer to a call, and drops any other answer unread.
fn build_answer(
    l: State,
    interpreter: &Interpreter,
    payload: &[u8],
    call: Option<i64>,
) -> Result<Pulled, Malformed> {
    let (answer, value) = message::answer(payload)?;
    if call != Some(answer.number) {
        interpreter.scheduler.borrow_mut().dropped_answer();
        return Ok(Pulled::Dropped);
    }
    let is_reply = answer.is_reply;
    decode::value(l, &mut Input::new(value)).map(|()| Pulled::Answer { is_reply })
}

/// The same with a buffer of its own, without letting an error through.
fn pull_beside(
    l: State,
    interpreter: &Interpreter,
    wanted: &[Subscription],
    deadline: Option<u64>,
    call: Option<i64>,
) -> Pulled {
    let mut buffer = Buffer::new();
    // A finalizer cannot return.
    let received = mailbox::receive(wanted, deadline, &mut buffer);
    let received = received.map(|message| message.map_or(Received::Nothing, Received::Message));
    match take(l, interpreter, received, |number| call == Some(number)) {
        Taken::Nothing => Pulled::Nothing,
        Taken::Dropped => Pulled::Dropped,
        Taken::Value(For::Queue(subscription)) => Pulled::Value(subscription),
        Taken::Value(For::Call(answer)) => Pulled::Answer {
            is_reply: answer.is_reply,
        },
        Taken::Error(_) | Taken::Refused => Pulled::Raised,
        Taken::Return => Pulled::Return,
    }
}

/// The tasks that a message is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum For {
    /// Those that wait for messages of a subscription.
    Queue(Subscription),
    /// The one that waits for this answer.
    Call(Answer),
}

/// A message that was taken from the runtime.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Taken {
    /// None before the deadline.
    Nothing,
    /// One that could not be read, or an answer that nobody waits for.
    Dropped,
    /// Its value is on top of the stack.
    Value(For),
    /// The error of building its value is on top of the stack: there is no memory for it.
    Error(For),
    /// The runtime has refused the wait; its error is on top of the stack.
    Refused,
    /// The runtime asks the process to return.
    Return,
}

/// Builds the value of what was received without letting an error through. `is_awaited`
/// knows the calls whose answers are awaited.
fn take(
    l: State,
    interpreter: &Interpreter,
    received: Result<Received<'_>, Failure<'_>>,
    is_awaited: impl FnOnce(i64) -> bool,
) -> Taken {
    let message = match received {
        Ok(Received::Message(message)) => message,
        Ok(Received::Nothing) => return Taken::Nothing,
        Ok(Received::Return) => return Taken::Return,
        Err(failure) => {
            push_failure(l, failure);
            return Taken::Refused;
        }
    };
    let mut whose = For::Queue(message.subscription);
    let built = match format_of(interpreter, message.subscription) {
        Format::Raw => protected(l, message.payload, message::raw),
        Format::Event => protected(l, message.payload, message::event),
        Format::Message => message::protected(l, &message),
        Format::Answer => match message::answer(message.payload) {
            Ok((answer, _)) if !is_awaited(answer.number) => {
                interpreter.scheduler.borrow_mut().dropped_answer();
                return Taken::Dropped;
            }
            Ok((answer, value)) => {
                whose = For::Call(answer);
                protected(l, value, exchange::value)
            }
            Err(why) => Built::Malformed(why),
        },
    };
    match built {
        Built::Values(_) => Taken::Value(whose),
        Built::Raised => Taken::Error(whose),
        Built::Malformed(why) => {
            message::warn_dropped(&message, why);
            Taken::Dropped
        }
    }
}

/// One wait in the runtime for all that parked tasks want, which wakes those
/// that can go on. With `block` it waits until the earliest deadline, else it
/// only looks. A value that there is no memory for is an error of the task that it is for.
/// False where an error to be raised is on top of the stack.
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
    let taken = if wanted.is_empty() && !block {
        Taken::Nothing
    } else {
        // SAFETY: `wanted` changes only while Lua runs.
        unsafe { take_for_any(l, interpreter, wanted, deadline) }
    };
    let given = match taken {
        Taken::Nothing | Taken::Dropped => true,
        Taken::Return => {
            interpreter.returning.set(true);
            true
        }
        Taken::Value(whose) => give(l, interpreter, whose, false),
        Taken::Error(whose) => give(l, interpreter, whose, true),
        Taken::Refused => false,
    };
    if given {
        ring(l, interpreter);
    }
    given
}

/// Waits in the runtime for a message that any parked task wants, as [`pull`] does for the
/// running one, without letting an error of building its value through.
///
/// # Safety
/// `wanted` is valid until Lua runs.
unsafe fn take_for_any(
    l: State,
    interpreter: &Interpreter,
    wanted: *const [Subscription],
    deadline: Option<u64>,
) -> Taken {
    if deadline != Some(0) {
        interpreter.streams.before_waiting();
    }
    let mut beside = Buffer::new();
    let is_read = interpreter.mail_is_read.replace(true);
    let buffer = if is_read {
        &mut beside
    } else {
        // SAFETY: while `mail_is_read` was not set, nobody else has the buffer. From here
        // on only this function has it, until it resets the mark; nothing raises meanwhile.
        unsafe { &mut *interpreter.mail.as_ptr() }
    };
    // SAFETY: as promised by the caller; Lua has not run.
    let received = mailbox::receive_or_return(unsafe { &*wanted }, deadline, buffer);
    let taken = take(l, interpreter, received, |number| {
        awaiting(interpreter, number).is_some()
    });
    interpreter.mail_is_read.set(is_read);
    taken
}

/// Returns the parked task that waits for the answer with a number.
fn awaiting(interpreter: &Interpreter, number: i64) -> Option<Meeting> {
    let meeting = interpreter.scheduler.borrow().meet_answer(number);
    meeting.filter(|meeting| meeting.thread.to_integer(meeting.below) == number)
}

/// Hands the value on top of the stack, or the error in its place, to the task that it is
/// for. False where an error to be raised is on top of the stack.
fn give(l: State, interpreter: &Interpreter, whose: For, is_error: bool) -> bool {
    let meeting = match whose {
        For::Queue(subscription) => receiver(interpreter, subscription),
        For::Call(answer) => awaiting(interpreter, answer.number),
    };
    match (meeting, whose) {
        (Some(meeting), For::Queue(_)) => {
            hand(l, interpreter, meeting, (!is_error).then_some(true));
        }
        (Some(meeting), For::Call(answer)) => {
            let is_reply = (!is_error).then_some(answer.is_reply);
            hand(l, interpreter, meeting, is_reply);
        }
        // A finalizer that ran while the value was built has ended the wait.
        (None, For::Call(_)) => {
            l.pop(1);
            interpreter.scheduler.borrow_mut().dropped_answer();
        }
        (None, For::Queue(_)) if is_error => return false,
        (None, For::Queue(subscription)) => return transfer::stash(l, interpreter, subscription),
    }
    true
}

/// Returns the task that has waited longest for messages of a subscription.
fn receiver(interpreter: &Interpreter, subscription: Subscription) -> Option<Meeting> {
    let kept = interpreter
        .subscriptions
        .borrow()
        .get(&subscription)
        .copied();
    let channel = kept?.channel;
    interpreter.scheduler.borrow().meet(&channel.receivers)
}

/// Hands what is on top of the stack to a task that waits for it: a value, with what the
/// function that waits says of it, or the error in its place, with `None`.
fn hand(l: State, interpreter: &Interpreter, meeting: Meeting, value: Option<bool>) {
    // A thread that waits keeps a slot free for the value.
    if meeting.thread != l {
        l.move_to(meeting.thread, 1);
    }
    let mut scheduler = interpreter.scheduler.borrow_mut();
    match value {
        Some(open) => scheduler.part(meeting, open),
        None => scheduler.fail(meeting),
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
fn push_failure(l: State, failure: Failure<'_>) {
    match protected(l, failure.0, exchange::value) {
        Built::Values(_) | Built::Raised => {}
        Built::Malformed(_) => l.push_nil(),
    }
}

/// Wakes the tasks whose time has come.
fn ring(l: State, interpreter: &Interpreter) {
    loop {
        let first = interpreter.scheduler.borrow().alarms.first();
        let Some((at, what)) = first else {
            return;
        };
        let now = clock::monotonic();
        if at > now {
            return;
        }
        match what {
            Wake::Task(id) => interpreter.scheduler.borrow_mut().wake(id, Fired::Deadline),
            Wake::Channel(channel) => {
                let meeting = interpreter.scheduler.borrow().meet(&channel.receivers);
                let Some(meeting) = meeting else {
                    debug_assert!(false, "an alarm without a waiter");
                    return;
                };
                hand_over(l, interpreter, meeting, now);
            }
        }
    }
}

/// Wakes a task, one of whose alarms is due, with the first case that is.
fn hand_over(l: State, interpreter: &Interpreter, meeting: Meeting, now: u64) {
    let due = interpreter.scheduler.borrow().first_due(meeting, now);
    let Some((channel, meeting)) = due else {
        return;
    };
    let built = transfer::push_ring(l, channel, now);
    let value = (!matches!(built, Built::Raised)).then_some(true);
    hand(l, interpreter, meeting, value);
    transfer::settle(interpreter, channel);
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
