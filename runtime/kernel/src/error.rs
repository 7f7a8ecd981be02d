//! The structured error of the process API: the result of a refused operation,
//! and the end of a failed process.

use std::fmt;
use std::sync::Arc;

pub use warren_values::Kind;

/// One field of an error's details, as the runtime fills them in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Field {
    /// Text.
    Text(String),
    /// A count or a size.
    Number(u64),
}

/// The part of an error that programs read beside the message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Details {
    /// From the runtime: names and values, in this order.
    Fields(Vec<(&'static str, Field)>),
    /// From a guest: one encoded value, passed on unchanged.
    Encoded(Arc<[u8]>),
}

/// A structured error. Cheap to pass by box; rare by nature.
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

    /// Returns an error for a limit that is reached; the same call may succeed
    /// later.
    pub fn rate_limited(message: impl Into<String>) -> Self {
        Error::new(Kind::RateLimited, message)
    }

    /// Returns an error for a program that failed without saying more.
    pub fn internal(message: impl Into<String>) -> Self {
        Error::new(Kind::Internal, message)
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
