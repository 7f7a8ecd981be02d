//! A reader of DWARF that reads so many bytes and no more.
//!
//! A file may say anything about itself: many units that share one list of lines, entries
//! without a byte of their own, strings without an end. All loops of a reader of DWARF read
//! bytes, so a bound on bytes bounds the loops.

use std::borrow::Cow;
use std::cell::Cell;

use gimli::{EndianSlice, Error, LittleEndian, Reader, ReaderOffsetId, Result};

/// Bytes that may still be read.
#[derive(Debug)]
pub(super) struct Fuel(Cell<usize>);

impl Fuel {
    pub(super) fn new(bytes: usize) -> Fuel {
        Fuel(Cell::new(bytes))
    }

    /// Returns the bytes that are left.
    pub(super) fn left(&self) -> usize {
        self.0.get()
    }

    /// Takes bytes from what is left.
    ///
    /// # Errors
    ///
    /// Fewer are left. Then none are.
    pub(super) fn burn(&self, bytes: usize) -> Result<()> {
        let left = self.0.get().checked_sub(bytes);
        self.0.set(left.unwrap_or(0));
        match left {
            Some(_) => Ok(()),
            None => Err(Error::UnexpectedEof(ReaderOffsetId(0))),
        }
    }

    /// Lets `work` take at most so many of the bytes that are left.
    pub(super) fn within<T>(&self, most: usize, work: impl FnOnce() -> T) -> T {
        let all = self.0.get();
        let given = all.min(most);
        self.0.set(given);
        let result = work();
        self.0.set(all - (given - self.0.get()));
        result
    }
}

/// A part of a section.
#[derive(Clone, Copy, Debug)]
pub(super) struct Metered<'a> {
    bytes: EndianSlice<'a, LittleEndian>,
    fuel: &'a Fuel,
}

impl<'a> Metered<'a> {
    pub(super) fn new(bytes: &'a [u8], fuel: &'a Fuel) -> Metered<'a> {
        Metered {
            bytes: EndianSlice::new(bytes, LittleEndian),
            fuel,
        }
    }

    /// Returns the bytes, unread.
    pub(super) fn slice(&self) -> &'a [u8] {
        self.bytes.slice()
    }
}

impl Reader for Metered<'_> {
    type Endian = LittleEndian;
    type Offset = usize;

    fn endian(&self) -> LittleEndian {
        LittleEndian
    }

    fn len(&self) -> usize {
        Reader::len(&self.bytes)
    }

    fn empty(&mut self) {
        self.bytes.empty();
    }

    fn truncate(&mut self, len: usize) -> Result<()> {
        self.bytes.truncate(len)
    }

    fn offset_from(&self, base: &Self) -> usize {
        Reader::offset_from(&self.bytes, &base.bytes)
    }

    fn offset_id(&self) -> ReaderOffsetId {
        self.bytes.offset_id()
    }

    fn lookup_offset_id(&self, id: ReaderOffsetId) -> Option<usize> {
        self.bytes.lookup_offset_id(id)
    }

    fn find(&self, byte: u8) -> Result<usize> {
        // The fuel that is left bounds the search, too.
        let searched = self.slice();
        let searched = &searched[..searched.len().min(self.fuel.left())];
        let found = searched.iter().position(|other| *other == byte);
        self.fuel
            .burn(found.map_or(searched.len(), |found| found + 1))?;
        found.ok_or_else(|| Error::UnexpectedEof(self.offset_id()))
    }

    fn skip(&mut self, len: usize) -> Result<()> {
        self.fuel.burn(1)?;
        self.bytes.skip(len)
    }

    fn split(&mut self, len: usize) -> Result<Self> {
        self.fuel.burn(1)?;
        Ok(Metered {
            bytes: self.bytes.split(len)?,
            fuel: self.fuel,
        })
    }

    fn to_slice(&self) -> Result<Cow<'_, [u8]>> {
        self.fuel.burn(self.len())?;
        self.bytes.to_slice()
    }

    fn to_string(&self) -> Result<Cow<'_, str>> {
        self.fuel.burn(self.len())?;
        Reader::to_string(&self.bytes)
    }

    fn to_string_lossy(&self) -> Result<Cow<'_, str>> {
        self.fuel.burn(self.len())?;
        Reader::to_string_lossy(&self.bytes)
    }

    fn read_slice(&mut self, buffer: &mut [u8]) -> Result<()> {
        self.fuel.burn(buffer.len())?;
        Reader::read_slice(&mut self.bytes, buffer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reading_ends_with_the_fuel() {
        let fuel = Fuel::new(5);
        let mut reader = Metered::new(b"\x01\x02\x03\x04\x05\x06", &fuel);
        assert_eq!(reader.read_u16(), Ok(0x0201));
        assert_eq!(fuel.left(), 3);
        assert!(reader.read_u32().is_err());
        assert_eq!(fuel.left(), 0);
        assert!(reader.read_u8().is_err());
        assert!(reader.clone().skip(1).is_err());
    }

    #[test]
    fn a_search_reads_no_further_than_the_fuel() {
        let fuel = Fuel::new(10);
        let reader = Metered::new(b"abc\0def", &fuel);
        assert_eq!(reader.find(0), Ok(3));
        assert_eq!(fuel.left(), 6);
        assert!(reader.find(b'g').is_err());
        assert_eq!(fuel.left(), 0);
    }

    #[test]
    fn a_part_of_the_work_takes_no_more_than_its_part() {
        let fuel = Fuel::new(10);
        assert!(fuel.within(3, || fuel.burn(4)).is_err());
        assert_eq!(fuel.left(), 7);
        assert!(fuel.within(100, || fuel.burn(2)).is_ok());
        assert_eq!(fuel.left(), 5);
    }
}
