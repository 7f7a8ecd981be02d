//! The error of a conversion.

use crate::msgpack::{Full, MAX_DEPTH, MAX_MESSAGE, Malformed};
use crate::{Error, Limit};

/// An error of encoding or decoding, with its place in the value.
///
/// ```
/// use warren_values::to_value;
///
/// let error = to_value(&[(1, u64::MAX)]).unwrap_err();
/// assert_eq!(
///     error.to_string(),
///     "[0][1]: 18446744073709551615 is not a signed integer of 64 bits"
/// );
/// assert_eq!(error.limit(), None);
/// let error = to_value(&"x".repeat(2 << 20)).unwrap_err();
/// assert!(error.limit().is_some_and(|limit| limit.name == "max_message"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodecError {
    /// Path to the place, the innermost part first.
    path: Vec<Segment>,
    message: String,
    /// Name and value of the limit that the value exceeds, if that is the reason.
    limit: Option<(&'static str, usize)>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Index(usize),
    Key(String),
}

impl CodecError {
    pub(super) fn new(message: impl Into<String>) -> Self {
        CodecError {
            path: Vec::new(),
            message: message.into(),
            limit: None,
        }
    }

    /// Returns the error of a value that nests too deeply.
    pub(super) fn too_deep() -> Self {
        CodecError {
            limit: Some(("max_nesting", MAX_DEPTH)),
            ..CodecError::new(format!("nested deeper than {MAX_DEPTH}"))
        }
    }

    /// Returns the limit that the value exceeds, if that is the reason of the error.
    pub fn limit(&self) -> Option<Limit> {
        let (name, value) = self.limit?;
        Some(Limit {
            name: name.to_owned(),
            value: value as u64,
            host: None,
        })
    }

    /// Adds an index of a sequence to the path; counted from 0, as Rust does.
    pub(super) fn at_index(mut self, index: usize) -> Self {
        self.path.push(Segment::Index(index));
        self
    }

    /// Adds a key to the path.
    pub(super) fn at_key(mut self, key: &str) -> Self {
        self.path.push(Segment::Key(key.to_owned()));
        self
    }
}

impl core::fmt::Display for CodecError {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        for (depth, segment) in self.path.iter().rev().enumerate() {
            match segment {
                Segment::Index(index) => write!(f, "[{index}]")?,
                Segment::Key(key) if depth == 0 => f.write_str(key)?,
                Segment::Key(key) => write!(f, ".{key}")?,
            }
        }
        if !self.path.is_empty() {
            f.write_str(": ")?;
        }
        f.write_str(&self.message)
    }
}

impl core::error::Error for CodecError {}

impl serde::ser::Error for CodecError {
    fn custom<T: core::fmt::Display>(message: T) -> Self {
        CodecError::new(message.to_string())
    }
}

impl serde::de::Error for CodecError {
    fn custom<T: core::fmt::Display>(message: T) -> Self {
        CodecError::new(message.to_string())
    }
}

impl From<CodecError> for Error {
    fn from(error: CodecError) -> Self {
        let invalid = Error::invalid(error.to_string());
        match error.limit {
            Some((name, value)) => invalid.with_limit(name, value as u64, None),
            None => invalid,
        }
    }
}

impl From<Full> for CodecError {
    fn from(error: Full) -> Self {
        CodecError {
            limit: (error == Full::Limit).then_some(("max_message", MAX_MESSAGE)),
            ..CodecError::new(error.to_string())
        }
    }
}

impl From<Malformed> for CodecError {
    fn from(error: Malformed) -> Self {
        CodecError::new(format!("not MessagePack of the guest ABI: {error}"))
    }
}
