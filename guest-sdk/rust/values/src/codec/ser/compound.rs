//! Arrays, maps and errors, whose parts come one after the other.

use serde::ser::{self, Serialize};

use super::Serializer;
use super::key::KeySerializer;
use crate::codec::failure::CodecError;
use crate::msgpack::{Open, Output};

#[derive(Clone, Copy)]
pub(super) enum Kind {
    Array,
    Map,
    /// The five parts of a structured error.
    Error,
}

/// An unfinished array, map or error.
pub(in crate::codec) struct Compound<'o> {
    pub(super) out: &'o mut Output,
    open: Open,
    len: u32,
    depth: usize,
    kind: Kind,
    /// The key of the next value, for messages.
    key: Option<String>,
}

impl<'o> Compound<'o> {
    /// Begins a container whose parts are at this depth.
    pub(super) fn open(out: &'o mut Output, kind: Kind, depth: usize) -> Result<Self, CodecError> {
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

    fn element<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), CodecError> {
        let inner = Serializer::within(self.out, self.depth);
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
        let inner = Serializer::within(self.out, self.depth);
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
