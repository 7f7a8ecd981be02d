//! The outcome of a process.

use crate::budget::Spent;
use crate::error::{Details, Error, Kind};
use crate::sync::Arc;

/// The end of a process: a value or an error.
///
/// ```
/// use warren_kernel::{Error, Outcome};
///
/// let failed = Outcome::Failed(Box::new(Error::internal("a bug")));
/// assert!(failed.is_failure());
/// let returned = Outcome::Returned(Some([0_u8; 8].as_slice().into()));
/// assert!(!returned.is_failure());
/// assert!(returned.within(7).is_failure()); // more than a message of 7 bytes
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The process returned, with an encoded value or with nothing.
    Returned(Option<Arc<[u8]>>),
    /// The process failed. Termination counts as a failure.
    Failed(Box<Error>),
}

impl Outcome {
    /// Returns whether the process failed.
    pub fn is_failure(&self) -> bool {
        matches!(self, Outcome::Failed(_))
    }

    /// Returns the outcome of a process that was stopped by force.
    pub(crate) fn terminated() -> Self {
        Outcome::Failed(Box::new(
            Error::new(Kind::Canceled, "process terminated").retryable(false),
        ))
    }

    /// Returns the outcome of a process that does not trap links and is linked
    /// to a process that ended with this outcome: the same error, with a prefix
    /// that names the cause.
    pub(crate) fn of_linked_peer(&self) -> Self {
        match self {
            Outcome::Returned(value) => Outcome::Returned(value.clone()),
            Outcome::Failed(error) => {
                let mut error = error.clone();
                error.message = format!("linked process failed: {}", error.message);
                Outcome::Failed(error)
            }
        }
    }

    /// Returns the bytes of the value or error.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Outcome::Returned(value) => value.as_ref().map_or(0, |value| value.len()),
            Outcome::Failed(error) => error.bytes(),
        }
    }

    /// Returns this outcome for a receiver in this host that has no room for its bytes. A
    /// value is replaced by the news that it was dropped, an error at the receiver's limit. An
    /// error keeps its kind, the beginning of its message, which then says so, and the details
    /// of the runtime: the limit in them is one that the failed process has met.
    pub(crate) fn without_payload(&self, spent: Spent, host: &str) -> Self {
        let (bytes, limit) = (self.bytes(), spent.which.limit());
        let reason = format!("its {bytes} bytes do not fit into the receiver's {limit}");
        Outcome::Failed(Box::new(match self {
            Outcome::Returned(_) => {
                let message = format!("the result was dropped: {reason}");
                Error::at_limit(Kind::RateLimited, limit, spent.limit, message)
                    .in_host(host)
                    .with("bytes", bytes as u64)
            }
            Outcome::Failed(error) => {
                let kept = error.message.floor_char_boundary(KEPT_OF_MESSAGE);
                let rest = if kept < error.message.len() {
                    "..."
                } else {
                    ""
                };
                let message = format!(
                    "{}{rest} (the rest of this error was dropped: {reason})",
                    &error.message[..kept]
                );
                let beginning = Error {
                    retryable: error.retryable,
                    ..Error::new(short(error.kind.clone()), message)
                };
                match &error.details {
                    Some(details @ Details::Fields(_)) => Error {
                        details: Some(details.clone()),
                        ..beginning
                    },
                    Some(Details::Encoded(_)) | None => beginning.with("bytes", bytes as u64),
                }
            }
        }))
    }

    /// Returns this outcome if it has at most the bytes that a message may have. A
    /// larger value is replaced by a failure. A larger error loses the end of its stack; if
    /// that does not suffice, it keeps its kind and the beginning of its message, which
    /// then says so.
    #[must_use]
    pub fn within(self, max_message: usize) -> Self {
        let bytes = self.bytes();
        match self {
            outcome if bytes <= max_message => outcome,
            Outcome::Returned(_) => Outcome::too_large(bytes, max_message),
            Outcome::Failed(error) => cut(*error, bytes, max_message),
        }
    }

    /// Adds the host to the error of a process that a limit has ended; see
    /// [`Error::in_host`].
    #[must_use]
    pub fn in_host(self, host: &str) -> Self {
        match self {
            Outcome::Failed(error) => Outcome::Failed(Box::new(error.in_host(host))),
            returned @ Outcome::Returned(_) => returned,
        }
    }

    /// Returns the failure that replaces a result of `bytes` bytes.
    pub fn too_large(bytes: usize, max_message: usize) -> Self {
        let message = "result too large";
        let too_large = Error::at_limit(Kind::Invalid, "max_message", max_message as u64, message);
        Outcome::Failed(Box::new(too_large.with("bytes", bytes as u64)))
    }
}

