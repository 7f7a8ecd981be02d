//! `process.exec`: a call of another process.

use std::ffi::c_int;

use warren_guest::process::{self, Start};

use crate::argument::{REFUSED, start};
use crate::lua::State;
use crate::mistakes::check_taken;
use crate::scheduler::{Patience, Shape, check_may_wait, push_receive, wait};
use crate::tasks::Format;
use crate::{exchange, transfer};

/// `process.exec(id, host?, ...)`.
pub(crate) extern "C-unwind" fn exec(l: State) -> c_int {
    exec_with(l, 1, &[])
}

/// The function in warnings, also in those about the outcome of a call.
pub(crate) const NAME: &str = "process.exec";

/// Calls the process that the arguments from `first` on describe, as
/// [`spawn_with`](crate::process::spawn_with) starts one.
pub(crate) fn exec_with(l: State, first: c_int, options: &[u8]) -> c_int {
    let mut subscription = None;
    let Some((definition, host)) = start(l, first) else {
        return check_taken(l, REFUSED, NAME);
    };
    check_may_wait(l);
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
    let Some(subscription) = subscription else {
        return check_taken(l, results, NAME);
    };
    l.set_top(0);
    transfer::push_subscription(l, subscription, Format::Raw);
    push_receive(l);
    wait(l, 1, 1, Patience::Endless, Shape::Exec)
}
