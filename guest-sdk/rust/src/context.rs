//! Values a process inherited from its spawner.

use crate::{Buffer, Failure, abi};

/// Returns one value, encoded; empty if it was not set.
pub fn get<'b>(key: &str, buffer: &'b mut Buffer) -> Result<&'b [u8], Failure<'b>> {
    // SAFETY: the ranges are `key` and the buffer's.
    buffer.bytes(|out, cap| unsafe { abi::context::get(key.as_ptr(), key.len(), out, cap) })
}

/// Returns all values, as one encoded map.
pub fn all(buffer: &mut Buffer) -> Result<&[u8], Failure<'_>> {
    // SAFETY: the range is the buffer's.
    buffer.bytes(|out, cap| unsafe { abi::context::all(out, cap) })
}
