//! Blocking: what a library function does that has to wait.

use std::ffi::c_int;

use mlua_sys::*;
use warren_guest::clock;
use warren_guest::mailbox::Subscription;

use super::boundary;
use super::finish::{Shape, context, finish, from_context, is_receive, push_receive};
use super::poll::{Pulled, poll, pull};
use crate::interpreter::{Interpreter, interpreter, set_switched_out};
use crate::lua::State;
use crate::tasks::{Answers, Channel, ChannelRef, Fired, Format, Source};
use crate::transfer;

/// The time to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Patience {
    /// Not at all.
    None,
    /// Up to an instant of the monotonic clock.
    Until(u64),
    /// For ever.
    Endless,
}

/// Waits for the first of `count` cases that is ready, which lie on the stack
/// from index `base` on, and returns what `shape` says. Must be the last thing
/// that a C function does. The function runs in a task and has five free stack slots
/// above the cases. May raise.
pub(crate) fn wait(l: State, base: c_int, count: c_int, patience: Patience, shape: Shape) -> c_int {
    let interpreter = interpreter(l);
    interpreter.rest(l);
    let room = interpreter.scheduler.borrow_mut().reserve(count as usize);
    if !room {
        l.out_of_memory();
    }
    loop {
        let look = look(l, interpreter, base, count, shape);
        let alone = interpreter.scheduler.borrow().is_alone();
        if !alone && shape == Shape::Answer {
            // Other tasks may wait for answers, which come before the ends of processes:
            // see `Scheduler::update_wanted`.
            interpreter.scheduler.borrow_mut().wanted_now.clear();
        }
        let blocks = look.ready.is_none() && patience != Patience::None;
        let until = match patience {
            Patience::Until(until) => Some(until),
            _ => None,
        };
        let deadline = match (blocks && alone, until, look.next_alarm) {
            (false, ..) => Some(0),
            (true, Some(a), Some(b)) => Some(a.min(b)),
            (true, a, b) => a.or(b),
        };
        let idle = deadline.is_none() && interpreter.scheduler.borrow().wanted_now.is_empty();
        if alone && blocks && shape != Shape::Answer {
            interpreter.scheduler.borrow_mut().want_late_answers();
        }
        if let (true, Some(case)) = (idle, look.rung) {
            // Nobody is left to set the timer anew.
            l.push_nil();
            return finish(l, base, shape, Fired::Case(case, false));
        }
        // A message in the mailbox comes before what was found ready, if
        // its case does.
        let pulled = if deadline == Some(0) && interpreter.scheduler.borrow().wanted_now.is_empty()
        {
            Pulled::Nothing
        } else if blocks && alone && interpreter.returning.get() {
            // A caller has been asked to return, and leaves that to this function.
            Pulled::Return
        } else {
            // The borrow ends here: a raise would leave it behind.
            let wanted = interpreter.scheduler.borrow().wanted_now();
            let call = (shape == Shape::Answer).then(|| l.to_integer(base - 1));
            // SAFETY: `wanted_now` changes only while Lua runs.
            unsafe { pull(l, interpreter, wanted, deadline, None, call) }
        };
        match pulled {
            Pulled::Value(subscription) => {
                let case = case_of(l, base, count, subscription);
                return finish(l, base, shape, Fired::Case(case, true));
            }
            Pulled::Answer { is_reply } => {
                return finish(l, base, shape, Fired::Case(0, is_reply));
            }
            Pulled::Raised => l.error(),
            Pulled::Dropped => continue,
            Pulled::Return if boundary::can_switch(l, interpreter) => {
                return switch(l, interpreter, base, count, until, shape);
            }
            Pulled::Return => {
                interpreter.returning.set(false);
                continue;
            }
            Pulled::Nothing => {}
        }
        if let Some(case) = look.ready {
            let open = perform(l, base + 2 * case);
            return finish(l, base, shape, Fired::Case(case, open));
        }
        if patience == Patience::None {
            return finish(l, base, shape, Fired::Deadline);
        }
        if until.is_some_and(|until| until <= clock::monotonic()) {
            return match shape {
                Shape::Sleep if !alone => give_way(l, interpreter),
                _ => finish(l, base, shape, Fired::Deadline),
            };
        }
        if !alone {
            return switch(l, interpreter, base, count, until, shape);
        }
    }
}

