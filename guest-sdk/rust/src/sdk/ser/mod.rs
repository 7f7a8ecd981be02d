//! The serializer behind [`codec`](super::codec).

use serde::ser::{self, Impossible, Serialize};

use super::codec::CodecError;
use super::error::ERROR_STRUCT;
use crate::msgpack::{MAX_DEPTH, Open, OutOfMemory, Output};

impl From<OutOfMemory> for CodecError {
    fn from(error: OutOfMemory) -> Self {
        CodecError::new(error.to_string())
    }
}

/// Writes one value, or the array of n values.
pub(super) struct Serializer<'o> {
    out: &'o mut Output,
    /// How many containers this is in.
    depth: usize,
    /// Whether the outermost array has yet to be written.
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

    /// The output, after the head of an array of one where n values are wanted.
    fn out(self) -> Result<&'o mut Output, CodecError> {
        if self.values {
            self.out.array(1)?;
        }
        Ok(self.out)
    }

    fn open(self, kind: Kind) -> Result<Compound<'o>, CodecError> {
        let depth = self.depth + 1;
        if depth > MAX_DEPTH {
            return Err(CodecError::new(format!("nested deeper than {MAX_DEPTH}")));
        }
        let out = self.out()?;
        let open = out.open()?;
        Ok(Compound {
            out,
            open,
            len: 0,
            depth,
            kind,
            key: None,
        })
    }

    /// A map of one key, the variant, whose value follows.
    fn variant(self, variant: &str) -> Result<Serializer<'o>, CodecError> {
        let depth = self.depth + 1;
        let out = self.out()?;
        out.map(1)?;
        out.string(variant.as_bytes())?;
        Ok(Serializer {
            out,
            depth,
            values: false,
        })
    }
}

#[derive(Clone, Copy)]
enum Kind {
    Array,
    Map,
    /// The five parts of a structured error.
    Error,
}

/// An array, map or error in the making.
pub(super) struct Compound<'o> {
    out: &'o mut Output,
    open: Open,
    len: u32,
    depth: usize,
    kind: Kind,
    /// The key whose value comes next, for messages.
    key: Option<String>,
}

impl Compound<'_> {
    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), CodecError> {
        let inner = Serializer {
            out: self.out,
            depth: self.depth,
            values: false,
        };
        value
            .serialize(inner)
            .map_err(|error| error.at_index(self.len as usize))?;
        self.len += 1;
        Ok(())
    }

    fn field<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Result<(), CodecError> {
        if matches!(self.kind, Kind::Map) {
            self.out.string(key.as_bytes())?;
        }
        self.value(key, value)
    }

    fn value<T: Serialize + ?Sized>(&mut self, key: &str, value: &T) -> Result<(), CodecError> {
        let inner = Serializer {
            out: self.out,
            depth: self.depth,
            values: false,
        };
        value.serialize(inner).map_err(|error| error.at_key(key))?;
        self.len += 1;
        Ok(())
    }

    fn finish(self) -> Result<(), CodecError> {
        match self.kind {
            Kind::Array => self.out.finish_array(self.open, self.len)?,
            Kind::Map => self.out.finish_map(self.open, self.len)?,
            Kind::Error => self.out.finish_error(self.open)?,
        }
        Ok(())
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
            .map_err(|_| CodecError::new(format!("{v} is no signed integer of 64 bits")))?;
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
        // The type has a name of its own: one value, also where it holds a tuple.
        let depth = self.depth;
        let out = self.out()?;
        value.serialize(Serializer {
            out,
            depth,
            values: false,
        })
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
        // The array of n values is no container of the value's own.
        let open = self.out.open()?;
        Ok(Compound {
            out: self.out,
            open,
            len: 0,
            depth: self.depth,
            kind: Kind::Array,
            key: None,
        })
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

macro_rules! compounds_of_elements {
    ($($compound:ident: $method:ident)*) => { $(
        impl ser::$compound for Compound<'_> {
            type Ok = ();
            type Error = CodecError;

            fn $method<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), CodecError> {
                self.element(value)
            }

            fn end(self) -> Result<(), CodecError> {
                self.finish()
            }
        }
    )* };
}

compounds_of_elements! {
    SerializeSeq: serialize_element
    SerializeTuple: serialize_element
    SerializeTupleStruct: serialize_field
    SerializeTupleVariant: serialize_field
}

impl ser::SerializeMap for Compound<'_> {
    type Ok = ();
    type Error = CodecError;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), CodecError> {
        self.key = Some(key.serialize(KeySerializer(self.out))?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), CodecError> {
        let key = self.key.take().unwrap_or_default();
        self.value(&key, value)
    }

    fn end(self) -> Result<(), CodecError> {
        self.finish()
    }
}

macro_rules! compounds_of_fields {
    ($($compound:ident)*) => { $(
        impl ser::$compound for Compound<'_> {
            type Ok = ();
            type Error = CodecError;

            fn serialize_field<T: Serialize + ?Sized>(
                &mut self,
                key: &'static str,
                value: &T,
            ) -> Result<(), CodecError> {
                self.field(key, value)
            }

            fn end(self) -> Result<(), CodecError> {
                self.finish()
            }
        }
    )* };
}

compounds_of_fields! { SerializeStruct SerializeStructVariant }

/// Writes the key of a map and yields it as text for messages.
struct KeySerializer<'o>(&'o mut Output);

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
        serialize_f32: f32
        serialize_f64: f64
        serialize_char: char
    }

    fn serialize_str(self, v: &str) -> Result<String, CodecError> {
        self.0.string(v.as_bytes())?;
        Ok(v.to_owned())
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
