//! The structured error of the process API: the result of a refused operation,
//! and the end of a failed process.

use std::fmt;
use std::sync::Arc;

pub use warren_values::Kind;

/// One field of an error's details, as the runtime fills them in.
///
/// ```
/// use warren_kernel::Field;
///
/// fn shown(field: &Field) -> String {
///     match field {
///         Field::Text(text) => text.clone(),
///         Field::Number(number) => number.to_string(),
///     }
/// }
///
/// assert_eq!(shown(&Field::from("max_queue")), "max_queue");
/// assert_eq!(shown(&Field::from(7_u64)), "7");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// Text.
    Text(String),
    /// A count or a size.
    Number(u64),
}

/// The part of an error that programs read beside the message.
///
/// ```
/// use warren_kernel::{Details, Error, Field};
///
/// let error = Error::not_found("no such order").with("shop", "eu").with("order", 7_u64);
/// let Some(Details::Fields(fields)) = &error.details else {
///     panic!("the runtime gives fields");
/// };
/// assert_eq!(fields[0], ("shop", Field::Text("eu".to_owned())));
/// assert_eq!(fields[1], ("order", Field::Number(7)));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Details {
    /// From the runtime: names and values, in this order.
    Fields(Vec<(&'static str, Field)>),
    /// From a guest: one encoded value, passed on unchanged.
    Encoded(Arc<[u8]>),
}

/// The fields of the details of an error at a limit.
const LIMIT: &str = "limit";
const VALUE: &str = "value";
const HOST: &str = "host";

/// A structured error. Cheap to pass by box; rare by nature.
///
/// ```
/// use warren_kernel::{Error, Kind};
///
/// let error = Error::new(Kind::Conflict, "the order was changed meanwhile").with("version", 7_u64);
/// assert_eq!(error.retryable, Some(false));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The sort of failure.
    pub kind: Kind,
    /// One sentence for people, without a full stop.
    pub message: String,
    /// True if the same call may succeed later; absent if unknown.
    pub retryable: Option<bool>,
    /// Fields for a program to read.
    pub details: Option<Details>,
    /// The place of the failure, in the notation of the guest's language.
    pub stack: Option<String>,
    /// The texts that the message begins with, the outermost first, each with ": "
    /// behind it. Empty for an error that was never wrapped.
    pub contexts: Box<[String]>,
}

