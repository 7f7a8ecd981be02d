//! The variants of enums.

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, IntoDeserializer, Visitor};

use super::{Deserializer, text};
use crate::codec::failure::CodecError;
use crate::msgpack::{Input, Token};

/// A map of one key: a variant and its content.
pub(super) struct Variant<'i, 'de> {
    input: &'i mut Input<'de>,
    depth: usize,
    name: &'de str,
}

impl<'i, 'de> Variant<'i, 'de> {
    /// Returns the variant whose name comes next, at this depth.
    pub(super) fn new(input: &'i mut Input<'de>, depth: usize) -> Self {
        Variant {
            input,
            depth,
            name: "",
        }
    }

    fn content(self) -> Deserializer<'i, 'de> {
        Deserializer::within(self.input, self.depth)
    }
}

impl<'de> de::EnumAccess<'de> for Variant<'_, 'de> {
    type Error = CodecError;
    type Variant = Self;

    fn variant_seed<V: DeserializeSeed<'de>>(
        mut self,
        seed: V,
    ) -> Result<(V::Value, Self), CodecError> {
        let Token::String(name) = self.input.token()? else {
            return Err(CodecError::new("a variant's name must be text"));
        };
        self.name = text(name)?;
        let name: StrDeserializer<'_, CodecError> = self.name.into_deserializer();
        let variant = seed.deserialize(name)?;
        Ok((variant, self))
    }
}

impl<'de> de::VariantAccess<'de> for Variant<'_, 'de> {
    type Error = CodecError;

    fn unit_variant(self) -> Result<(), CodecError> {
        let name = self.name;
        <() as de::Deserialize>::deserialize(self.content()).map_err(|error| error.at_key(name))
    }

    fn newtype_variant_seed<T: DeserializeSeed<'de>>(
        self,
        seed: T,
    ) -> Result<T::Value, CodecError> {
        let name = self.name;
        seed.deserialize(self.content())
            .map_err(|error| error.at_key(name))
    }

    fn tuple_variant<V: Visitor<'de>>(
        self,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, CodecError> {
        let name = self.name;
        de::Deserializer::deserialize_seq(self.content(), visitor)
            .map_err(|error| error.at_key(name))
    }

    fn struct_variant<V: Visitor<'de>>(
        self,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, CodecError> {
        let name = self.name;
        de::Deserializer::deserialize_map(self.content(), visitor)
            .map_err(|error| error.at_key(name))
    }
}
