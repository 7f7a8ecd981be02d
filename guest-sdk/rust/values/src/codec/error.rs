//! Structured errors as serde reads and writes them, and their details.

use core::fmt;

use serde::de::{self, DeserializeOwned, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::convert::{from_value, to_value};
use super::marks::{ENCODED, ERROR_STRUCT};
use crate::error::contexts_of;
use crate::{Error, Value};

const FIELDS: &[&str] = &[
    "kind",
    "message",
    "retryable",
    "details",
    "stack",
    "contexts",
];

impl Error {
    /// Sets the details, a value for programs. Details that cannot be encoded
    /// are left out, for an error must not be lost for its details.
    pub fn with_details(mut self, details: &impl Serialize) -> Self {
        if let Ok(encoded) = to_value(details) {
            self.details = encoded.as_slice().to_vec();
        }
        self
    }

    /// Returns the details, if they are of this type.
    ///
    /// ```
    /// # use warren_values::Error;
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
        let wrapped = !self.contexts.is_empty();
        let count = FIELDS.len() - usize::from(!wrapped);
        let mut parts = serializer.serialize_struct(ERROR_STRUCT, count)?;
        parts.serialize_field("kind", &self.kind)?;
        parts.serialize_field("message", &self.message)?;
        parts.serialize_field("retryable", &self.retryable)?;
        parts.serialize_field("details", &details)?;
        parts.serialize_field("stack", &self.stack)?;
        if wrapped {
            parts.serialize_field("contexts", &self.contexts)?;
        }
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
        if let Some(Encoded(contexts)) = parts.next_element()? {
            error.contexts = contexts_of(&contexts);
        }
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
                "contexts" => error.contexts = parts.next_value()?,
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
