//! Clocks.

use crate::abi;

/// Returns nanoseconds since 1970-01-01T00:00:00Z. May jump.
pub fn now() -> i64 {
    // SAFETY: no argument refers to memory.
    unsafe { abi::clock::now() }
}

/// Returns nanoseconds since a point before the process began. Never goes back;
/// all deadlines use this clock.
pub fn monotonic() -> u64 {
    // SAFETY: no argument refers to memory.
    unsafe { abi::clock::monotonic() as u64 }
}
