//! Decoders of values that run on this side.

use warren_guest::{Value, from_value, to_value};

/// What decodes is written as bytes that decode to the same.
pub(super) fn values(bytes: &[u8]) {
    let Ok(value) = from_value::<Value>(bytes) else {
        return;
    };
    let again = to_value(&value).expect("what was read can be written");
    let read = from_value::<Value>(again.as_slice()).expect("what was written can be read");
    // NaN is no equal of itself; its text is.
    assert_eq!(format!("{value:?}"), format!("{read:?}"));
}

/// The decoder in C stays within its bytes and comes to an end.
pub(super) fn c(bytes: &[u8]) {
    // SAFETY: the function reads `len` bytes at `bytes` and keeps none of them.
    unsafe { warren_fuzz_decode(bytes.as_ptr(), bytes.len()) };
}

unsafe extern "C" {
    /// Reads values until there is none left; see `src/c/decode.c`.
    fn warren_fuzz_decode(bytes: *const u8, len: usize);
}
