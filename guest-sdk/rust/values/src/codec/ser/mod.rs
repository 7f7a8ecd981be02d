//! The serializer behind [`to_value`](super::to_value).

mod compound;
mod key;

use std::fmt::{self, Write};

use serde::ser::{self, Serialize};

use super::failure::CodecError;
use super::marks::ERROR_STRUCT;
use crate::msgpack::{Full, MAX_DEPTH, MAX_MESSAGE, Output};
use compound::{Compound, Kind};

/// Returns the text of a value, cut at the length of a message.
fn displayed<T: fmt::Display + ?Sized>(value: &T) -> Result<String, CodecError> {
    struct Room(String);
    impl fmt::Write for Room {
        fn write_str(&mut self, text: &str) -> fmt::Result {
            if self.0.len() + text.len() > MAX_MESSAGE {
                return Err(fmt::Error);
            }
            self.0.push_str(text);
            Ok(())
        }
    }
    let mut room = Room(String::new());
    match write!(room, "{value}") {
        Ok(()) => Ok(room.0),
        Err(_) => Err(Full::Limit.into()),
    }
}

/// Writes one value, or the array of n values.
pub(super) struct Serializer<'o> {
    out: &'o mut Output,
    /// Number of enclosing containers.
    depth: usize,
    /// True while the outermost array is unwritten.
    values: bool,
}

impl<'o> Serializer<'o> {
    pub(super) fn one(out: &'o mut Output) -> Self {
        Serializer {
            out,
            depth: 0,
            values: false,
        }
    }

    pub(super) fn values(out: &'o mut Output) -> Self {
        Serializer {
            out,
            depth: 0,
            values: true,
        }
    }

    /// Returns a serializer for a value inside another.
    fn within(out: &'o mut Output, depth: usize) -> Self {
        Serializer {
            out,
            depth,
            values: false,
        }
    }

    /// Returns the output, after the head of an array of one if n values are
    /// wanted.
    fn out(self) -> Result<&'o mut Output, CodecError> {
        if self.values {
            self.out.array(1)?;
        }
        Ok(self.out)
    }

    fn open(self, kind: Kind) -> Result<Compound<'o>, CodecError> {
        let depth = self.depth + 1;
        if depth > MAX_DEPTH {
            return Err(CodecError::too_deep());
        }
        Compound::open(self.out()?, kind, depth)
    }

    /// Begins a map of one key, the variant, whose value follows.
    fn variant(self, variant: &str) -> Result<Serializer<'o>, CodecError> {
        let depth = self.depth + 1;
        let out = self.out()?;
        out.map(1)?;
        out.string(variant.as_bytes())?;
        Ok(Serializer::within(out, depth))
    }
}

impl<'o> ser::Serializer for Serializer<'o> {
    type Ok = ();
    type Error = CodecError;
    type SerializeSeq = Compound<'o>;
    type SerializeTuple = Compound<'o>;
    type SerializeTupleStruct = Compound<'o>;
    type SerializeTupleVariant = Compound<'o>;
    type SerializeMap = Compound<'o>;
    type SerializeStruct = Compound<'o>;
    type SerializeStructVariant = Compound<'o>;

    fn serialize_bool(self, v: bool) -> Result<(), CodecError> {
        Ok(self.out()?.boolean(v)?)
    }

    fn serialize_i8(self, v: i8) -> Result<(), CodecError> {
        self.serialize_i64(v.into())
    }

    fn serialize_i16(self, v: i16) -> Result<(), CodecError> {
        self.serialize_i64(v.into())
    }

    fn serialize_i32(self, v: i32) -> Result<(), CodecError> {
        self.serialize_i64(v.into())
    }

    fn serialize_i64(self, v: i64) -> Result<(), CodecError> {
        Ok(self.out()?.integer(v)?)
    }

    fn serialize_u8(self, v: u8) -> Result<(), CodecError> {
        self.serialize_i64(v.into())
    }

    fn serialize_u16(self, v: u16) -> Result<(), CodecError> {
        self.serialize_i64(v.into())
    }

    fn serialize_u32(self, v: u32) -> Result<(), CodecError> {
        self.serialize_i64(v.into())
    }

    fn serialize_u64(self, v: u64) -> Result<(), CodecError> {
        let signed = i64::try_from(v)
            .map_err(|_| CodecError::new(format!("{v} is not a signed integer of 64 bits")))?;
        self.serialize_i64(signed)
    }

    fn serialize_f32(self, v: f32) -> Result<(), CodecError> {
        self.serialize_f64(v.into())
    }

    fn serialize_f64(self, v: f64) -> Result<(), CodecError> {
        Ok(self.out()?.float(v)?)
    }

    fn serialize_char(self, v: char) -> Result<(), CodecError> {
        self.serialize_str(v.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, v: &str) -> Result<(), CodecError> {
        self.serialize_bytes(v.as_bytes())
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, value: &T) -> Result<(), CodecError> {
        self.serialize_str(&displayed(value)?)
    }

    fn serialize_bytes(self, v: &[u8]) -> Result<(), CodecError> {
        Ok(self.out()?.string(v)?)
    }

    fn serialize_none(self) -> Result<(), CodecError> {
        Ok(self.out()?.nil()?)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), CodecError> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), CodecError> {
        if self.values {
            Ok(self.out.array(0)?)
        } else {
            Ok(self.out.nil()?)
        }
    }

    fn serialize_unit_struct(self, _name: &'static str) -> Result<(), CodecError> {
        Ok(self.out()?.nil()?)
    }

    fn serialize_unit_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
    ) -> Result<(), CodecError> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        value: &T,
    ) -> Result<(), CodecError> {
        // The type has a name of its own: one value, even if it holds a tuple.
        let depth = self.depth;
        value.serialize(Serializer::within(self.out()?, depth))
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), CodecError> {
        value
            .serialize(self.variant(variant)?)
            .map_err(|error| error.at_key(variant))
    }

    fn serialize_seq(self, _len: Option<usize>) -> Result<Compound<'o>, CodecError> {
        self.open(Kind::Array)
    }

    fn serialize_tuple(self, _len: usize) -> Result<Compound<'o>, CodecError> {
        if !self.values {
            return self.open(Kind::Array);
        }
        // The array of n values does not count as a container of the value.
        Compound::open(self.out, Kind::Array, self.depth)
    }

    fn serialize_tuple_struct(
        self,
        _name: &'static str,
        _len: usize,
    ) -> Result<Compound<'o>, CodecError> {
        self.open(Kind::Array)
    }

    fn serialize_tuple_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Compound<'o>, CodecError> {
        self.variant(variant)?.open(Kind::Array)
    }

    fn serialize_map(self, _len: Option<usize>) -> Result<Compound<'o>, CodecError> {
        self.open(Kind::Map)
    }

    fn serialize_struct(self, name: &'static str, len: usize) -> Result<Compound<'o>, CodecError> {
        if name != ERROR_STRUCT {
            return self.open(Kind::Map);
        }
        let compound = self.open(Kind::Error)?;
        compound.out.array(u32::try_from(len).unwrap_or(u32::MAX))?;
        Ok(compound)
    }

    fn serialize_struct_variant(
        self,
        _name: &'static str,
        _index: u32,
        variant: &'static str,
        _len: usize,
    ) -> Result<Compound<'o>, CodecError> {
        self.variant(variant)?.open(Kind::Map)
    }
}
