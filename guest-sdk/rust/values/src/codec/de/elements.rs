//! The elements of arrays and maps.

use serde::de::{self, DeserializeSeed};

use super::Deserializer;
use crate::codec::failure::CodecError;
use crate::msgpack::{Input, Malformed, Token};

/// The elements of an array, or the pairs of a map.
pub(super) struct Elements<'i, 'de> {
    input: &'i mut Input<'de>,
    pub(super) left: u32,
    index: usize,
    depth: usize,
    /// The key of the next value, for messages.
    key: Option<Token<'de>>,
}

impl<'i, 'de> Elements<'i, 'de> {
    /// Returns the next `left` elements of the input, at this depth.
    pub(super) fn new(input: &'i mut Input<'de>, left: u32, depth: usize) -> Self {
        Elements {
            input,
            left,
            index: 0,
            depth,
            key: None,
        }
    }

    fn next<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, CodecError> {
        seed.deserialize(Deserializer::within(self.input, self.depth))
    }

    /// Refuses elements that were not read.
    pub(super) fn check_end(&self) -> Result<(), CodecError> {
        match self.left {
            0 => Ok(()),
            more => Err(CodecError::new(format!(
                "{more} more elements than were expected"
            ))),
        }
    }
}

impl<'de> de::SeqAccess<'de> for &mut Elements<'_, 'de> {
    type Error = CodecError;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, CodecError> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let index = self.index;
        self.index += 1;
        self.next(seed)
            .map(Some)
            .map_err(|error| error.at_index(index))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left as usize)
    }
}

impl<'de> de::MapAccess<'de> for &mut Elements<'_, 'de> {
    type Error = CodecError;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, CodecError> {
        if self.left == 0 {
            return Ok(None);
        }
        self.left -= 1;
        let key = self.input.clone().token()?;
        if !key.is_key() {
            return Err(Malformed::Unexpected.into());
        }
        self.key = Some(key);
        self.next(seed).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(
        &mut self,
        seed: V,
    ) -> Result<V::Value, CodecError> {
        let key = self.key.take();
        self.next(seed).map_err(|error| match key {
            Some(Token::String(key)) => error.at_key(&String::from_utf8_lossy(key)),
            Some(Token::Integer(key)) => error.at_key(&key.to_string()),
            _ => error.at_key("?"),
        })
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.left as usize)
    }
}
