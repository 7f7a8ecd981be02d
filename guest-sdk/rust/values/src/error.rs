//! The structured error as an owned record.

use core::fmt;

use crate::kinds::kind;
use crate::msgpack::{Full, Input, Malformed, Output, Token};

/// A structured error: the error of a failed call, and of a process that
/// failed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Error {
    /// One of the kinds of the WIT package, or empty if nothing is known.
    pub kind: String,
    /// One sentence for people, without a full stop.
    pub message: String,
    /// True if the same call may succeed later; `None` if unknown.
    pub retryable: Option<bool>,
    /// A value for programs, encoded; empty for none.
    pub details: Vec<u8>,
    /// The place of the failure, in the notation of the guest's language.
    pub stack: Option<String>,
    /// The texts that the message begins with, the outermost first, each with ": "
    /// behind it. [`wrap`](Self::wrap) adds one.
    pub contexts: Box<[String]>,
}

impl Error {
    /// Returns an error of a kind with a message, and nothing more.
    pub fn new(kind: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            kind: kind.into(),
            message: message.into(),
            ..Self::default()
        }
    }

    /// Returns whether the error is of this [`kind`].
    pub fn is(&self, kind: &str) -> bool {
        self.kind == kind
    }

    /// Sets whether a second try may succeed.
    pub fn with_retryable(mut self, retryable: bool) -> Self {
        self.retryable = Some(retryable);
        self
    }

    /// Prefixes the message with `context: `.
    pub fn wrap(mut self, context: impl fmt::Display) -> Self {
        let context = context.to_string();
        self.message = format!("{context}: {}", self.message);
        let outer = core::iter::once(context);
        self.contexts = outer.chain(core::mem::take(&mut self.contexts)).collect();
        self
    }

    /// Reads an encoded error. Missing or malformed parts stay empty, so that
    /// an error is never lost for its form.
    pub fn decode(bytes: &[u8]) -> Self {
        let mut error = Self::default();
        if error.read(bytes).is_err() && error.message.is_empty() {
            error.message = "an error that could not be read".into();
        }
        error
    }

    /// Writes the error as ext type 1.
    pub fn encode(&self, out: &mut Output) -> Result<(), Full> {
        let open = out.open()?;
        let wrapped = !self.contexts.is_empty();
        out.array(5 + u32::from(wrapped))?;
        out.string(self.kind.as_bytes())?;
        out.string(self.message.as_bytes())?;
        match self.retryable {
            Some(retryable) => out.boolean(retryable)?,
            None => out.nil()?,
        }
        if self.details.is_empty() {
            out.nil()?
        } else {
            out.raw(&self.details)?
        }
        match &self.stack {
            Some(stack) => out.string(stack.as_bytes())?,
            None => out.nil()?,
        }
        if wrapped {
            out.array(u32::try_from(self.contexts.len()).unwrap_or(u32::MAX))?;
            for context in &self.contexts {
                out.string(context.as_bytes())?;
            }
        }
        out.finish_error(open)
    }

    fn read(&mut self, bytes: &[u8]) -> Result<(), Malformed> {
        let Token::Error(payload) = Input::new(bytes).token()? else {
            return Err(Malformed::Unexpected);
        };
        let mut input = Input::new(payload);
        let Token::Array(len) = input.token()? else {
            return Err(Malformed::Unexpected);
        };
        for place in 0..len {
            let value = input.value()?;
            let token = Input::new(value).token()?;
            match (place, token) {
                (0, Token::String(kind)) => self.kind = String::from_utf8_lossy(kind).into_owned(),
                (1, Token::String(message)) => {
                    self.message = String::from_utf8_lossy(message).into_owned()
                }
                (2, Token::Boolean(retryable)) => self.retryable = Some(retryable),
                (3, Token::Nil | Token::Null) => {}
                (3, _) => self.details = value.to_vec(),
                (4, Token::String(stack)) => {
                    self.stack = Some(String::from_utf8_lossy(stack).into_owned())
                }
                (5, _) => self.contexts = contexts_of(value),
                _ => {}
            }
        }
        Ok(())
    }
}

/// Reads the encoded contexts of an error. What is no list of texts has none.
pub(crate) fn contexts_of(value: &[u8]) -> Box<[String]> {
    let read = || {
        let mut input = Input::new(value);
        let Token::Array(len) = input.token()? else {
            return Err(Malformed::Unexpected);
        };
        let mut contexts = Vec::new();
        for _ in 0..len {
            let Token::String(context) = input.token()? else {
                return Err(Malformed::Unexpected);
            };
            contexts.push(String::from_utf8_lossy(context).into_owned());
        }
        Ok(contexts.into_boxed_slice())
    };
    read().unwrap_or_default()
}

