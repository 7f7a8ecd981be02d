//! Optional values in the flat ABI.

/// Returns a range of memory, with length -1 if absent.
pub(crate) fn range(bytes: Option<&[u8]>) -> (*const u8, isize) {
    match bytes {
        Some(bytes) => (bytes.as_ptr(), bytes.len() as isize),
        None => (core::ptr::null(), -1),
    }
}

/// Returns an instant or a duration in nanoseconds, -1 if absent. A time beyond
/// the range of the ABI lies some 292 years ahead and counts as the last one.
pub(crate) fn nanoseconds(time: Option<u64>) -> i64 {
    time.map_or(-1, |time| i64::try_from(time).unwrap_or(i64::MAX))
}
