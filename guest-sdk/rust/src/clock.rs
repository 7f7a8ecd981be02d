//! Clocks.

use crate::abi;

/// Nanoseconds since 1970-01-01T00:00:00Z. May jump.
pub fn now() -> i64 {
    // SAFETY: no argument refers to memory.
    unsafe { abi::clock::now() }
}

/// Nanoseconds since a point before the process began. Never goes back; the
/// clock of every deadline.
pub fn monotonic() -> u64 {
    // SAFETY: no argument refers to memory.
    unsafe { abi::clock::monotonic() as u64 }
}