/// Raises where [`wait`] could not wait. For what begins something first that
/// nobody would take the result of.
pub(crate) fn check_may_wait(l: State) {
    let interpreter = interpreter(l);
    let alone = interpreter.scheduler.borrow().is_alone();
    if !alone && !boundary::can_switch(l, interpreter) {
        boundary::raise(l);
    }
}

/// Waits for the outcome that a subscription yields, and returns what it says: a value, or
/// nil and an error. Where the task cannot be switched, all others wait, too. Must be the
/// last thing that a C function does. May raise.
pub(crate) fn wait_for_outcome(l: State, subscription: Subscription) -> c_int {
    l.set_top(0);
    transfer::push_subscription(l, subscription, Format::Raw);
    let interpreter = interpreter(l);
    let alone = interpreter.scheduler.borrow().is_alone();
    if alone || boundary::can_switch(l, interpreter) {
        push_receive(l);
        return wait(l, 1, 1, Patience::Endless, Shape::Operation);
    }
    loop {
        // SAFETY: the array outlives the call.
        match unsafe { pull(l, interpreter, &[subscription], None, None, None) } {
            Pulled::Value(_) => return finish(l, 1, Shape::Operation, Fired::Case(0, true)),
            Pulled::Raised => l.error(),
            Pulled::Return => interpreter.returning.set(false),
            Pulled::Answer { .. } | Pulled::Dropped | Pulled::Nothing => {}
        }
    }
}

/// Receives from the channel of a subscription where that can be done without
/// the scheduler: while a task is alone, and no answer is late. Pushes the value.
pub(crate) fn receive_alone(l: State, channel: ChannelRef) -> bool {
    let interpreter = interpreter(l);
    let (subscription, format) = match &channel.source {
        Source::Mailbox {
            subscription,
            ring,
            format,
        } if ring.len.get() == 0
            && !channel.closed.get()
            && interpreter.scheduler.borrow().is_undivided() =>
        {
            (*subscription, *format)
        }
        _ => return false,
    };
    // SAFETY: the array outlives the call.
    match unsafe { pull(l, interpreter, &[subscription], None, Some(format), None) } {
        Pulled::Value(_) => true,
        Pulled::Raised => l.error(),
        Pulled::Answer { .. } | Pulled::Dropped | Pulled::Nothing | Pulled::Return => false,
    }
}

/// Waits for the first of two channels of subscriptions that has a value, where that can
/// be done as in [`receive_alone`]. `call` is the number of the answer that it waits for, if
/// one of the channels is that of answers. `None` where it cannot.
pub(crate) fn pull_alone(
    l: State,
    channels: [ChannelRef; 2],
    deadline: Option<u64>,
    call: Option<i64>,
) -> Option<Pulled> {
    let interpreter = interpreter(l);
    let mut wanted = [0; 2];
    for (wanted, channel) in wanted.iter_mut().zip(channels) {
        *wanted = match &channel.source {
            Source::Mailbox {
                subscription, ring, ..
            } if ring.len.get() == 0 && !channel.closed.get() => *subscription,
            Source::Answers(answers) => answers.subscription,
            _ => return None,
        };
    }
    if !interpreter.scheduler.borrow().is_undivided() {
        return None;
    }
    // SAFETY: the array outlives the call.
    Some(unsafe { pull(l, interpreter, &wanted, deadline, None, call) })
}

/// The findings of [`look`].
struct Look {
    /// The first case that needs nothing from the runtime.
    ready: Option<c_int>,
    /// The earliest alarm among those that are not ready.
    next_alarm: Option<u64>,
    /// The first case that waits for a timer to be set anew.
    rung: Option<c_int>,
}

/// Looks at the cases in order, up to the first that is ready; leaves the
/// mailbox queues among those before it in `wanted_now`.
fn look(l: State, interpreter: &Interpreter, base: c_int, count: c_int, shape: Shape) -> Look {
    let mut scheduler = interpreter.scheduler.borrow_mut();
    scheduler.wanted_now.clear();
    let mut look = Look {
        ready: None,
        next_alarm: None,
        rung: None,
    };
    let mut now = None;
    for case in 0..count {
        let place = base + 2 * case;
        let channel = Channel::at(l, place);
        let receives = is_receive(l, place + 1);
        let ready = match &channel.source {
            _ if channel.closed.get() => true,
            Source::Local(ring) if receives => ring.len.get() > 0 || !channel.senders.is_empty(),
            Source::Local(ring) => ring.len.get() < ring.capacity || !channel.receivers.is_empty(),
            Source::Mailbox { ring, .. } if ring.len.get() > 0 => true,
            Source::Mailbox { subscription, .. }
            | Source::Answers(Answers { subscription, .. }) => {
                // A task that waits already is served first.
                if channel.receivers.is_empty() {
                    scheduler.wanted_now.push(*subscription);
                }
                false
            }
            Source::Clock(alarm) => match alarm.next.get() {
                // A task that waits already is served first.
                Some(next)
                    if channel.receivers.is_empty()
                        && next <= *now.get_or_insert_with(clock::monotonic) =>
                {
                    true
                }
                Some(next) => {
                    look.next_alarm =
                        Some(look.next_alarm.map_or(next, |earlier| earlier.min(next)));
                    false
                }
                None if alarm.stopped.get() && shape.is_plain_receive() => true,
                None => {
                    look.rung = look.rung.or(Some(case));
                    false
                }
            },
        };
        if ready {
            look.ready = Some(case);
            break;
        }
    }
    look
}

