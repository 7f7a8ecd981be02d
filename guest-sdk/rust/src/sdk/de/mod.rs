//! The deserializer behind [`codec`](super::codec).

use serde::de::value::StrDeserializer;
use serde::de::{self, DeserializeSeed, IntoDeserializer, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use super::codec::CodecError;
use super::error::ERROR_STRUCT;
use crate::msgpack::{Input, MAX_DEPTH, Malformed, Token};

impl From<Malformed> for CodecError {
    fn from(error: Malformed) -> Self {
        CodecError::new(format!("not MessagePack of the guest ABI: {error}"))
    }
}

/// What the input holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    One,
    /// The array of n values.
    Values,
}

/// Reads one value, or n.
pub(super) struct Deserializer<'i, 'de> {
    input: &'i mut Input<'de>,
    shape: Shape,
    /// How many containers this is in.
    depth: usize,
}

impl<'i, 'de> Deserializer<'i, 'de> {
    pub(super) fn new(input: &'i mut Input<'de>, shape: Shape) -> Self {
        Deserializer {
            input,
            shape,
            depth: 0,
        }
    }

    /// The head of the array of n values.
    fn count(&mut self) -> Result<u32, CodecError> {
        match self.input.token()? {
            Token::Array(count) => Ok(count),
            _ => Err(Malformed::Unexpected.into()),
        }
    }

    /// The token a single value begins with; no value reads as nil.
    fn token(&mut self) -> Result<Token<'de>, CodecError> {
        if self.shape == Shape::Values {
            match self.count()? {
                0 => return Ok(Token::Nil),
                1 => {}
                n => {
                    let message = format!("{n} values where one was expected");
                    return Err(CodecError::new(message));
                }
            }
        }
        Ok(self.input.token()?)
    }

    fn elements(&mut self, len: u32) -> Result<Elements<'_, 'de>, CodecError> {
        let depth = self.depth + 1;
        if depth > MAX_DEPTH {
            return Err(Malformed::TooDeep.into());
        }
        Ok(Elements {
            input: self.input,
            left: len,
            index: 0,
            depth,
            key: None,
        })
    }

    fn visit<V: Visitor<'de>>(
        mut self,
        token: Token<'de>,
        visitor: V,
    ) -> Result<V::Value, CodecError> {
        match token {
            Token::Nil => visitor.visit_unit(),
            Token::Boolean(v) => visitor.visit_bool(v),
            Token::Integer(v) => visitor.visit_i64(v),
            Token::Float(v) => visitor.visit_f64(v),
            Token::String(bytes) => match core::str::from_utf8(bytes) {
                Ok(text) => visitor.visit_borrowed_str(text),
                Err(_) => visitor.visit_borrowed_bytes(bytes),
            },
            Token::Array(len) => self.sequence(len, visitor),
            Token::Map(len) => self.map(len, visitor),
            Token::Error(payload) => visitor.visit_map(ErrorAsMap {
                payload: Some(payload),
                depth: self.depth,
                keyed: false,
            }),
        }
    }

    fn sequence<V: Visitor<'de>>(&mut self, len: u32, visitor: V) -> Result<V::Value, CodecError> {
        let mut elements = self.elements(len)?;
        let value = visitor.visit_seq(&mut elements)?;
        elements.skip_rest()?;
        Ok(value)
    }

    fn map<V: Visitor<'de>>(&mut self, len: u32, visitor: V) -> Result<V::Value, CodecError> {
        let mut elements = self.elements(len)?;
        let value = visitor.visit_map(&mut elements)?;
        if elements.left > 0 {
            return Err(CodecError::new("more keys than were read"));
        }
        Ok(value)
    }
}

/// One value each, whatever the type says it is: the visitor decides.
macro_rules! single_values {
    ($($method:ident)*) => { $(
        fn $method<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, CodecError> {
            let token = self.token()?;
            self.visit(token, visitor)
        }
    )* };
}

impl<'de> de::Deserializer<'de> for Deserializer<'_, 'de> {
    type Error = CodecError;

    fn deserialize_any<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, CodecError> {
        if self.shape == Shape::Values {
            // Whoever takes anything gets several as a sequence.
            let mut ahead = *self.input;
            if let Token::Array(len @ 2..) = ahead.token()? {
                *self.input = ahead;
                return self.sequence(len, visitor);
            }
        }
        let token = self.token()?;
        self.visit(token, visitor)
    }

    fn deserialize_option<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, CodecError> {
        let before = *self.input;
        match self.token()? {
            Token::Nil => visitor.visit_none(),
            _ => {
                *self.input = before;
                visitor.visit_some(self)
            }
        }
    }