/// Bytes kept of an error's message that has no room.
const KEPT_OF_MESSAGE: usize = 200;

/// Most bytes kept of the message of an error of more than `max_message` bytes.
const KEPT_OF_LARGE: usize = 1_000;

/// Returns the failure for an error of `bytes` bytes, which are more than
/// `max_message`: the whole of it but the end of its stack if that suffices; else the
/// beginning of its message, and its stack if there is room.
fn cut(mut error: Error, bytes: usize, max_message: usize) -> Outcome {
    // The stack gives way first: the runtime adds calls to it, to an error that had room.
    let others = bytes - error.stack.as_ref().map_or(0, String::len);
    if let Some(room) = max_message.checked_sub(others) {
        let shorter = |mut stack: String| {
            let kept = stack.floor_char_boundary(room);
            stack.truncate(kept);
            stack
        };
        let stack = error.stack.take().map(shorter);
        error.stack = stack.filter(|stack| !stack.is_empty());
        return Outcome::Failed(Box::new(error));
    }
    let note = format!(
        " (this error has {bytes} bytes, more than max_message = {max_message}: the rest is \
         left out)"
    );
    let kind = short(error.kind);
    let taken = kind.as_str().len() + "...".len() + note.len();
    let Some(room) = max_message.checked_sub(taken) else {
        return Outcome::too_large(bytes, max_message);
    };
    let kept = error.message.floor_char_boundary(room.min(KEPT_OF_LARGE));
    let rest = if kept < error.message.len() {
        "..."
    } else {
        ""
    };
    let message = format!("{}{rest}{note}", &error.message[..kept]);
    Outcome::Failed(Box::new(
        Error {
            retryable: error.retryable,
            stack: error.stack.filter(|stack| stack.len() <= room - kept),
            ..Error::new(kind, message)
        }
        .with("bytes", bytes as u64)
        .with("max_message", max_message as u64),
    ))
}

