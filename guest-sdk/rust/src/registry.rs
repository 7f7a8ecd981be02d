//! Names for processes.

use crate::{Buffer, Failure, abi, absent};

/// Gives a process (the caller if `None`) a name.
pub fn register<'b>(
    name: &str,
    target: Option<&str>,
    buffer: &'b mut Buffer,
) -> Result<(), Failure<'b>> {
    let (target, target_len) = absent::range(target.map(str::as_bytes));
    // SAFETY: each range is one of the slices.
    buffer
        .done(|| unsafe { abi::registry::register(name.as_ptr(), name.len(), target, target_len) })
}

/// Returns the PID of the process with that name.
pub fn lookup<'b>(name: &str, buffer: &'b mut Buffer) -> Result<&'b [u8], Failure<'b>> {
    // SAFETY: the ranges are `name` and the buffer's.
    buffer.bytes(|out, cap| unsafe { abi::registry::lookup(name.as_ptr(), name.len(), out, cap) })
}

/// Frees a name. Returns false if it was free.
pub fn unregister<'b>(name: &str, buffer: &'b mut Buffer) -> Result<bool, Failure<'b>> {
    // SAFETY: the range is `name`.
    let freed =
        buffer.number(|| unsafe { abi::registry::unregister(name.as_ptr(), name.len()) })?;
    Ok(freed != 0)
}
