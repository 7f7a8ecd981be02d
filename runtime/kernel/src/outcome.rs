//! The outcome of a process.

use crate::budget::Spent;
use crate::error::{Error, Kind};
use crate::sync::Arc;

/// The end of a process: a value or an error.
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

    /// Returns this outcome for a receiver that has no room for its bytes. A
    /// value is replaced by the news that it was dropped; an error keeps its
    /// kind and the beginning of its message.
    pub(crate) fn without_payload(&self, spent: Spent) -> Self {
        let dropped = |kind, message: String| {
            Error::new(kind, message)
                .with("bytes", self.bytes() as u64)
                .with("limit", spent.which.limit())
                .with("value", spent.limit)
        };
        Outcome::Failed(Box::new(match self {
            Outcome::Returned(_) => dropped(
                Kind::RateLimited,
                format!(
                    "the result was dropped: its {} bytes do not fit into the receiver's {}",
                    self.bytes(),
                    spent.which.limit()
                ),
            ),
            Outcome::Failed(error) => {
                let kept = error.message.floor_char_boundary(KEPT_OF_MESSAGE);
                let kind = match &error.kind {
                    Kind::Other(word) if word.len() > KEPT_OF_MESSAGE => Kind::Unknown,
                    kind => kind.clone(),
                };
                dropped(kind, format!("{}...", &error.message[..kept]))
            }
        }))
    }

    /// Returns this outcome, or the failure that replaces it if it has more
    /// bytes than a message may have.
    #[must_use]
    pub fn within(self, max_message: usize) -> Self {
        let bytes = self.bytes();
        if bytes <= max_message {
            return self;
        }
        Outcome::too_large(bytes, max_message)
    }

    /// Returns the failure that replaces a result or an error of `bytes` bytes.
    pub fn too_large(bytes: usize, max_message: usize) -> Self {
        let too_large = Error::invalid("result too large")
            .with("bytes", bytes as u64)
            .with("max_message", max_message as u64);
        Outcome::Failed(Box::new(too_large))
    }
}

/// Bytes kept of an error's message that has no room.
const KEPT_OF_MESSAGE: usize = 200;

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
        let long = Outcome::Failed(Box::new(Error::internal("x".repeat(100))));
        assert_eq!(long.clone().within(200), long);
        assert_ne!(long.clone().within(99), long);
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