impl Error {
    /// Returns an error of a kind, with a message. Trying again makes sense for the
    /// kinds of failures that pass by themselves.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        let passes = matches!(kind, Kind::RateLimited | Kind::Unavailable | Kind::Timeout);
        Error {
            kind,
            message: message.into(),
            retryable: Some(passes),
            details: None,
            stack: None,
            contexts: Box::default(),
        }
    }

    /// Returns an error for a call that is wrong itself.
    pub fn invalid(message: impl Into<String>) -> Self {
        Error::new(Kind::Invalid, message)
    }

    /// Returns an error for a missing process, name, definition or host.
    pub fn not_found(message: impl Into<String>) -> Self {
        Error::new(Kind::NotFound, message)
    }

    /// Returns the error of a call that a limit refuses, or of a process that a limit has
    /// ended. The details are `{limit, value}`, for programs to decide on: the name of the
    /// limit, and its value in the unit of `docs/limits.md`. [`Error::in_host`] adds the host.
    ///
    /// The kind is `RateLimited` for a limit of what there is or was used so far, and
    /// `Invalid` for a single thing that is larger than it may ever be.
    pub fn at_limit(
        kind: Kind,
        limit: &'static str,
        value: u64,
        message: impl Into<String>,
    ) -> Self {
        Error::new(kind, message)
            .with(LIMIT, limit)
            .with(VALUE, value)
    }

    /// Adds the host to the details of an error at a limit: the host that the limit is of,
    /// or else that of the process that has met it. Other errors, and one that knows its
    /// host, are left alone.
    #[must_use]
    pub fn in_host(self, host: &str) -> Self {
        let Some(Details::Fields(fields)) = &self.details else {
            return self;
        };
        let has = |name| fields.iter().any(|(field, _)| *field == name);
        if has(LIMIT) && has(VALUE) && !has(HOST) {
            self.with(HOST, host)
        } else {
            self
        }
    }

    /// Returns an error for a program that failed without saying more.
    pub fn internal(message: impl Into<String>) -> Self {
        Error::new(Kind::Internal, message)
    }

    /// Returns the words for an error whose message is blank; `None` if it has a message.
    /// A report whose first line is empty would seem to be none.
    #[doc(hidden)]
    pub fn without_message(&self) -> Option<String> {
        if !self.message.trim().is_empty() {
            return None;
        }
        Some(match &self.kind {
            Kind::Unknown => "an error without a message".to_owned(),
            kind => format!("an error of kind {} without a message", kind.as_str()),
        })
    }

    /// Returns the bytes of the error's parts. The runtime's own details are
    /// small and count nothing.
    pub(crate) fn bytes(&self) -> usize {
        let details = match &self.details {
            Some(Details::Encoded(bytes)) => bytes.len(),
            Some(Details::Fields(_)) | None => 0,
        };
        let stack = self.stack.as_ref().map_or(0, String::len);
        let contexts: usize = self.contexts.iter().map(String::len).sum();
        self.kind.as_str().len() + self.message.len() + stack + details + contexts
    }

    /// Returns a field of the details that the runtime has filled in.
    fn field(&self, name: &str) -> Option<&Field> {
        let Some(Details::Fields(fields)) = &self.details else {
            return None;
        };
        let field = fields.iter().find(|(known, _)| *known == name);
        field.map(|(_, field)| field)
    }

    /// Returns the file and the line at which a compiler has stopped, if the error is a
    /// compiler's.
    pub fn place(&self) -> Option<(&str, u64)> {
        match (self.field("file")?, self.field("line")?) {
            (Field::Text(file), Field::Number(line)) => Some((file, *line)),
            _ => None,
        }
    }

    /// Sets whether trying again makes sense.
    #[must_use]
    pub fn retryable(mut self, retryable: bool) -> Self {
        self.retryable = Some(retryable);
        self
    }

    /// Adds one field to the details. Replaces details that came encoded.
    #[must_use]
    pub fn with(mut self, name: &'static str, field: impl Into<Field>) -> Self {
        match &mut self.details {
            Some(Details::Fields(fields)) => fields.push((name, field.into())),
            other => *other = Some(Details::Fields(vec![(name, field.into())])),
        }
        self
    }
}

impl From<String> for Field {
    fn from(text: String) -> Self {
        Field::Text(text)
    }
}

impl From<&str> for Field {
    fn from(text: &str) -> Self {
        Field::Text(text.to_owned())
    }
}

impl From<u64> for Field {
    fn from(number: u64) -> Self {
        Field::Number(number)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_at_a_limit_has_limit_value_and_host() {
        let error = Error::at_limit(Kind::Invalid, "max_message", 7, "too large");
        assert_eq!(
            (error.kind.clone(), error.retryable),
            (Kind::Invalid, Some(false))
        );
        let error = error.in_host("a:b").in_host("c:d");
        let fields = vec![
            ("limit", Field::Text("max_message".into())),
            ("value", Field::Number(7)),
            ("host", Field::Text("a:b".into())),
        ];
        assert_eq!(error.details, Some(Details::Fields(fields)));
    }

    #[test]
    fn a_blank_message_has_words_in_its_place() {
        let words = |kind, text: &str| Error::new(kind, text).without_message();
        let unknown = words(Kind::Unknown, " \n\t");
        assert_eq!(unknown.as_deref(), Some("an error without a message"));
        assert_eq!(
            words(Kind::Internal, "").as_deref(),
            Some("an error of kind Internal without a message")
        );
        assert_eq!(words(Kind::Internal, "boom"), None);
    }

    #[test]
    fn other_errors_have_no_host() {
        let plain = Error::internal("a bug");
        assert_eq!(plain.clone().in_host("a:b"), plain);
        let other = Error::not_found("gone").with("limit", 7);
        assert_eq!(other.clone().in_host("a:b"), other);
    }
}
