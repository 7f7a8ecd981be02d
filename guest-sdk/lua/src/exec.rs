//! `process.exec`: a call of another process.

use std::ffi::c_int;

use warren_guest::process::{self, Start};

use crate::argument::{REFUSED, text};
use crate::lua::State;
use crate::scheduler::{Patience, Shape, check_may_wait, push_receive, wait};
use crate::tasks::Format;
use crate::{exchange, transfer};

/// `process.exec(id, host, ...)`.
pub(crate) extern "C-unwind" fn exec(l: State) -> c_int {
    exec_with(l, 1, &[])
}

/// Calls the process that the arguments from `first` on describe, as
/// [`spawn_with`](crate::process::spawn_with) starts one.
pub(crate) fn exec_with(l: State, first: c_int, options: &[u8]) -> c_int {
    let mut subscription = None;
    let Some(definition) = text(l, first, "definition") else {
        return REFUSED;
    };
    let Some(host) = text(l, first + 1, "host") else {
        return REFUSED;
    };
    check_may_wait(l);
    let arguments = (first + 2, l.top());
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
        return results;
    };
    l.set_top(0);
    transfer::push_subscription(l, subscription, Format::Raw);
    push_receive(l);
    wait(l, 1, 1, Patience::Endless, Shape::Exec)
}
