//! The errors of the embedder's calls.

use std::path::PathBuf;
use std::sync::Arc;

use thiserror::Error;
use warren_capabilities::{DataError, QueueError, TokenStoreError, VolumeError};
use warren_kernel::{Details, Error, Field, Kind};

use crate::own_directories::Reached;
use crate::values::{self, Limit};

/// The reason why the runtime cannot be started.
///
/// ```
/// use warren::{Runtime, StartError};
///
/// let builder = Runtime::builder().lua("no id", "return 1");
/// assert!(matches!(builder.start(), Err(StartError::Id(_))));
/// ```
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum StartError {
    /// A definition given in memory has an invalid name.
    #[error(transparent)]
    Id(#[from] crate::app::IdError),
    /// Two definitions given in memory have the same id.
    #[error("{id} is defined twice")]
    Duplicate {
        /// The id.
        id: Arc<str>,
    },
    /// Services of the program depend on a missing one, or on each other.
    #[error(transparent)]
    Services(#[from] crate::app::DependencyError),
    /// A route, router or directory of files needs a thing that is not there.
    #[error("{object} {name} needs {needs} {needed}, which is not there")]
    Missing {
        /// The sort of thing, in a word.
        object: &'static str,
        /// Its name.
        name: String,
        /// The sort of thing that it needs, in a word.
        needs: &'static str,
        /// The name of that.
        needed: String,
    },
    /// A grant lets the program write to the code cache, whose code runs
    /// outside of any sandbox.
    #[error(
        "writing {} cannot be granted: it would let the program change the code cache {}, which \
         the next start runs",
        path.display(),
        cache.display()
    )]
    CacheGranted {
        /// The granted directory.
        path: PathBuf,
        /// The directory of the cache.
        cache: PathBuf,
    },
    /// A grant lets the program write to the directory of its data, whose files only the
    /// runtime may change.
    #[error(
        "writing {} cannot be granted: it would let the program change its data in {} behind the \
         runtime's back",
        path.display(),
        data.display()
    )]
    DataGranted {
        /// The granted path.
        path: PathBuf,
        /// The directory of the data.
        data: PathBuf,
    },
    /// The directory of the data, or a file in it, cannot be used.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Queues do not fit together.
    #[error(transparent)]
    Queues(QueueError),
    /// A consumer takes from a queue that is not there.
    #[error("the consumer {consumer} has no queue {queue}: there is no such queue")]
    NoQueue {
        /// The consumer.
        consumer: Arc<str>,
        /// The id of the queue.
        queue: Arc<str>,
    },
    /// A store of tokens keeps them in a store that is not there.
    #[error(transparent)]
    Tokens(#[from] TokenStoreError),
    /// The directory of a volume cannot be used.
    #[error(transparent)]
    Volume(#[from] VolumeError),
    /// Threads or hosts could not be created.
    #[error(transparent)]
    Node(#[from] warren_engine::NodeError),
}

impl From<QueueError> for StartError {
    fn from(error: QueueError) -> StartError {
        match error {
            QueueError::Data(error) => StartError::Data(error),
            other => StartError::Queues(other),
        }
    }
}

impl From<Reached> for StartError {
    fn from(reached: Reached) -> StartError {
        match reached {
            Reached::Cache { path, cache } => StartError::CacheGranted { path, cache },
            Reached::Data { path, data } => StartError::DataGranted { path, data },
        }
    }
}

/// The reason why a call of the embedder's fails. In host function processes `?`
/// converts it to an [`Error`](struct@Error), which a guest would see.
///
/// ```
/// use warren::{CallError, Kind, Runtime};
///
/// async fn stock(runtime: &Runtime) -> i64 {
///     match runtime.exec::<i64>("shop:stock").await {
///         Ok(left) => left,
///         // Nothing has happened: the shop is full, or has no such definition.
///         Err(CallError::Refused(error)) => panic!("cannot ask: {error}"),
///         Err(CallError::Failed(error)) if error.kind == Kind::NotFound => 0,
///         Err(error) => panic!("{error}"),
///     }
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum CallError {
    /// A value could not be written or read. If it could not be written,
    /// nothing was sent or started.
    #[error("{what}: {error}")]
    Value {
        /// The kind of value.
        what: &'static str,
        /// The codec's error.
        #[source]
        error: values::CodecError,
    },
    /// The runtime refused the call, which has had no effect.
    #[error(transparent)]
    Refused(#[from] Error),
    /// The process was started, and ended with this error.
    #[error("{0}")]
    Failed(#[source] Box<Error>),
}

impl CallError {
    /// Returns the sort of failure.
    pub fn kind(&self) -> &Kind {
        match self {
            CallError::Value { .. } => &Kind::Invalid,
            CallError::Refused(error) => &error.kind,
            CallError::Failed(error) => &error.kind,
        }
    }

    /// Returns the limit that the call or the process has met, if the error is about one:
    ///
    /// ```
    /// use warren::{HostLimits, Runtime, Spawn};
    ///
    /// # #[tokio::main] async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let cache = std::env::temp_dir().join("warren-doctest-cache");
    /// let runtime = Runtime::builder()
    ///     .host("tenant:acme", HostLimits::default().max_processes(0))
    ///     .lua("acme:work", "return 1")
    /// #    .cache(cache)
    ///     .start()?;
    /// let work = Spawn::new("acme:work").host("tenant:acme");
    /// let limit = runtime.spawn(work).await.unwrap_err().limit().unwrap();
    /// assert_eq!((limit.name.as_str(), limit.value), ("max_processes", 0));
    /// assert_eq!(limit.host.as_deref(), Some("tenant:acme"));
    /// # Ok(()) }
    /// ```
    pub fn limit(&self) -> Option<Limit> {
        match self {
            CallError::Value { error, .. } => error.limit(),
            CallError::Refused(error) => error_limit(error),
            CallError::Failed(error) => error_limit(error),
        }
    }

    /// Returns a function that converts an error of the codec for a kind of
    /// value.
    pub(crate) fn value(what: &'static str) -> impl FnOnce(values::CodecError) -> CallError {
        move |error| CallError::Value { what, error }
    }
}

impl From<CallError> for Error {
    fn from(error: CallError) -> Error {
        match error {
            CallError::Value { what, error } => {
                let error = values::Error::from(error).wrap(what);
                error_of_value(error.with_retryable(false))
            }
            CallError::Refused(error) => error,
            CallError::Failed(error) => *error,
        }
    }
}

/// Converts an error to a value that can be part of a message.
///
/// ```
/// use warren::{Error, error_as_value, error_of_value};
///
/// let error = Error::not_found("no such article").with("article", 7_u64);
/// let value = error_as_value(&error);
/// assert_eq!(error_of_value(value).message, "no such article");
/// ```
pub fn error_as_value(error: &Error) -> values::Error {
    values::Error {
        kind: error.kind.as_str().to_owned(),
        message: error.message.clone(),
        retryable: error.retryable,
        details: match &error.details {
            None => Vec::new(),
            Some(Details::Encoded(bytes)) => bytes.to_vec(),
            Some(Details::Fields(fields)) => of_fields(fields),
        },
        stack: error.stack.clone(),
        contexts: error.contexts.clone(),
    }
}

/// Converts a value back to the error it was made from.
pub fn error_of_value(error: values::Error) -> Error {
    Error {
        kind: Kind::from(error.kind.as_str()),
        message: error.message,
        retryable: error.retryable,
        details: (!error.details.is_empty()).then(|| Details::Encoded(error.details.into())),
        stack: error.stack,
        contexts: error.contexts,
    }
}

/// Returns the details of an error, if it has any of this type.
///
/// ```
/// use warren::{Error, error_details};
///
/// #[derive(serde::Deserialize)]
/// struct Missing { article: u32 }
///
/// let error = Error::not_found("no such article").with("article", 7_u64);
/// assert_eq!(error_details::<Missing>(&error).unwrap().article, 7);
/// ```
pub fn error_details<T: serde::de::DeserializeOwned>(error: &Error) -> Option<T> {
    let bytes = error_as_value(error).details;
    (!bytes.is_empty())
        .then(|| values::from_value(&bytes).ok())
        .flatten()
}

/// Returns the limit that an error names in its details, if it is about one:
/// [`CallError::limit`] for an [`Error`](struct@Error), such as that of an
/// [`Event`](crate::Event).
pub fn error_limit(error: &Error) -> Option<Limit> {
    error_as_value(error).limit()
}

fn of_fields(fields: &[(&'static str, Field)]) -> Vec<u8> {
    let pairs = fields.iter().map(|(name, field)| {
        let value = match field {
            Field::Text(text) => values::Value::String(text.clone()),
            Field::Number(number) => i64::try_from(*number)
                .map_or(values::Value::Float(*number as f64), values::Value::Integer),
        };
        (values::Value::from(*name), value)
    });
    let map = values::Value::Map(pairs.collect());
    // Text and numbers can always be written.
    values::to_value(&map).map_or_else(|_| Vec::new(), |out| out.as_slice().to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_becomes_a_value_and_back() {
        let error = Error::new(Kind::RateLimited, "full")
            .with("queue", "inbox")
            .with("limit", 3);
        let value = error_as_value(&error);
        assert_eq!(value.retryable, Some(true));
        let again = error_of_value(value);
        assert_eq!((&again.kind, &again.message), (&error.kind, &error.message));
        let details: (String, u64) = {
            let map: std::collections::BTreeMap<String, values::Value> =
                error_details(&again).unwrap();
            (map["queue"].to().unwrap(), map["limit"].to().unwrap())
        };
        assert_eq!(details, ("inbox".to_owned(), 3));
        assert_eq!(error_details::<u8>(&Error::internal("x")), None);
    }

    #[test]
    fn a_call_error_is_the_error_a_guest_would_see() {
        let refused = CallError::from(Error::not_found("gone"));
        assert_eq!(refused.kind(), &Kind::NotFound);
        assert_eq!(Error::from(refused), Error::not_found("gone"));
        let codec = values::from_value::<u8>(b"").unwrap_err();
        let wrong = CallError::value("the arguments")(codec);
        assert_eq!(wrong.kind(), &Kind::Invalid);
        assert!(Error::from(wrong).message.starts_with("the arguments: "));
    }
}