macro_rules! constructors {
    ($($(#[$doc:meta])* $name:ident = $kind:ident;)*) => {
        impl Error {
            $(
                $(#[$doc])*
                pub fn $name(message: impl Into<String>) -> Self {
                    Error::new(kind::$kind, message)
                }
            )*
        }
    };
}

constructors! {
    /// Returns an error of kind [`NOT_FOUND`](kind::NOT_FOUND).
    not_found = NOT_FOUND;
    /// Returns an error of kind [`ALREADY_EXISTS`](kind::ALREADY_EXISTS).
    already_exists = ALREADY_EXISTS;
    /// Returns an error of kind [`INVALID`](kind::INVALID).
    invalid = INVALID;
    /// Returns an error of kind [`PERMISSION_DENIED`](kind::PERMISSION_DENIED).
    permission_denied = PERMISSION_DENIED;
    /// Returns an error of kind [`UNAVAILABLE`](kind::UNAVAILABLE).
    unavailable = UNAVAILABLE;
    /// Returns an error of kind [`INTERNAL`](kind::INTERNAL).
    internal = INTERNAL;
    /// Returns an error of kind [`CANCELED`](kind::CANCELED).
    canceled = CANCELED;
    /// Returns an error of kind [`CONFLICT`](kind::CONFLICT).
    conflict = CONFLICT;
    /// Returns an error of kind [`TIMEOUT`](kind::TIMEOUT).
    timeout = TIMEOUT;
    /// Returns an error of kind [`RATE_LIMITED`](kind::RATE_LIMITED).
    rate_limited = RATE_LIMITED;
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl core::error::Error for Error {}

impl From<String> for Error {
    fn from(message: String) -> Self {
        Error::new(kind::UNKNOWN, message)
    }
}

impl From<&str> for Error {
    fn from(message: &str) -> Self {
        Error::new(kind::UNKNOWN, message)
    }
}

/// Errors of the standard library become errors of kind `Internal`, so that
/// `?` takes them.
macro_rules! from_std {
    ($($ty:ty)*) => { $(
        impl From<$ty> for Error {
            fn from(error: $ty) -> Self {
                Error::internal(error.to_string())
            }
        }
    )* };
}

from_std! {
    Box<dyn core::error::Error>
    Box<dyn core::error::Error + Send + Sync>
    core::fmt::Error
    core::num::ParseFloatError
    core::num::ParseIntError
    core::num::TryFromIntError
    core::str::ParseBoolError
    core::str::Utf8Error
    std::string::FromUtf8Error
}

/// An error that `std::io` only carries stays as it is.
impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        let error = match error.downcast::<Error>() {
            Ok(carried) => return carried,
            Err(error) => error,
        };
        let kind = match error.kind() {
            std::io::ErrorKind::NotFound => kind::NOT_FOUND,
            std::io::ErrorKind::AlreadyExists => kind::ALREADY_EXISTS,
            std::io::ErrorKind::PermissionDenied => kind::PERMISSION_DENIED,
            std::io::ErrorKind::InvalidInput => kind::INVALID,
            std::io::ErrorKind::TimedOut => kind::TIMEOUT,
            _ => kind::INTERNAL,
        };
        Error::new(kind, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn encoded_errors_are_decoded() {
        let error = Error {
            kind: "RateLimited".into(),
            message: "queue: is full".into(),
            retryable: Some(true),
            details: b"\x81\xa5limit\x0a".to_vec(),
            stack: Some("x.lua:3: in main chunk".into()),
            contexts: ["queue".into()].into(),
        };
        let mut out = Output::new();
        error.encode(&mut out).unwrap();
        assert_eq!(Error::decode(out.as_slice()), error);
    }

    #[test]
    fn a_shorter_error_is_completed_and_a_longer_one_cut() {
        assert_eq!(
            Error::decode(b"\xc7\x05\x01\x92\xa1K\xa1m"),
            Error::new("K", "m")
        );
        assert_eq!(
            Error::decode(b"\xc7\x09\x01\x96\xa1K\xa1m\xc0\xc0\xc0\x07"),
            Error::new("K", "m")
        );
        assert_eq!(
            Error::decode(b"\x01").message,
            "an error that could not be read"
        );
    }
}
