//! The errors of requests.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use warren_engine::capability::Origin;
use warren_engine::capability::http::reason;
use warren_kernel::{Error, Kind, text};

use super::headers::MAX_HEADERS;

/// The error of a URL whose origin is not granted to a definition.
pub(super) fn not_granted(definition: &str, origin: &Origin, path: &str) -> Error {
    let url = format!("{origin}{path}");
    let message = format!(
        "not granted: http.request on {}; grant it by http = [\"{origin}\"] in \
         [grants.\"{definition}\"], or by --http {origin}",
        text::clipped(&url, SHOWN)
    );
    Error::new(Kind::PermissionDenied, message)
        .with("action", "http.request")
        .with("resource", origin.as_str())
}

/// The error of a server that has private addresses alone, which the grant does not cover.
pub(super) fn private(host: &str) -> Error {
    let host = text::line(host);
    let message = format!(
        "{host} has no public address; addresses of this machine and of private networks need a \
         grant that names the host with private = true"
    );
    Error::new(Kind::PermissionDenied, message).with(reason::NAME, reason::ADDRESS)
}

/// The error of a server that cannot be reached.
pub(super) fn unreachable(host: &str, why: &str, reason: &'static str) -> Error {
    let message = format!("cannot connect to {}: {why}", text::line(host));
    Error::new(Kind::Unavailable, message).with(reason::NAME, reason)
}

/// The error of an answer with a header that is too long.
pub(super) fn long_head(origin: &str) -> Error {
    let message = format!("no answer of {origin}: its header has more than {MAX_HEADERS} bytes");
    Error::new(Kind::Unavailable, message).with(reason::NAME, reason::PROTOCOL)
}

/// The error of a request that took longer than its time limit.
pub(super) fn timeout(origin: &str, limit: Duration) -> Error {
    let message = format!("{origin} did not answer within {limit:?}");
    let nanoseconds = warren_kernel::nanoseconds(limit);
    Error::at_limit(Kind::Timeout, "timeout", nanoseconds, message)
}

/// The error of a server that stopped sending.
pub(super) fn silence(origin: &str, limit: Duration) -> Error {
    let message = format!("{origin} has sent nothing for {limit:?}");
    Error::at_limit(
        Kind::Timeout,
        "timeout",
        warren_kernel::nanoseconds(limit),
        message,
    )
    .with(reason::NAME, reason::READ_TIMEOUT)
}

/// The error of an exchange that failed. An error of the client's own, such as that of a
/// connection or of the request's body, is passed on as it is.
pub(super) fn of(error: &(dyn StdError + 'static), origin: &str) -> Error {
    let mut cause = Some(error);
    let mut why = ("the exchange failed".to_owned(), reason::PROTOCOL);
    // Causes form a chain, which ends.
    while let Some(error) = cause {
        if let Some(own) = error.downcast_ref::<Error>() {
            return own.clone();
        }
        if let Some(found) = of_hyper(error).or_else(|| of_system(error)) {
            why = found;
        }
        cause = next(error);
    }
    let (why, reason) = why;
    let message = format!("no answer of {origin}: {why}");
    Error::new(Kind::Unavailable, message).with(reason::NAME, reason)
}

/// Returns the cause of an error. That of an error of the system is the error inside.
fn next<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a (dyn StdError + 'static)> {
    match error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref)
    {
        Some(inner) => Some(inner),
        None => error.source(),
    }
}

fn of_hyper(error: &(dyn StdError + 'static)) -> Option<(String, &'static str)> {
    let error = error.downcast_ref::<hyper::Error>()?;
    Some(if error.is_parse() {
        (format!("it is no HTTP: {error}"), reason::PROTOCOL)
    } else if error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        (
            "the server has closed the connection".to_owned(),
            reason::CLOSED,
        )
    } else {
        (error.to_string(), reason::PROTOCOL)
    })
}

fn of_system(error: &(dyn StdError + 'static)) -> Option<(String, &'static str)> {
    let error = error.downcast_ref::<io::Error>()?;
    let reason = match error.kind() {
        io::ErrorKind::ConnectionReset
        | io::ErrorKind::ConnectionAborted
        | io::ErrorKind::BrokenPipe
        | io::ErrorKind::UnexpectedEof => reason::CLOSED,
        _ => reason::PROTOCOL,
    };
    Some((error.to_string(), reason))
}

/// Characters of a URL in a message.
const SHOWN: usize = 200;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_error_of_a_grant_says_what_to_grant() {
        let origin = Origin::of("https://a.org/v1?key=secret").unwrap();
        let error = not_granted("app:main", &origin, "/v1");
        assert_eq!(
            error.message,
            "not granted: http.request on https://a.org/v1; grant it by http = [\"https://a.org\"] \
             in [grants.\"app:main\"], or by --http https://a.org"
        );
        let long = not_granted("app:main", &origin, &"x".repeat(100_000));
        assert!(long.message.len() < 600, "{}", long.message.len());
    }

    #[test]
    fn an_error_of_the_client_itself_is_passed_on() {
        let own = private("a.org");
        let wrapped = io::Error::other(own.clone());
        assert_eq!(of(&wrapped, "http://a.org"), own);
        let reset = io::Error::from(io::ErrorKind::ConnectionReset);
        let error = of(&reset, "http://a.org");
        assert_eq!(
            (error.kind.clone(), error.retryable),
            (Kind::Unavailable, Some(true))
        );
        assert!(
            error.message.starts_with("no answer of http://a.org: "),
            "{error}"
        );
    }
}
