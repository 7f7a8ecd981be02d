//! The deserializer behind [`from_value`](super::from_value).

mod elements;
mod error;
mod variant;

use serde::de::value::StrDeserializer;
use serde::de::{self, IntoDeserializer, Unexpected, Visitor};

use super::failure::CodecError;
use super::marks::{ENCODED, ERROR_STRUCT};
use crate::msgpack::{Input, MAX_READ_DEPTH, Malformed, Token};
use elements::Elements;
use error::{ErrorAsMap, error_parts};
use variant::Variant;

/// The shape of the input.
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
    /// Number of enclosing containers.
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

    /// Returns a deserializer for a value inside another.
    fn within(input: &'i mut Input<'de>, depth: usize) -> Self {
        Deserializer {
            input,
            shape: Shape::One,
            depth,
        }
    }

    /// Reads the head of the array of n values.
    fn count(&mut self) -> Result<u32, CodecError> {
        match self.input.token()? {
            Token::Array(count) => Ok(count),
            _ => Err(Malformed::Unexpected.into()),
        }
    }

    /// Reads the head of a single value; no value reads as nil.
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
        if depth > MAX_READ_DEPTH {
            return Err(Malformed::TooDeep.into());
        }
        Ok(Elements::new(self.input, len, depth))
    }

    fn visit<V: Visitor<'de>>(
        mut self,
        token: Token<'de>,
        visitor: V,
    ) -> Result<V::Value, CodecError> {
        match token {
            Token::Nil | Token::Null => visitor.visit_unit(),
            Token::Boolean(v) => visitor.visit_bool(v),
            Token::Integer(v) => visitor.visit_i64(v),
            Token::Float(v) => visitor.visit_f64(v),
            Token::String(bytes) => match core::str::from_utf8(bytes) {
                Ok(text) => visitor.visit_borrowed_str(text),
                Err(_) => visitor.visit_borrowed_bytes(bytes),
            },
            Token::Array(len) => self.sequence(len, visitor),
            Token::Map(len) => self.map(len, visitor),
            Token::Error(payload) => visitor.visit_map(ErrorAsMap::new(payload, self.depth)),
        }
    }

    fn sequence<V: Visitor<'de>>(&mut self, len: u32, visitor: V) -> Result<V::Value, CodecError> {
        let mut elements = self.elements(len)?;
        let value = visitor.visit_seq(&mut elements)?;
        elements.check_end()?;
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

/// Reads one value each, whatever type is asked for: the visitor decides.
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
            // A visitor of any type gets several values as a sequence.
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
            Token::Nil | Token::Null => visitor.visit_none(),
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
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, CodecError> {
        if name == ENCODED {
            let left = MAX_READ_DEPTH.saturating_sub(self.depth);
            return visitor.visit_borrowed_bytes(self.input.value_within(left)?);
        }
        // Read as it is written: one value.
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
        // The array of n values does not count as a container of the value.
        visitor.visit_seq(&mut Elements::new(self.input, count, self.depth))
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
            Token::Map(1) => visitor.visit_enum(Variant::new(self.input, self.depth + 1)),
            token => Err(de::Error::invalid_type(unexpected(token), &visitor)),
        }
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, CodecError> {
        let depth = MAX_READ_DEPTH.saturating_sub(self.depth);
        self.input.value_within(depth)?;
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
        Token::Nil | Token::Null => Unexpected::Unit,
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
