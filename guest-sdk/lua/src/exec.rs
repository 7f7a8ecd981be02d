//! `process.exec`: a call of another process.

use std::ffi::c_int;

use warren_guest::mailbox::{self, Subscription};
use warren_guest::process::{self, Start};

use crate::argument::{self, REFUSED};
use crate::interpreter::interpreter;
use crate::lua::State;
use crate::mistakes::check_taken;
use crate::scheduler::{Patience, Shape, check_may_wait, push_receive, wait};
use crate::tasks::{Channel, Format, Source};
use crate::{exchange, transfer};

/// `process.exec(id, host?, ...)`.
pub(crate) extern "C-unwind" fn exec(l: State) -> c_int {
    exec_with(l, 1, &[], Shape::Exec)
}

/// Calls the process that the arguments from `first` on describe, as
/// [`spawn_with`](crate::process::spawn_with) starts one.
pub(crate) fn exec_with(l: State, first: c_int, options: &[u8], shape: Shape) -> c_int {
    match start(l, first, options, true) {
        Err(results) => check_taken(l, results, shape.exec_name()),
        Ok(subscription) => wait_for(l, subscription, Patience::Endless, shape),
    }
}

/// The same for a function. At the end of the patience the callee is terminated.
pub(crate) fn call_with(l: State, first: c_int, options: &[u8], patience: Patience) -> c_int {
    match start(l, first, options, true) {
        Err(results) => results,
        Ok(subscription) => wait_for(l, subscription, patience, Shape::Call),
    }
}

/// Starts the callee that the arguments from `first` on describe, and pushes the channel
/// that yields its outcome.
pub(crate) fn begin_with(l: State, first: c_int, options: &[u8]) -> c_int {
    match start(l, first, options, false) {
        Err(results) => results,
        Ok(subscription) => {
            transfer::push_subscription(l, subscription, Format::Raw);
            1
        }
    }
}

/// Ends the exec whose channel is argument 1: the callee is terminated, and the channel
/// closed.
pub(crate) extern "C-unwind" fn abandon(l: State) -> c_int {
    let channel = Channel::check(l, 1);
    if let Source::Mailbox { subscription, .. } = channel.source
        && !channel.closed.get()
    {
        mailbox::unlisten(subscription);
        transfer::close(interpreter(l), channel);
        transfer::forget(l, subscription);
    }
    0
}

/// Waits for the outcome of a callee, and returns it.
fn wait_for(l: State, subscription: Subscription, patience: Patience, shape: Shape) -> c_int {
    l.set_top(0);
    transfer::push_subscription(l, subscription, Format::Raw);
    push_receive(l);
    wait(l, 1, 1, patience, shape)
}

/// Starts a callee; or returns the number of the results that say why not. Raises where the
/// caller `waits` and cannot.
fn start(l: State, first: c_int, options: &[u8], waits: bool) -> Result<Subscription, c_int> {
    let mut subscription = None;
    let Some((definition, host)) = argument::start(l, first) else {
        return Err(REFUSED);
    };
    if waits {
        check_may_wait(l);
    }
    let arguments = (first + 2, l.top().max(first + 1));
    let results =
        exchange::call_with_values(l, arguments, "arguments", None, |arguments, buffer| {
            subscription = Some(process::exec(
                Start {
                    definition,
                    host,
                    arguments,
                    options,
                },
                buffer,
            )?);
            Ok(&[])
        });
    subscription.ok_or(results)
}
