//! How a process ended.

use crate::error::{Details, Error, Kind};
use crate::sync::Arc;

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It returned, with an encoded value or with nothing.
    Returned(Option<Arc<[u8]>>),
    /// It failed. Being terminated counts as a failure.
    Failed(Box<Error>),
}

impl Outcome {
    /// Whether the process failed.
    pub fn is_failure(&self) -> bool {
        matches!(self, Outcome::Failed(_))
    }

    /// The end of a process that was stopped by force.
    pub(crate) fn terminated() -> Self {
        Outcome::Failed(Box::new(
            Error::new(Kind::Canceled, "process terminated").retryable(false),
        ))
    }

    /// The end of a process that did not trap its links, of which one failed
    /// like this: the same error, with what it means here before it.
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

    /// This outcome, or the failure that takes its place because it has more
    /// bytes than a message may.
    #[must_use]
    pub fn within(self, max_message: usize) -> Self {
        let bytes = match &self {
            Outcome::Returned(value) => value.as_ref().map_or(0, |value| value.len()),
            Outcome::Failed(error) => error_bytes(error),
        };
        if bytes <= max_message {
            return self;
        }
        Outcome::too_large(bytes, max_message)
    }

    /// The failure in place of a result or an error of so many bytes.
    pub fn too_large(bytes: usize, max_message: usize) -> Self {
        let too_large = Error::invalid("result too large")
            .with("bytes", bytes as u64)
            .with("max_message", max_message as u64);
        Outcome::Failed(Box::new(too_large))
    }
}

fn error_bytes(error: &Error) -> usize {
    let details = match &error.details {
        Some(Details::Encoded(bytes)) => bytes.len(),
        // The runtime's own are small.
        Some(Details::Fields(_)) | None => 0,
    };
    error.kind.as_str().len()
        + error.message.len()
        + error.stack.as_ref().map_or(0, String::len)
        + details
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
