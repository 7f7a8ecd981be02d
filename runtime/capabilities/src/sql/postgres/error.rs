//! Errors of statements, in the database's words.

use std::time::Duration;

use warren_kernel::{Error, Kind, text};

use super::super::rows::MAX_RESULT;
use super::messages::ServerError;
use super::session::Failure;
use crate::limit::beyond;

/// The most characters of a message of the database that an error has. It may quote a whole
/// statement.
const MAX_MESSAGE: usize = 1_000;

/// Returns the error of a statement that has no result. `most` is the time that it may take.
pub(super) fn of(failure: &Failure, most: Duration) -> Error {
    match failure {
        Failure::Broken(error) => {
            let message = format!("the connection to the database broke: {error}");
            Error::new(Kind::Unavailable, message)
        }
        Failure::TooLarge => {
            let message =
                format!("a row of the query has more than max_result = {MAX_RESULT} bytes");
            beyond("max_result", MAX_RESULT, message)
        }
        Failure::Server(error) => of_server(error, most),
    }
}

/// Returns the error of a statement that takes too long.
pub(super) fn expired(most: Duration) -> Error {
    let message = format!("the statement took longer than max_statement = {most:?}");
    let value = warren_kernel::nanoseconds(most);
    Error::at_limit(Kind::Timeout, "max_statement", value, message)
}

fn of_server(error: &ServerError, most: Duration) -> Error {
    let of_kind = |kind| with_details(Error::new(kind, words(error)), error);
    match &*error.code {
        CANCELED => expired(most),
        // The words of the server are those of a statement that changes something.
        READ_ONLY => with_details(
            Error::invalid(
                "the statement changes the database, and may only read it: a function that \
                 changes something runs in a transaction of db:begin()",
            ),
            error,
        ),
        IN_FAILED => with_details(
            Error::invalid(
                "a statement of the transaction has failed before: roll it back, or back to a \
                 savepoint",
            ),
            error,
        ),
        NO_PERMISSION => of_kind(Kind::PermissionDenied),
        SERIALIZATION | DEADLOCK | LOCKED => of_kind(Kind::Unavailable),
        code => of_kind(match code.get(..2).unwrap_or_default() {
            // Constraints.
            "23" => Kind::Conflict,
            // The connection, the resources of the server, and its operator; also a user or a
            // database that it does not have.
            "08" | "28" | "3D" | "53" | "57" => Kind::Unavailable,
            // The system around the server, its files and its own faults.
            "58" | "F0" | "XX" => Kind::Internal,
            _ => Kind::Invalid,
        }),
    }
}

const READ_ONLY: &str = "25006";
const IN_FAILED: &str = "25P02";
const SERIALIZATION: &str = "40001";
const DEADLOCK: &str = "40P01";
const NO_PERMISSION: &str = "42501";
const LOCKED: &str = "55P03";
const CANCELED: &str = "57014";

fn words(error: &ServerError) -> String {
    let said = match &error.detail {
        None => error.message.clone(),
        Some(detail) => format!("{}: {detail}", error.message),
    };
    text::clipped(&said, MAX_MESSAGE)
}

fn with_details(error: Error, of: &ServerError) -> Error {
    let error = error.with("sqlstate", text::line(&of.code).to_string());
    match &of.constraint {
        None => error,
        Some(constraint) => error.with("constraint", text::line(constraint).to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind_of(code: &str) -> Kind {
        let error = ServerError {
            code: code.into(),
            message: "words".into(),
            ..ServerError::default()
        };
        of(&Failure::Server(Box::new(error)), Duration::from_secs(5)).kind
    }

    #[test]
    fn codes_have_their_kinds() {
        for (code, kind) in [
            ("23505", Kind::Conflict),
            ("40001", Kind::Unavailable),
            ("42601", Kind::Invalid),
            ("42501", Kind::PermissionDenied),
            ("57014", Kind::Timeout),
            ("57P01", Kind::Unavailable),
            ("25006", Kind::Invalid),
            ("XX000", Kind::Internal),
            ("", Kind::Invalid),
            ("é", Kind::Invalid),
        ] {
            assert_eq!(kind_of(code), kind, "{code}");
        }
    }

    #[test]
    fn the_words_are_those_of_the_database() {
        let error = ServerError {
            code: "23505".into(),
            message: "duplicate key".into(),
            detail: Some("Key (id)=(1) exists.".into()),
            constraint: Some("t_pkey".into()),
        };
        let error = of(&Failure::Server(Box::new(error)), Duration::from_secs(5));
        assert_eq!(error.message, "duplicate key: Key (id)=(1) exists.");
        assert!(format!("{:?}", error.details).contains("t_pkey"));
    }
}