    fn deserialize_bytes<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, CodecError> {
        match self.token()? {
            Token::String(bytes) => visitor.visit_borrowed_bytes(bytes),
            token => self.visit(token, visitor),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CodecError> {
        self.deserialize_bytes(visitor)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        mut self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, CodecError> {
        // As it is written: one value.
        if self.shape == Shape::Values {
            match self.count()? {
                1 => self.shape = Shape::One,
                n => return Err(wrong_count(n, 1)),
            }
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, CodecError> {
        match self.token()? {
            Token::Map(0) => self.sequence(0, visitor),
            token => self.visit(token, visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(
        mut self,
        len: usize,
        visitor: V,
    ) -> Result<V::Value, CodecError> {
        if self.shape == Shape::One {
            return self.deserialize_seq(visitor);
        }
        let count = self.count()?;
        if count as usize != len {
            return Err(wrong_count(count, len));
        }
        // The array of n values is no container of the value's own.
        let mut elements = Elements {
            input: self.input,
            left: count,
            index: 0,
            depth: self.depth,
            key: None,
        };
        visitor.visit_seq(&mut elements)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _len: usize,
        visitor: V,
    ) -> Result<V::Value, CodecError> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(mut self, visitor: V) -> Result<V::Value, CodecError> {
        match self.token()? {
            Token::Array(0) => self.map(0, visitor),
            token => self.visit(token, visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        mut self,
        name: &'static str,
        _fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, CodecError> {
        match self.token()? {
            Token::Error(payload) if name == ERROR_STRUCT => {
                error_parts(payload, self.depth, visitor)
            }
            Token::Array(0) => self.map(0, visitor),
            token @ Token::Array(_) => Err(de::Error::invalid_type(unexpected(token), &visitor)),
            token => self.visit(token, visitor),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        mut self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, CodecError> {
        match self.token()? {
            Token::String(variant) => {
                let name: StrDeserializer<'_, CodecError> = text(variant)?.into_deserializer();
                visitor.visit_enum(name)
            }
            Token::Map(1) => {
                let depth = self.depth + 1;
                visitor.visit_enum(Variant {
                    input: self.input,
                    depth,
                    name: "",
                })
            }
            token => Err(de::Error::invalid_type(unexpected(token), &visitor)),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CodecError> {
        self.input.value()?;
        visitor.visit_unit()
    }

    single_values! {
        deserialize_bool deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64
        deserialize_i128 deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64
        deserialize_u128 deserialize_f32 deserialize_f64 deserialize_char deserialize_str
        deserialize_string deserialize_unit deserialize_identifier
    }

    fn deserialize_unit_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, CodecError> {
        self.deserialize_unit(visitor)
    }
}

fn wrong_count(count: u32, expected: usize) -> CodecError {
    let s = if count == 1 { "" } else { "s" };
    let were = if expected == 1 { "was" } else { "were" };
    CodecError::new(format!("{count} value{s} where {expected} {were} expected"))
}

fn text(bytes: &[u8]) -> Result<&str, CodecError> {
    core::str::from_utf8(bytes).map_err(|_| CodecError::new("text that is not UTF-8"))
}

fn unexpected(token: Token<'_>) -> Unexpected<'_> {
    match token {
        Token::Nil => Unexpected::Unit,
        Token::Boolean(v) => Unexpected::Bool(v),
        Token::Integer(v) => Unexpected::Signed(v),
        Token::Float(v) => Unexpected::Float(v),
        Token::String(bytes) => {
            core::str::from_utf8(bytes).map_or(Unexpected::Bytes(bytes), Unexpected::Str)
        }
        Token::Array(_) => Unexpected::Seq,
        Token::Map(_) => Unexpected::Map,
        Token::Error(_) => Unexpected::Other("structured error"),
    }
}

/// The elements of an array, or the pairs of a map.
struct Elements<'i, 'de> {
    input: &'i mut Input<'de>,
    left: u32,
    index: usize,
    depth: usize,
    /// The key whose value comes next, for messages.
    key: Option<Token<'de>>,
}

impl<'de> Elements<'_, 'de> {
    fn next<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, CodecError> {
        seed.deserialize(Deserializer {
            input: self.input,
            shape: Shape::One,
            depth: self.depth,
        })
    }

    fn skip_rest(&mut self) -> Result<(), CodecError> {
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
        self.key = self.input.clone().token().ok();
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

/// A map of one key: a variant and what it holds.
struct Variant<'i, 'de> {
    input: &'i mut Input<'de>,
    depth: usize,
    name: &'de str,
}

impl<'i, 'de> Variant<'i, 'de> {
    fn content(self) -> Deserializer<'i, 'de> {
        Deserializer {
            input: self.input,
            shape: Shape::One,
            depth: self.depth,
        }
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

/// The parts of a structured error, in order.
fn error_parts<'de, V: Visitor<'de>>(
    payload: &'de [u8],
    depth: usize,
    visitor: V,
) -> Result<V::Value, CodecError> {
    let mut input = Input::new(payload);
    let Token::Array(left) = input.token()? else {
        return Err(Malformed::Unexpected.into());
    };
    if depth >= MAX_DEPTH {
        return Err(Malformed::TooDeep.into());
    }
    visitor.visit_seq(&mut Elements {
        input: &mut input,
        left,
        index: 0,
        depth: depth + 1,
        key: None,
    })
}

/// A structured error, for who takes anything: a map of the one key
/// [`ERROR_STRUCT`].
struct ErrorAsMap<'de> {
    payload: Option<&'de [u8]>,
    depth: usize,
    keyed: bool,
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
