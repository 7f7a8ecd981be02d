//! Randomness fit for keys and hash seeds.

use crate::abi;

/// Fills `out`, which may be at most 65,536 bytes long.
pub fn fill(out: &mut [u8]) {
    // SAFETY: the range is `out`.
    unsafe { abi::random::bytes(out.as_mut_ptr(), out.len()) }
}
