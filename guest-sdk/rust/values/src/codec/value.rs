//! Conversion of [`Value`] to other types, and as serde reads and writes it.

use core::fmt;

use serde::de::{DeserializeOwned, Error as _, MapAccess, SeqAccess, Visitor};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::convert::{from_value, to_value};
use super::failure::CodecError;
use super::marks::ERROR_STRUCT;
use crate::Value;

impl Value {
    /// Converts a value of any type.
    ///
    /// ```
    /// use warren_values::Value;
    ///
    /// let value = Value::of(&vec![1, 2]).unwrap();
    /// assert_eq!(value, Value::Array(vec![Value::Integer(1), Value::Integer(2)]));
    /// assert_eq!(value.to::<Vec<u8>>().unwrap(), [1, 2]);
    /// ```
    ///
    /// # Errors
    ///
    /// As [`to_value`].
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Result<Value, CodecError> {
        from_value(to_value(value)?.as_slice())
    }

    /// Converts to a type.
    ///
    /// # Errors
    ///
    /// The value is not of this type.
    pub fn to<T: DeserializeOwned>(&self) -> Result<T, CodecError> {
        from_value(to_value(self)?.as_slice())
    }
}

impl Serialize for Value {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Value::Nil => serializer.serialize_none(),
            Value::Boolean(v) => serializer.serialize_bool(*v),
            Value::Integer(v) => serializer.serialize_i64(*v),
            Value::Float(v) => serializer.serialize_f64(*v),
            Value::String(v) => serializer.serialize_str(v),
            Value::Bytes(v) => serializer.serialize_bytes(v),
            Value::Array(values) => {
                let mut seq = serializer.serialize_seq(Some(values.len()))?;
                for value in values {
                    seq.serialize_element(value)?;
                }
                seq.end()
            }
            Value::Map(pairs) => {
                let mut map = serializer.serialize_map(Some(pairs.len()))?;
                for (key, value) in pairs {
                    map.serialize_entry(key, value)?;
                }
                map.end()
            }
            Value::Error(error) => error.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(AnyValue)
    }
}

struct AnyValue;

impl<'de> Visitor<'de> for AnyValue {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_bool<E>(self, v: bool) -> Result<Value, E> {
        Ok(Value::Boolean(v))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Value, E> {
        Ok(Value::Integer(v))
    }

    fn visit_u64<E>(self, v: u64) -> Result<Value, E> {
        // The ABI reads integers beyond its range as floats.
        Ok(i64::try_from(v).map_or(Value::Float(v as f64), Value::Integer))
    }

    fn visit_f64<E>(self, v: f64) -> Result<Value, E> {
        Ok(Value::Float(v))
    }

    fn visit_str<E>(self, v: &str) -> Result<Value, E> {
        Ok(Value::String(v.to_owned()))
    }

    fn visit_string<E>(self, v: String) -> Result<Value, E> {
        Ok(Value::String(v))
    }

    fn visit_bytes<E>(self, v: &[u8]) -> Result<Value, E> {
        Ok(Value::Bytes(v.to_vec()))
    }

    fn visit_none<E>(self) -> Result<Value, E> {
        Ok(Value::Nil)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        Value::deserialize(deserializer)
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Nil)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        // Sizes come from the sender: the vector grows only with real elements.
        let mut values = Vec::new();
        while let Some(value) = seq.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut pairs = Vec::new();
        while let Some(key) = map.next_key::<Value>()? {
            if matches!(&key, Value::String(key) if key == ERROR_STRUCT) {
                return Ok(Value::Error(map.next_value()?));
            }
            if matches!(
                key,
                Value::Nil | Value::Array(_) | Value::Map(_) | Value::Error(_)
            ) {
                return Err(A::Error::custom(
                    "a key of a map is a string, a number or a boolean",
                ));
            }
            pairs.push((key, map.next_value()?));
        }
        Ok(Value::Map(pairs))
    }
}
