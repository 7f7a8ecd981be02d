//! Reading MessagePack of strangers.

use bytes::Bytes;
use rmp::Marker;
use rmp::decode;
use thiserror::Error;
use warren_kernel::MAX_NAME_BYTES;

/// Bytes that are no frame or signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("malformed: {0}")]
pub(crate) struct Malformed(pub(crate) &'static str);

/// Values that a value may be inside of.
const DEPTH: usize = 64;

/// Bytes of the longest name of a host, a group, a process or the like: names are kept.
const LONGEST_NAME: usize = 4 * MAX_NAME_BYTES;

/// The rest of some bytes. Every length is compared with the rest before anything is read.
#[derive(Debug)]
pub(crate) struct Reader<'a> {
    whole: &'a Bytes,
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) fn new(whole: &'a Bytes) -> Self {
        Reader { whole, rest: whole }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Reads the head of an array of at least so many values.
    pub(crate) fn array(&mut self, least: usize) -> Result<usize, Malformed> {
        let len = decode::read_array_len(&mut self.rest).map_err(|_| Malformed("not an array"))?;
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        // Each value has a byte at least.
        if len < least || len > self.rest.len() {
            return Err(Malformed("an array of another length"));
        }
        Ok(len)
    }

    pub(crate) fn uint(&mut self) -> Result<u64, Malformed> {
        decode::read_int(&mut self.rest).map_err(|_| Malformed("not a number"))
    }

    pub(crate) fn int(&mut self) -> Result<i64, Malformed> {
        decode::read_int(&mut self.rest).map_err(|_| Malformed("not a number"))
    }

    pub(crate) fn bool(&mut self) -> Result<bool, Malformed> {
        decode::read_bool(&mut self.rest).map_err(|_| Malformed("not a boolean"))
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, Malformed> {
        let len = decode::read_str_len(&mut self.rest).map_err(|_| Malformed("not text"))?;
        std::str::from_utf8(self.take(len)?).map_err(|_| Malformed("text that is not UTF-8"))
    }

    pub(crate) fn name(&mut self) -> Result<&'a str, Malformed> {
        let name = self.text()?;
        if name.len() > LONGEST_NAME {
            return Err(Malformed("a name that is too long"));
        }
        Ok(name)
    }

    pub(crate) fn bytes(&mut self) -> Result<Bytes, Malformed> {
        let len = decode::read_bin_len(&mut self.rest).map_err(|_| Malformed("not bytes"))?;
        let bytes = self.take(len)?;
        Ok(self.whole.slice_ref(bytes))
    }

    /// Reads a value, or nil as none.
    pub(crate) fn option<T>(
        &mut self,
        read: impl FnOnce(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Option<T>, Malformed> {
        if let Some((first, rest)) = self.rest.split_first()
            && Marker::from_u8(*first) == Marker::Null
        {
            self.rest = rest;
            return Ok(None);
        }
        read(self).map(Some)
    }

    /// Reads a list, at most `most` long.
    pub(crate) fn list<T>(
        &mut self,
        most: usize,
        mut read: impl FnMut(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, Malformed> {
        let len = self.array(0)?;
        if len > most {
            return Err(Malformed("a list that is too long"));
        }
        (0..len).map(|_| read(self)).collect()
    }

    /// Passes over the values that a newer version has appended: `present` is the length of
    /// the array, `known` the number of values that were read.
    pub(crate) fn newer(&mut self, present: usize, known: usize) -> Result<(), Malformed> {
        for _ in known..present {
            self.skip(DEPTH)?;
        }
        Ok(())
    }

    /// Passes over one value.
    fn skip(&mut self, depth: usize) -> Result<(), Malformed> {
        if depth == 0 {
            return Err(Malformed("nested too deep"));
        }
        let marker = decode::read_marker(&mut self.rest).map_err(|_| Malformed("no value"))?;
        let (bytes, values): (u64, u64) = match marker {
            Marker::FixPos(_) | Marker::FixNeg(_) | Marker::Null | Marker::True | Marker::False => {
                (0, 0)
            }
            Marker::U8 | Marker::I8 => (1, 0),
            Marker::U16 | Marker::I16 => (2, 0),
            Marker::U32 | Marker::I32 | Marker::F32 => (4, 0),
            Marker::U64 | Marker::I64 | Marker::F64 => (8, 0),
            Marker::FixStr(len) => (len.into(), 0),
            Marker::Str8 | Marker::Bin8 => (self.length(1)?, 0),
            Marker::Str16 | Marker::Bin16 => (self.length(2)?, 0),
            Marker::Str32 | Marker::Bin32 => (self.length(4)?, 0),
            Marker::FixExt1 => (2, 0),
            Marker::FixExt2 => (3, 0),
            Marker::FixExt4 => (5, 0),
            Marker::FixExt8 => (9, 0),
            Marker::FixExt16 => (17, 0),
            Marker::Ext8 => (self.length(1)? + 1, 0),
            Marker::Ext16 => (self.length(2)? + 1, 0),
            Marker::Ext32 => (self.length(4)? + 1, 0),
            Marker::FixArray(len) => (0, len.into()),
            Marker::Array16 => (0, self.length(2)?),
            Marker::Array32 => (0, self.length(4)?),
            Marker::FixMap(len) => (0, u64::from(len) * 2),
            Marker::Map16 => (0, self.length(2)? * 2),
            Marker::Map32 => (0, self.length(4)? * 2),
            Marker::Reserved => return Err(Malformed("no value")),
        };
        if values > self.rest.len() as u64 {
            return Err(Malformed("cut off"));
        }
        self.take(u32::try_from(bytes).map_err(|_| Malformed("cut off"))?)?;
        for _ in 0..values {
            self.skip(depth - 1)?;
        }
        Ok(())
    }

    /// Reads a length of 1, 2 or 4 bytes.
    fn length(&mut self, width: u32) -> Result<u64, Malformed> {
        let bytes = self.take(width)?;
        Ok(bytes
            .iter()
            .fold(0, |sum, byte| sum << 8 | u64::from(*byte)))
    }

    fn take(&mut self, len: u32) -> Result<&'a [u8], Malformed> {
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        let (taken, rest) = self
            .rest
            .split_at_checked(len)
            .ok_or(Malformed("cut off"))?;
        self.rest = rest;
        Ok(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Writer;

    #[test]
    fn newer_values_are_passed_over() {
        let mut writer = Writer::new();
        writer.array(6).uint(7);
        writer.array(2).text("new").map(1).bytes(b"k").int(-5);
        writer
            .nil()
            .bool(true)
            .uint(u64::MAX)
            .text(&"x".repeat(70_000));
        writer.uint(9);
        let bytes = writer.into_bytes();
        let mut reader = Reader::new(&bytes);
        let present = reader.array(1).unwrap();
        assert_eq!(reader.uint(), Ok(7));
        reader.newer(present, 1).unwrap();
        assert_eq!(reader.uint(), Ok(9));
        assert!(reader.is_empty());
    }

    #[test]
    fn lengths_are_compared_with_what_there_is() {
        for bytes in [
            &[0xdd, 0xff, 0xff, 0xff, 0xff][..],
            &[0xdb, 0xff, 0xff, 0xff, 0xff, b'a'],
            &[0xc6, 0xff, 0xff, 0xff, 0xff],
            &[0xdf, 0xff, 0xff, 0xff, 0xff, 1],
        ] {
            let bytes = Bytes::copy_from_slice(bytes);
            assert!(Reader::new(&bytes).array(0).is_err());
            assert!(Reader::new(&bytes).text().is_err());
            assert!(Reader::new(&bytes).bytes().is_err());
            assert!(Reader::new(&bytes).newer(1, 0).is_err());
        }
        let deep = Bytes::from(vec![0x91; 10_000]);
        assert_eq!(
            Reader::new(&deep).newer(1, 0),
            Err(Malformed("nested too deep"))
        );
    }
}
