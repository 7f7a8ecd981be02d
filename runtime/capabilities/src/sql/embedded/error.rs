//! Errors of statements, in the database's words.

use rusqlite::ErrorCode;
use warren_kernel::{Error, Kind, text};

use super::guard::{Guard, Interrupted};
use crate::limit::beyond;

/// The most characters of a message of the database that an error has. It may quote a whole
/// statement.
const MAX_MESSAGE: usize = 1_000;

/// Returns the error of a statement that the connection of a guard could not run. The most
/// bytes are those of the database, and of a value in the statement.
pub(super) fn of(
    guard: &Guard,
    (max_bytes, max_value): (u64, usize),
    error: &rusqlite::Error,
) -> Error {
    let said = text::clipped(&message(error), MAX_MESSAGE);
    let of_kind = |kind, lead: &str| Error::new(kind, format!("{lead}{said}"));
    let Some(code) = code(error) else {
        return of_kind(Kind::Internal, "the database does not work: ");
    };
    let refused = guard.refused();
    match code {
        ErrorCode::ConstraintViolation => of_kind(Kind::Conflict, ""),
        ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::SchemaChanged => {
            of_kind(Kind::Unavailable, "the database is locked: ")
        }
        ErrorCode::OperationInterrupted => of_interrupted(guard),
        ErrorCode::AuthorizationForStatementDenied => {
            not_available(refused.as_deref().unwrap_or("the statement"))
        }
        // A function that is refused has no code of its own.
        ErrorCode::Unknown if refused.is_some() => not_available(&refused.unwrap_or_default()),
        ErrorCode::DiskFull => {
            let most = max_bytes;
            let message =
                format!("the database is full: it has max_bytes = {most}, or the disk has no room");
            Error::at_limit(Kind::RateLimited, "max_bytes", most, message)
        }
        ErrorCode::TooBig => {
            let most = max_value;
            let message = format!("a value has more than max_result = {most} bytes: {said}");
            beyond("max_result", most, message)
        }
        ErrorCode::OutOfMemory => {
            let message = "the database has no memory for the statement";
            Error::new(Kind::Unavailable, message)
        }
        ErrorCode::ReadOnly => {
            Error::invalid("the statement changes the database, which is open for reading")
        }
        ErrorCode::CannotOpen
        | ErrorCode::SystemIoFailure
        | ErrorCode::FileLockingProtocolFailed
        | ErrorCode::PermissionDenied => of_kind(Kind::Unavailable, "the database does not work: "),
        ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase | ErrorCode::InternalMalfunction => {
            of_kind(Kind::Internal, "the database does not work: ")
        }
        _ => of_kind(Kind::Invalid, ""),
    }
}

fn not_available(what: &str) -> Error {
    let message = format!("{} is not available to programs", text::line(what));
    Error::invalid(message)
}

/// Returns the error of a statement that was interrupted.
pub(super) fn of_interrupted(guard: &Guard) -> Error {
    match guard.interrupted() {
        Some(Interrupted::Canceled) => {
            Error::new(Kind::Canceled, "nobody waits for the statement any more")
        }
        // Its timer may be early by a moment.
        Some(Interrupted::Expired) | None => {
            let most = guard.max_statement();
            let message = format!("the statement took longer than max_statement = {most:?}");
            let value = warren_kernel::nanoseconds(most);
            Error::at_limit(Kind::Timeout, "max_statement", value, message)
        }
    }
}

fn code(error: &rusqlite::Error) -> Option<ErrorCode> {
    match error {
        rusqlite::Error::SqlInputError { error, .. } => Some(error.code),
        other => other.sqlite_error_code(),
    }
}

/// Returns the words of the database, with the place in the statement but not its text.
fn message(error: &rusqlite::Error) -> String {
    match error {
        rusqlite::Error::SqlInputError { msg, offset, .. } => format!("{msg}, at byte {offset}"),
        other => other.to_string(),
    }
}
