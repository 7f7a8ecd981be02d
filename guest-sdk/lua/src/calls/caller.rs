//! The side of a call that asks.

use std::ffi::c_int;

use warren_guest::mailbox;
use warren_guest::msgpack::Output;
use warren_guest::process;
use warren_values::kind;

use crate::argument::{REFUSED, destination, text};
use crate::call_results::{push_answer, push_ended, push_given_up};
use crate::encode::{self, MESSAGE};
use crate::errors;
use crate::exchange;
use crate::interpreter::interpreter;
use crate::lua::State;
use crate::message::CALL;
use crate::scheduler::{Patience, Pulled, Shape, check_may_wait, pull_alone, push_receive, wait};
use crate::tasks::{Channel, ChannelRef, Source};
use crate::transfer::push_answers;
use crate::waiting::patience;

/// The topic of all answers.
const TOPIC: &str = "server.reply";

/// The encoded head of a call: two values, of which the first is a topic and a number.
const HEAD: &[u8] = b"\x92\x92\xacserver.reply";

/// `ask(destination, request, timeout, ending)`: sends a request, and waits for its answer;
/// without a timeout, nil, for ever. `ending` is the channel that yields the end of the
/// process. Returns the reply; or nil and the error of the answer, or of what was not sent;
/// or nil, nil, and what [`await_answer`] says.
pub(super) extern "C-unwind" fn ask(l: State) -> c_int {
    l.set_top(4);
    let Some(to) = destination(l, 1) else {
        return REFUSED;
    };
    let Some(patience) = patience(l, 3) else {
        return REFUSED;
    };
    let ending = Channel::check(l, 4);
    check_may_wait(l);
    let Some((answers, number)) = begin(l) else {
        return REFUSED;
    };
    let encode = |output: &mut Output| {
        output.raw(HEAD)?;
        output.integer(number)?;
        encode::value(l, 2, "request", output)
    };
    let limit = ("request", MESSAGE);
    let sent = exchange::call_encoded(l, limit, encode, None, |payload, buffer| {
        process::send(to, CALL, payload, buffer).map(|()| &[][..])
    });
    if sent == REFUSED {
        return REFUSED;
    }
    l.set_top(4);
    interpreter(l).rest(l);
    let until = match patience {
        Patience::Until(until) => Some(until),
        _ => None,
    };
    match pull_alone(l, [answers, ending], until, Some(number)) {
        Some(Pulled::Answer { is_reply }) => return push_answer(l, is_reply),
        Some(Pulled::Value(_)) => return push_ended(l),
        Some(Pulled::Nothing) => return push_given_up(l),
        Some(Pulled::Raised) => l.error(),
        Some(Pulled::Dropped | Pulled::Return) | None => {}
    }
    wait_for_answer(l, number, 4, patience)
}

/// `address()`: the topic and the number for the answer to a call that this coroutine sends
/// itself, and awaits; or nil and an error.
pub(super) extern "C-unwind" fn address(l: State) -> c_int {
    check_may_wait(l);
    let Some((_, number)) = begin(l) else {
        return REFUSED;
    };
    l.push_bytes(TOPIC.as_bytes());
    l.push_integer(number);
    2
}

/// `await(number, timeout, ending)`: waits for the answer with this number, as [`ask`].
/// Without an answer the third result tells why: the outcome of the process; false if its
/// channel was abandoned; "timeout". Without a channel, nil, only the answer counts.
pub(super) extern "C-unwind" fn await_answer(l: State) -> c_int {
    l.set_top(3);
    let Some(patience) = patience(l, 2) else {
        return REFUSED;
    };
    let number = l.to_integer(1);
    if !l.is_nil(3) {
        Channel::check(l, 3);
    }
    wait_for_answer(l, number, 3, patience)
}

/// `check_value(value, name)`: true; or nil and the error, with this name, of a value that
/// cannot cross.
pub(super) extern "C-unwind" fn check_value(l: State) -> c_int {
    l.set_top(2);
    let Some(name) = text(l, 2, "name") else {
        return REFUSED;
    };
    let encode = |output: &mut Output| encode::value(l, 1, name, output);
    exchange::call_encoded(l, (name, MESSAGE), encode, None, |_, _| Ok(&[][..]))
}

/// Returns the channel of the answers, and the number of a new call of the task that runs.
/// `None` where the process cannot listen; then nil and the error were pushed.
fn begin(l: State) -> Option<(ChannelRef, i64)> {
    let scheduler = &interpreter(l).scheduler;
    let known = scheduler.borrow().answers();
    let channel = match known {
        Some(channel) => channel,
        None => {
            let results = exchange::call_number(l, |buffer| mailbox::listen(TOPIC, buffer));
            if results != 1 {
                return None;
            }
            let channel = push_answers(l, l.to_integer(-1) as mailbox::Subscription);
            if !matches!(channel.source, Source::Answers(_)) {
                errors::refuse(
                    l,
                    kind::CONFLICT,
                    format_args!("topic '{TOPIC}' has a channel of the program's own"),
                );
                return None;
            }
            scheduler.borrow_mut().set_answers(channel);
            l.pop(2);
            channel
        }
    };
    let task = scheduler.borrow().current;
    match &channel.source {
        Source::Answers(answers) => Some((channel, answers.number(task))),
        _ => {
            l.push_nil();
            l.push_nil();
            None
        }
    }
}

/// Waits for the answer with a number, or for a value of the channel at `ending`, which may
/// be nil.
fn wait_for_answer(l: State, number: i64, ending: c_int, patience: Patience) -> c_int {
    l.push_integer(number);
    let base = l.top() + 1;
    let subscription = interpreter(l)
        .scheduler
        .borrow()
        .answers()
        .and_then(|channel| channel.subscription());
    let Some(subscription) = subscription else {
        return push_given_up(l);
    };
    push_answers(l, subscription);
    push_receive(l);
    let mut cases = 1;
    if !l.is_nil(ending) {
        l.push_value(ending);
        push_receive(l);
        cases = 2;
    }
    wait(l, base, cases, patience, Shape::Answer)
}
