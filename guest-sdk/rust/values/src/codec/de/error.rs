//! Structured errors.

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, IntoDeserializer, Visitor};
use serde::forward_to_deserialize_any;

use super::elements::Elements;
use crate::codec::failure::CodecError;
use crate::codec::marks::ERROR_STRUCT;
use crate::msgpack::{Input, MAX_READ_DEPTH, Malformed, Token};

/// Visits the parts of a structured error, in order.
pub(super) fn error_parts<'de, V: Visitor<'de>>(
    payload: &'de [u8],
    depth: usize,
    visitor: V,
) -> Result<V::Value, CodecError> {
    let mut input = Input::new(payload);
    let Token::Array(left) = input.token()? else {
        return Err(Malformed::Unexpected.into());
    };
    if depth >= MAX_READ_DEPTH {
        return Err(Malformed::TooDeep.into());
    }
    let error = visitor.visit_seq(&mut Elements::new(&mut input, left, depth + 1))?;
    input.end()?;
    Ok(error)
}

/// A structured error, for visitors of any type: a map of the one key
/// [`ERROR_STRUCT`].
pub(super) struct ErrorAsMap<'de> {
    payload: Option<&'de [u8]>,
    depth: usize,
    keyed: bool,
}

impl<'de> ErrorAsMap<'de> {
    pub(super) fn new(payload: &'de [u8], depth: usize) -> Self {
        ErrorAsMap {
            payload: Some(payload),
            depth,
            keyed: false,
        }
    }
}

impl<'de> de::MapAccess<'de> for ErrorAsMap<'de> {
    type Error = CodecError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, CodecError> {
        if self.keyed {
            return Ok(None);
        }
        self.keyed = true;
        let key: StrDeserializer<'_, CodecError> = ERROR_STRUCT.into_deserializer();
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, CodecError> {
        let payload = self.payload.take().unwrap_or_default();
        seed.deserialize(ErrorParts {
            payload,
            depth: self.depth,
        })
    }
}

struct ErrorParts<'de> {
    payload: &'de [u8],
    depth: usize,
}

impl<'de> de::Deserializer<'de> for ErrorParts<'de> {
    type Error = CodecError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CodecError> {
        error_parts(self.payload, self.depth, visitor)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        option unit unit_struct newtype_struct seq tuple tuple_struct map struct enum
        identifier ignored_any
    }
}
