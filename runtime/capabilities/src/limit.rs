//! Errors of requests that are larger than they may be, and of those beyond what a process
//! may have.

use warren_kernel::{Error, Kind, MAX_NAME_BYTES, Process};

/// Returns the error of a request that exceeds a limit: `Invalid`, as it can never succeed.
pub(crate) fn beyond(limit: &'static str, value: usize, message: impl Into<String>) -> Error {
    Error::at_limit(Kind::Invalid, limit, value as u64, message)
}

/// Refuses one more subscription of a process that has as many as its host permits. A guest
/// may close the feed of a subscription alone, so the open ones are counted by their keeper.
///
/// # Errors
///
/// `RateLimited`, with the limit; `attempt` says what was tried.
pub(crate) fn check_subscriptions(
    process: &Process,
    open: usize,
    attempt: &str,
) -> Result<(), Error> {
    let host = process.host();
    let limit = host.config().max_subscriptions;
    if open < limit {
        return Ok(());
    }
    let message = format!(
        "cannot {attempt}: the process has reached max_subscriptions = {limit} of host {}",
        host.name()
    );
    let kind = Kind::RateLimited;
    let error = Error::at_limit(kind, "max_subscriptions", limit as u64, message);
    Err(error.in_host(host.name()))
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
