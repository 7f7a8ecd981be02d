//! The error codes of `wasi:http`.

use std::fmt;

use warren_kernel::{Details, Error, Field, Kind};

use super::bindings::wasi::http::types::{DnsErrorPayload, ErrorCode};
use crate::capability::http::reason;

/// The failure of a body, as the streams of `wasi:io` carry it.
#[derive(Debug)]
pub(super) struct Failed(pub(super) ErrorCode);

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the body failed: {:?}", self.0)
    }
}

impl std::error::Error for Failed {}

/// Returns the code of an error of the client or the server.
pub(super) fn code_of(error: &Error) -> ErrorCode {
    if let Some(code) = reason_of(error).and_then(code_of_reason) {
        return code;
    }
    match error.kind {
        Kind::PermissionDenied => ErrorCode::HttpRequestDenied,
        Kind::Timeout => ErrorCode::HttpResponseTimeout,
        Kind::RateLimited => ErrorCode::ConnectionLimitReached,
        Kind::Unavailable => ErrorCode::DestinationUnavailable,
        _ => ErrorCode::InternalError(Some(error.message.clone())),
    }
}

fn reason_of(error: &Error) -> Option<&str> {
    let Some(Details::Fields(fields)) = &error.details else {
        return None;
    };
    fields.iter().find_map(|(name, field)| match field {
        Field::Text(text) if *name == reason::NAME => Some(text.as_str()),
        _ => None,
    })
}

fn code_of_reason(reason: &str) -> Option<ErrorCode> {
    Some(match reason {
        reason::DNS => ErrorCode::DnsError(DnsErrorPayload {
            rcode: None,
            info_code: None,
        }),
        reason::DNS_TIMEOUT => ErrorCode::DnsTimeout,
        reason::ADDRESS => ErrorCode::DestinationIpProhibited,
        reason::REFUSED => ErrorCode::ConnectionRefused,
        reason::CLOSED => ErrorCode::ConnectionTerminated,
        reason::CONNECT_TIMEOUT => ErrorCode::ConnectionTimeout,
        reason::READ_TIMEOUT => ErrorCode::ConnectionReadTimeout,
        reason::TLS => ErrorCode::TlsProtocolError,
        reason::CERTIFICATE => ErrorCode::TlsCertificateError,
        reason::PROTOCOL => ErrorCode::HttpProtocolError,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_has_the_code_of_its_reason_or_of_its_kind() {
        let denied = Error::new(Kind::PermissionDenied, "no");
        assert!(matches!(code_of(&denied), ErrorCode::HttpRequestDenied));
        let address = denied.with(reason::NAME, reason::ADDRESS);
        let code = code_of(&address);
        assert!(
            matches!(code, ErrorCode::DestinationIpProhibited),
            "{code:?}"
        );
        let other = Error::new(Kind::Unavailable, "gone").with(reason::NAME, "else");
        assert!(matches!(code_of(&other), ErrorCode::DestinationUnavailable));
        let ErrorCode::InternalError(Some(text)) = code_of(&Error::invalid("odd")) else {
            panic!("it has another code");
        };
        assert_eq!(text, "odd");
    }
}
