//! Structured errors in the idiom of Rust.

use core::fmt;

use serde::de::{self, DeserializeOwned, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Value;
use super::codec::{from_value, to_value};
use crate::Error;

/// The name that marks a structured error between serializer and deserializer.
pub(super) const ERROR_STRUCT: &str = "$warren::Error";
/// The name that marks a value that the deserializer keeps encoded.
pub(super) const ENCODED: &str = "$warren::Encoded";
const FIELDS: &[&str] = &["kind", "message", "retryable", "details", "stack"];

/// The kinds of errors that the contract names. A program may use others.
pub mod kind {
    /// No such process, name, definition or host.
    pub const NOT_FOUND: &str = "NotFound";
    /// The name is taken.
    pub const ALREADY_EXISTS: &str = "AlreadyExists";
    /// The call can never succeed as it was made.
    pub const INVALID: &str = "Invalid";
    /// The caller's actor and scope do not allow it.
    pub const PERMISSION_DENIED: &str = "PermissionDenied";
    /// A resource is unavailable at present.
    pub const UNAVAILABLE: &str = "Unavailable";
    /// A mistake in a program, or in the runtime.
    pub const INTERNAL: &str = "Internal";
    /// The process was ended from outside.
    pub const CANCELED: &str = "Canceled";
    /// The call contradicts an earlier one.
    pub const CONFLICT: &str = "Conflict";
    /// A deadline passed.
    pub const TIMEOUT: &str = "Timeout";
    /// A limit is reached; the call may succeed later.
    pub const RATE_LIMITED: &str = "RateLimited";
    /// Nothing is known.
    pub const UNKNOWN: &str = "";
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

impl Error {
    /// Returns whether the error is of this [`kind`].
    pub fn is(&self, kind: &str) -> bool {
        self.kind == kind
    }

    /// Sets the details, a value for programs. Details that cannot be encoded
    /// are left out, for an error must not be lost for its details.
    pub fn with_details(mut self, details: &impl Serialize) -> Self {
        if let Ok(encoded) = to_value(details) {
            self.details = encoded.as_slice().to_vec();
        }
        self
    }

    /// Sets whether a second try may succeed.
    pub fn with_retryable(mut self, retryable: bool) -> Self {
        self.retryable = Some(retryable);
        self
    }

    /// Prefixes the message with `context: `.
    pub fn wrap(mut self, context: impl fmt::Display) -> Self {
        self.message = format!("{context}: {}", self.message);
        self
    }

    /// Returns the details, if they are of this type.
    ///
    /// ```
    /// # use warren_guest::Error;
    /// #[derive(serde::Serialize, serde::Deserialize)]
    /// struct Full { queue: String, limit: u64 }
    ///
    /// let error = Error::rate_limited("queue is full")
    ///     .with_details(&Full { queue: "jobs".into(), limit: 10 });
    /// let full: Full = error.details_as().unwrap();
    /// assert_eq!((full.queue.as_str(), full.limit), ("jobs", 10));
    /// ```
    pub fn details_as<T: DeserializeOwned>(&self) -> Option<T> {
        if self.details.is_empty() {
            return None;
        }
        from_value(&self.details).ok()
    }
}

impl Serialize for Error {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let details: Option<Value> = self.details_as();
        let mut parts = serializer.serialize_struct(ERROR_STRUCT, FIELDS.len())?;
        parts.serialize_field("kind", &self.kind)?;
        parts.serialize_field("message", &self.message)?;
        parts.serialize_field("retryable", &self.retryable)?;
        parts.serialize_field("details", &details)?;
        parts.serialize_field("stack", &self.stack)?;
        parts.end()
    }
}

impl<'de> Deserialize<'de> for Error {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_struct(ERROR_STRUCT, FIELDS, Parts)
    }
}

struct Parts;

impl<'de> Visitor<'de> for Parts {
    type Value = Error;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a structured error")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut parts: A) -> Result<Error, A::Error> {
        let required = |part: Option<Lossy>| {
            let Lossy(text) = part.ok_or_else(|| de::Error::invalid_length(1, &self))?;
            Ok::<_, A::Error>(text)
        };
        let mut error = Error {
            kind: required(parts.next_element()?)?,
            message: required(parts.next_element()?)?,
            retryable: parts.next_element()?.unwrap_or_default(),
            ..Error::default()
        };
        set_details(&mut error, parts.next_element()?);
        let stack: Option<Option<Lossy>> = parts.next_element()?;
        error.stack = stack.flatten().map(|Lossy(text)| text);
        // A writer with more parts may have added them.
        while parts.next_element::<IgnoredAny>()?.is_some() {}
        Ok(error)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut parts: A) -> Result<Error, A::Error> {
        let mut error = Error::default();
        while let Some(key) = parts.next_key::<String>()? {
            match key.as_str() {
                ERROR_STRUCT => return parts.next_value(),
                "kind" => error.kind = parts.next_value()?,
                "message" => error.message = parts.next_value()?,
                "retryable" => error.retryable = parts.next_value()?,
                "details" => set_details(&mut error, Some(parts.next_value()?)),
                "stack" => error.stack = parts.next_value()?,
                _ => {
                    let message = "a map where a structured error was expected";
                    return Err(de::Error::custom(message));
                }
            }
        }
        Ok(error)
    }
}

/// Text for people. Other languages may have written bytes that are not UTF-8.
struct Lossy(String);

impl<'de> Deserialize<'de> for Lossy {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_bytes(Bytes)
    }
}

struct Bytes;

impl Visitor<'_> for Bytes {
    type Value = Lossy;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Lossy, E> {
        Ok(Lossy(String::from_utf8_lossy(bytes).into_owned()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Lossy, E> {
        Ok(Lossy(text.to_owned()))
    }
}

fn set_details(error: &mut Error, details: Option<Encoded>) {
    const NIL: &[u8] = &[0xc0];
    if let Some(Encoded(details)) = details
        && details != NIL
    {
        error.details = details;
    }
}

/// A value that is kept encoded. An error in the details of an error would
/// otherwise be decoded and encoded again at each level, twice as often as at
/// the level before.
struct Encoded(Vec<u8>);

impl<'de> Deserialize<'de> for Encoded {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_newtype_struct(ENCODED, AsItIs)
    }
}

struct AsItIs;

impl<'de> Visitor<'de> for AsItIs {
    type Value = Encoded;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the details of an error")
    }

    fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Encoded, E> {
        Ok(Encoded(bytes.to_vec()))
    }

    /// Reads another format, such as JSON.
    fn visit_newtype_struct<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> Result<Encoded, D::Error> {
        let details = Value::deserialize(deserializer)?;
        let encoded = to_value(&details).map_err(de::Error::custom)?;
        Ok(Encoded(encoded.as_slice().to_vec()))
    }
}

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

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
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
