//! The status of the answer to a request that failed.

use std::collections::BTreeMap;

use http::StatusCode;
use warren_kernel::{Details, Error, Field, Kind};
use warren_values::Value;

use crate::web::request_body::{BODY_LIMIT, READ_TIMEOUT};

/// Seconds after which a client that was refused for want of room may ask again.
pub(super) const RETRY_AFTER: &str = "1";

/// Reads the number of a status.
///
/// # Errors
///
/// `Invalid` for a number that no answer of a process has.
pub(super) fn parse(number: i64) -> Result<StatusCode, Error> {
    let status = u16::try_from(number).ok();
    let status = status.filter(|status| (200..600).contains(status));
    let status = status.and_then(|status| StatusCode::from_u16(status).ok());
    status.ok_or_else(|| Error::invalid(format!("status {number} is not from 200 to 599")))
}

/// Returns the status for the error of a process.
pub(super) fn of_error(error: &Error) -> StatusCode {
    match limit_of(error).as_deref() {
        Some(BODY_LIMIT) => return StatusCode::PAYLOAD_TOO_LARGE,
        Some(READ_TIMEOUT) => return StatusCode::REQUEST_TIMEOUT,
        // The result was too large, which is no fault of the client.
        Some("max_message") => return StatusCode::INTERNAL_SERVER_ERROR,
        _ => {}
    }
    match error.kind {
        Kind::NotFound => StatusCode::NOT_FOUND,
        Kind::Invalid => StatusCode::BAD_REQUEST,
        Kind::PermissionDenied => StatusCode::FORBIDDEN,
        // A process that has used up what it may use itself has failed.
        Kind::RateLimited if error.retryable != Some(false) => StatusCode::TOO_MANY_REQUESTS,
        Kind::Timeout => StatusCode::GATEWAY_TIMEOUT,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Returns the status for the error of a start: nothing has run.
pub(super) fn of_start(error: &Error) -> StatusCode {
    match error.kind {
        Kind::RateLimited | Kind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// Returns the name of the limit that an error is about.
fn limit_of(error: &Error) -> Option<String> {
    match error.details.as_ref()? {
        Details::Fields(fields) => fields.iter().find_map(|(name, field)| match field {
            Field::Text(text) if *name == "limit" => Some(text.clone()),
            _ => None,
        }),
        Details::Encoded(bytes) => {
            let mut details: BTreeMap<String, Value> = warren_values::from_value(bytes).ok()?;
            match details.remove("limit")? {
                Value::String(limit) => Some(limit),
                _ => None,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::request_body::too_large;

    #[test]
    fn kinds_have_their_status() {
        for (kind, status) in [
            (Kind::NotFound, 404),
            (Kind::Invalid, 400),
            (Kind::PermissionDenied, 403),
            (Kind::RateLimited, 429),
            (Kind::Timeout, 504),
            (Kind::Internal, 500),
            (Kind::Unavailable, 500),
            (Kind::Canceled, 500),
            (Kind::Conflict, 500),
        ] {
            assert_eq!(of_error(&Error::new(kind, "x")), status);
        }
        let own = Error::new(Kind::RateLimited, "out of memory").retryable(false);
        assert_eq!(of_error(&own), 500);
        assert_eq!(of_start(&Error::new(Kind::RateLimited, "full")), 503);
        assert_eq!(of_start(&Error::not_found("no definition")), 500);
    }

    #[test]
    fn limits_of_the_request_have_theirs_also_behind_a_guest() {
        let error = too_large(7);
        assert_eq!(of_error(&error), 413);
        let details = BTreeMap::from([("limit", BODY_LIMIT)]);
        let encoded = warren_values::to_value(&details).unwrap();
        let error = Error {
            details: Some(Details::Encoded(encoded.as_slice().into())),
            ..Error::invalid("x")
        };
        assert_eq!(of_error(&error), 413);
        let slow = Error::at_limit(Kind::Timeout, READ_TIMEOUT, 1, "x");
        assert_eq!(of_error(&slow), 408);
        let large = Error::at_limit(Kind::Invalid, "max_message", 1, "x");
        assert_eq!(of_error(&large), 500);
    }
}
