//! What a process does to others and to itself.

use core::time::Duration;

use serde::Serialize;

use super::codec::to_values;
use super::{Pid, scratch};
use crate::{Error, process as raw};

/// The caller's PID.
pub fn pid() -> Pid {
    scratch::with(|buffer| Pid::from_bytes(raw::pid(buffer).unwrap_or_default()))
}

/// The frame id, the identifier of this call chain: the definition that began
/// it, `#`, and a number. Passed on by spawn and exec, kept by upgrade.
pub fn frame_id() -> String {
    scratch::with(|buffer| {
        String::from_utf8_lossy(raw::frame_id(buffer).unwrap_or_default()).into_owned()
    })
}

/// Sends one message: a tuple is n values, anything else one. Success means
/// that it is queued, not that it was or will be read.
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
    sent.map_err(|error| Error::from(error).wrap("payload"))?
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
    /// Ends a process by force, also one in a busy loop.
    ///
    /// # Errors
    ///
    /// `NotFound`.
    terminate;
    /// Asks for one [`Event::Exit`](super::Event::Exit) when the target ends,
    /// however it ends. Twice is one.
    ///
    /// # Errors
    ///
    /// `NotFound`, `Invalid` (the caller itself), `RateLimited`.
    monitor;
    /// Undoes [`monitor`]; an event of the target not read yet is dropped. Nothing
    /// happens where the target was not watched, or nobody holds the name.
    ///
    /// # Errors
    ///
    /// `Invalid`: it can be neither a PID nor a name.
    unmonitor;
    /// Ties the fates of caller and target: when one fails, so does the other,
    /// unless it [traps links](set_trap_links). Twice is one link.
    ///
    /// # Errors
    ///
    /// `NotFound`, `Invalid` (the caller itself), `RateLimited`.
    link;
    /// Undoes [`link`]; an event of the target not read yet is dropped. Nothing
    /// happens where the two were not linked, or nobody holds the name.
    ///
    /// # Errors
    ///
    /// `Invalid`: it can be neither a PID nor a name.
    unlink;
}

/// Asks a process to end: it reads an [`Event::Cancel`](super::Event::Cancel).
/// At the deadline, counted from now, it is terminated if it still lives.
///
/// # Errors
///
/// `NotFound`.
pub fn cancel(target: impl AsRef<str>, deadline: Option<Duration>) -> Result<(), Error> {
    let deadline = deadline.map(|d| u64::try_from(d.as_nanos()).unwrap_or(u64::MAX));
    scratch::with(|buffer| {
        raw::cancel(target.as_ref(), deadline, buffer).map_err(|error| error.decode())
    })
}

/// Whether the failure of a linked process is an event to read instead of the
/// caller's own end. False at the start.
pub fn trap_links() -> bool {
    raw::trap_links()
}

/// Sets what [`trap_links`] tells.
pub fn set_trap_links(trap_links: bool) {
    raw::set_trap_links(trap_links);
}

/// Replaces the running code by another definition's, or, with `None`, starts
/// the present one afresh. The new code gets the arguments; PID, names, links,
/// monitors, context and unread messages stay, memory goes.
///
/// Returns only where it failed, and then nothing has changed: `NotFound`,
/// `Invalid`.
///
/// ```no_run
/// # fn example() -> Result<(), warren_guest::Error> {
/// return Err(warren_guest::upgrade(Some("app:main_v2"), ("state", 7)));
/// # }
/// ```
pub fn upgrade(definition: Option<&str>, arguments: impl Serialize) -> Error {
    let arguments = match to_values(&arguments) {
        Ok(arguments) => arguments,
        Err(error) => return Error::from(error).wrap("arguments"),
    };
    scratch::with(|buffer| raw::upgrade(definition, arguments.as_slice(), buffer).decode())
}

/// In the program's first process ends the program with this exit status; in
/// any other ends the process, with an error where the status is not 0.
pub fn exit(status: i32) -> ! {
    crate::program::exit(status)
}