/// Carries out a case that is ready. A value received is left on top of the
/// stack. False where the channel is closed.
fn perform(l: State, place: c_int) -> bool {
    if is_receive(l, place + 1) {
        transfer::receive(l, place)
    } else {
        transfer::send(l, place)
    }
}

/// The first case that receives from a subscription.
fn case_of(l: State, base: c_int, count: c_int, subscription: Subscription) -> c_int {
    let matches = |case: &c_int| matches!(Channel::at(l, base + 2 * case).source, Source::Mailbox { subscription: own, .. } if own == subscription);
    (0..count).find(matches).unwrap_or(0)
}

/// Parks the running task, and lets others run, or the process return. The task is alone
/// only if the process returns.
fn switch(
    l: State,
    interpreter: &Interpreter,
    base: c_int,
    count: c_int,
    until: Option<u64>,
    shape: Shape,
) -> c_int {
    if !boundary::can_switch(l, interpreter) {
        boundary::raise(l);
    }
    let id = {
        let mut scheduler = interpreter.scheduler.borrow_mut();
        let id = scheduler.current;
        scheduler.park(id, l, base, shape.is_plain_receive(), until);
        for case in 0..count {
            let place = base + 2 * case;
            scheduler.add_waiter(id, Channel::at(l, place), case, !is_receive(l, place + 1));
        }
        id
    };
    while interpreter.scheduler.borrow().ready.is_empty() && !interpreter.returning.get() {
        if !poll(l, interpreter, true) {
            interpreter.scheduler.borrow_mut().unpark(id);
            l.error();
        }
    }
    let fired = {
        let mut scheduler = interpreter.scheduler.borrow_mut();
        if scheduler.ready.front() == Some(&id) {
            scheduler.ready.pop_front();
            scheduler.task(id).map(|task| task.fired)
        } else {
            scheduler.switching = true;
            None
        }
    };
    if let Some(fired) = fired {
        return finish(l, base, shape, fired);
    }
    set_switched_out(l, true);
    l.yield_then(context(base, shape), resumed)
}

/// Lets the other tasks run that can, and goes on after them. Inside what
/// cannot be left it goes on at once.
fn give_way(l: State, interpreter: &Interpreter) -> c_int {
    if !boundary::can_switch(l, interpreter) {
        return finish(l, 1, Shape::Sleep, Fired::Deadline);
    }
    let others = !interpreter.scheduler.borrow().ready.is_empty();
    if !others && !poll(l, interpreter, false) {
        l.error();
    }
    {
        let mut scheduler = interpreter.scheduler.borrow_mut();
        if scheduler.ready.is_empty() {
            drop(scheduler);
            return finish(l, 1, Shape::Sleep, Fired::Deadline);
        }
        let id = scheduler.current;
        if let Some(task) = scheduler.task(id) {
            task.fired = Fired::Deadline;
        }
        scheduler.ready.push_back(id);
        scheduler.switching = true;
    }
    set_switched_out(l, true);
    l.yield_then(context(1, Shape::Sleep), resumed)
}

/// Goes on where [`switch`] has yielded.
extern "C-unwind" fn resumed(l: State, _: c_int, context: lua_KContext) -> c_int {
    set_switched_out(l, false);
    let (base, shape) = from_context(context);
    let fired = {
        let mut scheduler = interpreter(l).scheduler.borrow_mut();
        let id = scheduler.current;
        scheduler
            .task(id)
            .map_or(Fired::Deadline, |task| task.fired)
    };
    finish(l, base, shape, fired)
}
