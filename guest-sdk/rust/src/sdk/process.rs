//! Operations of a process on others and on itself.

use core::time::Duration;

use serde::Serialize;

use super::codec::{ArgList, ToArgs};
use super::{Pid, pid_of, refusal, scratch};
use crate::{Error, capability, process as raw};

/// Returns the caller's PID.
pub fn pid() -> Pid {
    scratch::with(|buffer| pid_of(raw::pid(buffer).unwrap_or_default()))
}

/// Returns the frame id, the identifier of this call chain: the definition that
/// began it, `#`, and a number. Passed on by spawn and exec, kept by upgrade.
pub fn frame_id() -> String {
    scratch::with(|buffer| {
        String::from_utf8_lossy(raw::frame_id(buffer).unwrap_or_default()).into_owned()
    })
}

/// Sends one message: a tuple is n values, anything else one. Success means
/// queued, not read.
///
/// ```no_run
/// # fn example(worker: warren_guest::Pid) -> Result<(), warren_guest::Error> {
/// warren_guest::send(&worker, "job", ("resize", 640, 480))?;
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// `Invalid`: an empty topic, one that begins with `@`, a payload that cannot
/// cross or is too large. `NotFound`: no such process. `RateLimited`: its queue
/// is full.
pub fn send(to: impl AsRef<str>, topic: &str, payload: impl Serialize) -> Result<(), Error> {
    let sent = scratch::with_values(&payload, |payload| {
        scratch::with(|buffer| {
            raw::send(to.as_ref(), topic, payload, buffer).map_err(|error| error.decode())
        })
    });
    sent.map_err(|error| refusal(error).wrap("payload"))?
}

macro_rules! on_target {
    ($($(#[$doc:meta])* $name:ident;)*) => { $(
        $(#[$doc])*
        pub fn $name(target: impl AsRef<str>) -> Result<(), Error> {
            scratch::with(|buffer| {
                raw::$name(target.as_ref(), buffer).map_err(|error| error.decode())
            })
        }
    )* };
}

on_target! {
    /// Ends a process by force, even one in a busy loop.
    ///
    /// # Errors
    ///
    /// `NotFound`.
    terminate;
    /// Asks for one [`Event::Exit`](super::Event::Exit) when the target ends,
    /// however it ends. A second call changes nothing.
    ///
    /// # Errors
    ///
    /// `NotFound`, `Invalid` (the caller itself), `RateLimited`.
    monitor;
    /// Undoes [`monitor`], and drops an unread event of the target. Does
    /// nothing if the target was not monitored, or the name is free.
    ///
    /// # Errors
    ///
    /// `Invalid`: the text can be neither a PID nor a name.
    unmonitor;
    /// Links caller and target: when one fails, so does the other, unless it
    /// [traps links](set_trap_links). A second call changes nothing.
    ///
    /// # Errors
    ///
    /// `NotFound`, `Invalid` (the caller itself), `RateLimited`.
    link;
    /// Undoes [`link`], and drops an unread event of the target. Does nothing
    /// if the two were not linked, or the name is free.
    ///
    /// # Errors
    ///
    /// `Invalid`: the text can be neither a PID nor a name.
    unlink;
}

/// Asks a process to end: it reads an [`Event::Cancel`](super::Event::Cancel).
/// At the deadline, counted from now, the process is terminated if it still
/// lives and the caller may terminate it.
///
/// A process that has not opened [`events`](super::events) does not notice: it lives
/// until the deadline, and without a deadline for ever. [`stop`] ends such a process at
/// once.
///
/// # Errors
///
/// `NotFound`.
pub fn cancel(target: impl AsRef<str>, deadline: Option<Duration>) -> Result<(), Error> {
    let deadline = deadline.map(nanoseconds);
    scratch::with(|buffer| {
        raw::cancel(target.as_ref(), deadline, buffer).map_err(|error| error.decode())
    })
}

/// Asks a process to end as [`cancel`] does, and terminates a process that has never opened
/// [`events`](super::events) at once, if the caller may terminate it. A process that has
/// only just been spawned has not opened them yet.
///
/// ```no_run
/// # use std::time::Duration;
/// # fn example(worker: warren_guest::Pid) -> Result<(), warren_guest::Error> {
/// warren_guest::stop(&worker, Some(Duration::from_secs(5)))?;
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// `NotFound`.
pub fn stop(target: impl AsRef<str>, deadline: Option<Duration>) -> Result<(), Error> {
    operation(
        "process.stop",
        &(target.as_ref(), deadline.map(nanoseconds)),
    )
}

/// Asks a process to end as [`cancel`] does, for a reason that the event tells.
///
/// # Errors
///
/// `NotFound`; `Invalid`: a reason of more than 1,024 bytes.
pub fn cancel_because(
    target: impl AsRef<str>,
    deadline: Option<Duration>,
    reason: &str,
) -> Result<(), Error> {
    let request = (target.as_ref(), deadline.map(nanoseconds), reason);
    operation("process.cancel", &request)
}

/// Calls an operation of the runtime that yields nothing.
fn operation(name: &str, request: &impl Serialize) -> Result<(), Error> {
    let called = scratch::with_values(request, |request| {
        scratch::with(|buffer| {
            let called = capability::call(name, request, buffer);
            called.map(drop).map_err(|error| error.decode())
        })
    });
    called.map_err(Error::from)?
}

/// Returns a time in nanoseconds. A longer one than 64 bits hold lies 292 years ahead, and
/// counts as the last.
pub(super) fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).map_or(i64::MAX as u64, |time| time.min(i64::MAX as u64))
}

/// Returns whether the failure of a linked process is an event instead of the
/// caller's own end. False at the start.
pub fn trap_links() -> bool {
    raw::trap_links()
}

/// Sets the value of [`trap_links`].
pub fn set_trap_links(trap_links: bool) {
    raw::set_trap_links(trap_links);
}

/// Replaces the running code by another definition's, or, with `None`, starts
/// the present one afresh. The new code gets the arguments: the elements of a tuple, an array,
/// a slice or a `Vec`. PID, names, links,
/// monitors, context and unread messages stay; memory is dropped.
///
/// Returns only on failure, and nothing has changed then: `NotFound`,
/// `Invalid`.
///
/// ```no_run
/// # fn example() -> Result<(), warren_guest::Error> {
/// return Err(warren_guest::upgrade(Some("app:main_v2"), ("state", 7)));
/// # }
/// ```
pub fn upgrade(definition: Option<&str>, args: impl ToArgs) -> Error {
    let mut list = ArgList::new();
    let encoded = args.append_to(&mut list).and_then(|()| list.encode());
    let arguments = match encoded {
        Ok(arguments) => arguments,
        Err(error) => return refusal(error).wrap("arguments"),
    };
    scratch::with(|buffer| raw::upgrade(definition, arguments.as_slice(), buffer).decode())
}

/// Ends the program with this exit status, in the program's first process. In
/// any other, ends the process, with an error if the status is not 0.
pub fn exit(status: i32) -> ! {
    crate::program::exit(status)
}
