//! The keys of maps.

use std::fmt;

use serde::ser::{self, Impossible, Serialize};

use super::{Serializer, displayed};
use crate::codec::failure::CodecError;
use crate::msgpack::Output;

/// Writes the key of a map and returns it as text for messages.
pub(super) struct KeySerializer<'o>(pub(super) &'o mut Output);

fn no_key() -> CodecError {
    CodecError::new("a key must be text, a number or a boolean")
}

macro_rules! integer_keys {
    ($($method:ident: $ty:ty)*) => { $(
        fn $method(self, v: $ty) -> Result<String, CodecError> {
            ser::Serializer::$method(Serializer::one(self.0), v)?;
            Ok(v.to_string())
        }
    )* };
}

impl ser::Serializer for KeySerializer<'_> {
    type Ok = String;
    type Error = CodecError;
    type SerializeSeq = Impossible<String, CodecError>;
    type SerializeTuple = Impossible<String, CodecError>;
    type SerializeTupleStruct = Impossible<String, CodecError>;
    type SerializeTupleVariant = Impossible<String, CodecError>;
    type SerializeMap = Impossible<String, CodecError>;
    type SerializeStruct = Impossible<String, CodecError>;
    type SerializeStructVariant = Impossible<String, CodecError>;

    integer_keys! {
        serialize_bool: bool
        serialize_i8: i8
        serialize_i16: i16
        serialize_i32: i32
        serialize_i64: i64
        serialize_u8: u8
        serialize_u16: u16
        serialize_u32: u32
        serialize_u64: u64
        serialize_char: char
    }

    fn serialize_f32(self, v: f32) -> Result<String, CodecError> {
        self.serialize_f64(v.into())
    }

    fn serialize_f64(self, v: f64) -> Result<String, CodecError> {
        // Readers refuse NaN as a key, for nothing equals it.
        if v.is_nan() {
            return Err(no_key());
        }
        ser::Serializer::serialize_f64(Serializer::one(self.0), v)?;
        Ok(v.to_string())
    }

    fn serialize_str(self, v: &str) -> Result<String, CodecError> {
        self.0.string(v.as_bytes())?;
        Ok(v.to_owned())
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<String, CodecError> {
        self.serialize_str(&displayed(value)?)
    }

    fn serialize_bytes(self, v: &[u8]) -> Result<String, CodecError> {
        self.0.string(v)?;
        Ok(v.escape_ascii().to_string())
    }

    fn serialize_none(self) -> Result<String, CodecError> {
        Err(no_key())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<String, CodecError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<String, CodecError> {
        Err(no_key())
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<String, CodecError> {
        Err(no_key())
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<String, CodecError> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<String, CodecError> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<String, CodecError> {
        Err(no_key())
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Self::SerializeSeq, CodecError> {
        Err(no_key())
    }

    fn serialize_tuple(self, _: usize) -> Result<Self::SerializeTuple, CodecError> {
        Err(no_key())
    }

    fn serialize_tuple_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleStruct, CodecError> {
        Err(no_key())
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeTupleVariant, CodecError> {
        Err(no_key())
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Self::SerializeMap, CodecError> {
        Err(no_key())
    }

    fn serialize_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStruct, CodecError> {
        Err(no_key())
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: usize,
    ) -> Result<Self::SerializeStructVariant, CodecError> {
        Err(no_key())
    }
}
