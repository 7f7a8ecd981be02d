//! Functions for the modules in Lua: to wait for several things at once, and to say what is
//! wrong in calls.

use std::ffi::c_int;

use warren_guest::capability::{self, Called};
use warren_guest::process::{self, Start};

use crate::argument::{REFUSED, start, text};
use crate::interpreter::interpreter;
use crate::lua::{Functions, State};
use crate::scheduler::{Patience, Shape, push_receive, wait};
use crate::tasks::{Channel, Format, Source};
use crate::time::{Unit, signed, span};
use crate::timers::instant_after;
use crate::{exchange, mistakes, public, transfer};

/// The functions that bundled modules are given.
pub(crate) const FUNCTIONS: &Functions = &[
    (c"first", first),
    (c"watch", watch),
    (c"begin", begin),
    (c"abandon", abandon),
    (c"is_awaited", is_awaited),
    (c"check_timeout", check_timeout),
    (c"check_unit", check_unit),
    (c"nearest", mistakes::nearest),
    (c"raise", public::raise),
    (c"told", public::public),
    (c"discarded", mistakes::discarded),
];

/// `first(timeout, ...)`: waits for the first of the channels that has a value, and returns
/// its place and the value; nil at the end of the timeout. Without a timeout, nil, it waits
/// for ever.
extern "C-unwind" fn first(l: State) -> c_int {
    let Some(patience) = patience(l, 1) else {
        return REFUSED;
    };
    let count = l.top() - 1;
    for place in 2..2 + count {
        Channel::check(l, place);
        l.push_value(place);
        push_receive(l);
    }
    wait(l, 2 + count, count, patience, Shape::First)
}

/// The time to wait that a timeout says; for ever without one, nil. `None` where it is no
/// timeout; then nil and the error were pushed.
pub(crate) fn patience(l: State, arg: c_int) -> Option<Patience> {
    if l.is_nil(arg) {
        return Some(Patience::Endless);
    }
    let timeout = span(l, arg, Unit::Milliseconds, "timeout")?;
    Some(Patience::Until(instant_after(timeout)))
}

/// `check_timeout(timeout)`: true, or nil and the error of what is no timeout.
extern "C-unwind" fn check_timeout(l: State) -> c_int {
    if patience(l, 1).is_none() {
        return REFUSED;
    }
    l.push_boolean(true);
    1
}

/// `check_unit(number, name)`: warns where a number of milliseconds looks like one of
/// nanoseconds.
extern "C-unwind" fn check_unit(l: State) -> c_int {
    l.set_top(2);
    if let Some(name) = text(l, 2, "name") {
        // A number that is no duration is refused elsewhere.
        let _ = signed(l, 1, Unit::Milliseconds, name);
    }
    0
}

/// `watch(destination)`: the channel that yields the outcome of this process, once; the
/// same channel until then. Or nil and an error.
extern "C-unwind" fn watch(l: State) -> c_int {
    l.set_top(1);
    if text(l, 1, "destination").is_none() {
        return REFUSED;
    }
    let mut handle = None;
    let results = exchange::call_with_values(l, (1, 1), "destination", None, |request, buffer| {
        if let Called::Handle(subscription) = capability::call("process.watch", request, buffer)? {
            handle = Some(subscription);
        }
        Ok(&[])
    });
    let Some(subscription) = handle else {
        return results;
    };
    transfer::push_subscription(l, subscription, Format::Raw);
    1
}

/// `begin(definition, host, ...)`: begins an exec. The channel that yields its outcome,
/// once; or nil and an error.
extern "C-unwind" fn begin(l: State) -> c_int {
    let Some((definition, host)) = start(l, 1) else {
        return REFUSED;
    };
    let mut handle = None;
    let arguments = (3, l.top().max(2));
    let results =
        exchange::call_with_values(l, arguments, "arguments", None, |arguments, buffer| {
            let callee = Start {
                definition,
                host,
                arguments,
                options: &[],
            };
            handle = Some(process::exec(callee, buffer)?);
            Ok(&[])
        });
    let Some(subscription) = handle else {
        return results;
    };
    transfer::push_subscription(l, subscription, Format::Raw);
    1
}

/// `abandon(channel)`: ends a watch, or an exec, whose callee is terminated, and forgets
/// the channel; also after its outcome was received.
extern "C-unwind" fn abandon(l: State) -> c_int {
    let channel = Channel::check(l, 1);
    let Source::Mailbox { subscription, .. } = channel.source else {
        return 0;
    };
    if channel.closed.get() {
        return 0;
    }
    transfer::close(interpreter(l), channel);
    transfer::forget(l, subscription);
    l.set_top(0);
    l.push_integer(subscription.into());
    exchange::call_with_values(l, (1, 1), "subscription", None, |request, buffer| {
        capability::call("process.abandon", request, buffer)?;
        Ok(&[])
    })
}

/// `is_awaited(channel)`: true while a coroutine waits for a value of the channel.
extern "C-unwind" fn is_awaited(l: State) -> c_int {
    let awaited = !Channel::check(l, 1).receivers.is_empty();
    l.push_boolean(awaited);
    1
}