/// Returns a kind whose word is short.
fn short(kind: Kind) -> Kind {
    match kind {
        Kind::Other(word) if word.len() > KEPT_OF_MESSAGE => Kind::Unknown,
        kind => kind,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_result_over_the_limit_becomes_an_error() {
        let fits = Outcome::Returned(Some(Arc::from([0; 8])));
        assert_eq!(fits.clone().within(8), fits);
        let Outcome::Failed(error) = fits.within(7) else {
            panic!("8 bytes are more than 7");
        };
        assert_eq!(error.message, "result too large");
    }

    fn cut_to(error: Error, max_message: usize) -> Error {
        let outcome = Outcome::Failed(Box::new(error)).within(max_message);
        assert_eq!(outcome.clone().within(max_message), outcome, "cut once");
        match outcome {
            Outcome::Failed(error) => *error,
            returned @ Outcome::Returned(_) => panic!("a failure stays one: {returned:?}"),
        }
    }

    #[test]
    fn an_error_over_the_limit_keeps_its_kind_and_beginning() {
        let long = Error {
            stack: Some("main.lua:1".into()),
            ..Error::new(Kind::Timeout, "\u{e9}".repeat(5_000)).retryable(true)
        };
        assert_eq!(cut_to(long.clone(), 20_000), long);
        let error = cut_to(long.clone(), 10_000);
        assert_eq!((&error.kind, error.retryable), (&Kind::Timeout, Some(true)));
        let beginning = "\u{e9}".repeat(500) + "... (this error has 10017 bytes, ";
        assert!(error.message.starts_with(&beginning), "{error}");
        assert!(error.message.contains("max_message = 10000"), "{error}");
        assert_eq!(error.stack, long.stack);
        // Between the two bytes of a character.
        for max_message in 150..400 {
            let error = cut_to(long.clone(), max_message);
            assert_eq!(error.kind, Kind::Timeout, "{max_message}");
            assert!(error.bytes() <= max_message, "{max_message}: {error}");
        }
        // Not even a note has room.
        let Outcome::Failed(error) = Outcome::Failed(Box::new(long)).within(20) else {
            panic!("a failure stays one");
        };
        assert_eq!(error.message, "result too large");
        let of_details = Error {
            details: Some(crate::error::Details::Encoded(Arc::from([0xc0; 2_000]))),
            ..Error::internal("short")
        };
        let error = cut_to(of_details, 1_000);
        assert!(
            error.message.starts_with("short (this error has"),
            "{error}"
        );
        let of_kind = Error::new(Kind::Other("k".repeat(2_000).into()), "x");
        assert_eq!(cut_to(of_kind, 1_000).kind, Kind::Unknown);
    }

    #[test]
    fn the_stack_of_a_large_error_is_cut_first() {
        let error = Error {
            stack: Some("\u{e9}".repeat(5_000)),
            ..Error::at_limit(Kind::RateLimited, "max_stack", 7, "too deep")
        };
        let cut = cut_to(error.clone(), 1_000);
        assert_eq!(
            (&cut.message, &cut.details),
            (&error.message, &error.details)
        );
        let stack = cut.stack.expect("a part has room");
        assert!(stack.len() > 900, "{}", stack.len());
        assert!(error.stack.is_some_and(|whole| whole.starts_with(&stack)));
    }

    /// The outcome for a receiver in the host `a:b` that has 7 bytes.
    fn without_room(outcome: &Outcome) -> Error {
        let spent = Spent {
            which: crate::budget::Which::Process,
            limit: 7,
        };
        match outcome.without_payload(spent, "a:b") {
            Outcome::Failed(error) => *error,
            returned @ Outcome::Returned(_) => panic!("it has no room: {returned:?}"),
        }
    }

    #[test]
    fn an_error_without_room_stays_as_retryable_as_it_was() {
        let error = Error::new(Kind::RateLimited, "out of processor time").retryable(false);
        let error = without_room(&Outcome::Failed(Box::new(error)));
        assert_eq!(error.retryable, Some(false));
    }

    #[test]
    fn the_limit_of_a_receiver_is_none_of_the_failed_process() {
        let result = without_room(&Outcome::Returned(Some(Arc::from([0; 8]))));
        let message =
            "the result was dropped: its 8 bytes do not fit into the receiver's max_memory";
        let at_limit = Error::at_limit(Kind::RateLimited, "max_memory", 7, message);
        assert_eq!(result, at_limit.in_host("a:b").with("bytes", 8));
        let failed = |error: Error| without_room(&Outcome::Failed(Box::new(error)));
        let plain = failed(Error::internal("x".repeat(300)));
        let beginning = "x".repeat(200) + "... (the rest of this error was dropped: its 308 bytes";
        assert!(plain.message.starts_with(&beginning), "{plain}");
        let bytes = Error::internal("").with("bytes", 308).details;
        assert_eq!((plain.kind, plain.details), (Kind::Internal, bytes));
        // The limit that the process itself has met stays.
        let own = Error::at_limit(Kind::RateLimited, "max_cpu", 9, "x").in_host("c:d");
        let details = own.details.clone();
        assert_eq!(failed(own).details, details);
    }

    #[test]
    fn the_failure_of_a_peer_keeps_the_kind() {
        let cause = Outcome::Failed(Box::new(Error::new(Kind::Timeout, "slow")));
        let Outcome::Failed(error) = cause.of_linked_peer() else {
            panic!("a failure stays a failure");
        };
        assert_eq!(error.kind, Kind::Timeout);
        assert_eq!(error.message, "linked process failed: slow");
    }
}
