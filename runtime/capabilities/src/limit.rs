//! Errors of requests that are larger than they may be.

use warren_kernel::{Error, Kind, MAX_NAME_BYTES};

/// Returns the error of a request that exceeds a limit: `Invalid`, as it can never succeed.
pub(crate) fn beyond(limit: &'static str, value: usize, message: impl Into<String>) -> Error {
    Error::at_limit(Kind::Invalid, limit, value as u64, message)
}

/// Refuses a text that is longer than a name.
///
/// # Errors
///
/// `Invalid`, with the limit.
pub(crate) fn check_name_length(what: &str, text: &str) -> Result<(), Error> {
    if text.len() <= MAX_NAME_BYTES {
        return Ok(());
    }
    let message = format!(
        "{what} is {} bytes, more than max_name = {MAX_NAME_BYTES}",
        text.len()
    );
    Err(beyond("max_name", MAX_NAME_BYTES, message))
}
