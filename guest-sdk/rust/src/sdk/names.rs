//! Names for processes. A name is never empty and begins with neither `{` nor
//! `@`; it belongs to one process at a time, and is free again before anyone
//! hears of that process's end.

use super::{Pid, pid_of, scratch};
use crate::{Error, registry};

/// Gives the caller a name.
///
/// ```no_run
/// # fn example() -> Result<(), warren_guest::Error> {
/// warren_guest::names::register("store")?;
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// `Invalid`: the text cannot be a name. `AlreadyExists`: taken; details
/// `{pid}`. `RateLimited`: too many names.
pub fn register(name: &str) -> Result<(), Error> {
    scratch::with(|buffer| registry::register(name, None, buffer).map_err(|error| error.decode()))
}

/// Gives another process a name.
///
/// # Errors
///
/// As [`register`]; `NotFound`: no such process.
pub fn register_for(name: &str, pid: &Pid) -> Result<(), Error> {
    scratch::with(|buffer| {
        registry::register(name, Some(pid.as_str()), buffer).map_err(|error| error.decode())
    })
}

/// Returns the process with that name.
///
/// # Errors
///
/// `NotFound`.
pub fn lookup(name: &str) -> Result<Pid, Error> {
    scratch::with(|buffer| match registry::lookup(name, buffer) {
        Ok(pid) => Ok(pid_of(pid)),
        Err(error) => Err(error.decode()),
    })
}

/// Frees a name. Returns false if it was free.
///
/// # Errors
///
/// `Invalid`: the text cannot be a name.
pub fn unregister(name: &str) -> Result<bool, Error> {
    scratch::with(|buffer| registry::unregister(name, buffer).map_err(|error| error.decode()))
}
