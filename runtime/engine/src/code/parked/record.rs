//! The record of a parked process's memory.
//!
//! ```text
//!   bytes
//!   4         "wprk"
//!   2         version of the format
//!   2         class of the slot: MiB that each memory reserves
//!   32        SHA-256 of the module's file
//!   32        SHA-256 of the snapshot
//!   4         bytes of the memory, in pages of 64 KiB
//!   4         number of own pages
//!   4 each    their numbers, ascending
//!   rest      lz4 block: each own page, xor the snapshot's page
//! ```
//!
//! Numbers are little-endian. Nothing in a record is an address of this machine: a record
//! can be read wherever there is the module and its snapshot.

use lz4_flex::block::{self, DecompressError};

use super::touched::touched;
use super::{PAGE, Snapshot};
use crate::code::class::Class;

/// The version of the format.
const VERSION: u16 = 1;

const MAGIC: &[u8; 4] = b"wprk";

/// Bytes before the numbers of the pages.
const HEADER: usize = 80;

/// Bytes of a page of WebAssembly.
const WASM_PAGE: usize = 64 << 10;

/// The code and the layout that a record belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bound {
    /// SHA-256 of the module's file.
    pub(crate) module: [u8; 32],
    /// The class of the slot, see [`Class::number`].
    pub(crate) class: u16,
}

impl Bound {
    pub(crate) fn new(module: [u8; 32], class: Class) -> Bound {
        Bound {
            module,
            class: class.number(),
        }
    }
}

/// A record that was checked.
pub(crate) struct Record<'a> {
    bound: Bound,
    snapshot: [u8; 32],
    /// Bytes of the memory.
    len: usize,
    pages: Vec<usize>,
    compressed: &'a [u8],
}

/// A fault of a record.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RecordError {
    #[error("the record is not that of a parked process")]
    Foreign,
    #[error("the record has version {0} of the format; this runtime reads version {VERSION}")]
    Version(u16),
    #[error("the record ends too early")]
    Truncated,
    #[error("the record names pages beyond its memory, or not in order")]
    Pages,
    #[error("the pages of the record cannot be decompressed: {0}")]
    Compressed(#[from] DecompressError),
    #[error("the record is of another snapshot")]
    Snapshot,
}

/// Makes the record of a memory.
pub(crate) fn pack(memory: &[u8], snapshot: &Snapshot, bound: Bound) -> Box<[u8]> {
    let touched = touched(memory);
    let may_differ = |page: usize| touched.as_ref().is_none_or(|touched| touched[page]);
    let (pages, _) = memory.as_chunks::<PAGE>();
    let mut numbers = Vec::new();
    let mut difference = Vec::new();
    for (number, page) in pages.iter().enumerate() {
        let first = snapshot.page(number);
        if may_differ(number) && page != first {
            numbers.push(number as u32);
            difference.extend(page.iter().zip(first).map(|(own, first)| own ^ first));
        }
    }
    let compressed = block::compress(&difference);
    let mut record = Vec::with_capacity(HEADER + numbers.len() * 4 + compressed.len());
    record.extend(MAGIC);
    record.extend(VERSION.to_le_bytes());
    record.extend(bound.class.to_le_bytes());
    record.extend(bound.module);
    record.extend(snapshot.hash());
    record.extend(((memory.len() / WASM_PAGE) as u32).to_le_bytes());
    record.extend((numbers.len() as u32).to_le_bytes());
    for number in numbers {
        record.extend(number.to_le_bytes());
    }
    record.extend(compressed);
    record.into()
}

impl<'a> Record<'a> {
    /// Reads a record.
    ///
    /// # Errors
    ///
    /// [`RecordError`], for anything that [`pack`] does not make.
    pub(crate) fn read(bytes: &'a [u8]) -> Result<Record<'a>, RecordError> {
        let mut rest = bytes;
        if take::<4>(&mut rest)? != *MAGIC {
            return Err(RecordError::Foreign);
        }
        let version = u16::from_le_bytes(take(&mut rest)?);
        if version != VERSION {
            return Err(RecordError::Version(version));
        }
        let class = u16::from_le_bytes(take(&mut rest)?);
        let module = take(&mut rest)?;
        let snapshot = take(&mut rest)?;
        let wasm_pages = u32::from_le_bytes(take(&mut rest)?);
        let len = usize::try_from(wasm_pages)
            .ok()
            .filter(|pages| *pages <= 1 << 16)
            .map(|pages| pages * WASM_PAGE)
            .ok_or(RecordError::Pages)?;
        let count = u32::from_le_bytes(take(&mut rest)?) as usize;
        let numbers = rest.get(..count.saturating_mul(4));
        let numbers = numbers.ok_or(RecordError::Truncated)?;
        let compressed = &rest[numbers.len()..];
        let (numbers, _) = numbers.as_chunks();
        let numbers = numbers.iter().map(|number| u32::from_le_bytes(*number));
        let pages: Vec<usize> = numbers.map(|number| number as usize).collect();
        let ascending = pages.is_sorted_by(|a, b| a < b);
        if !ascending || pages.last().is_some_and(|last| *last >= len / PAGE) {
            return Err(RecordError::Pages);
        }
        Ok(Record {
            bound: Bound { module, class },
            snapshot,
            len,
            pages,
            compressed,
        })
    }

    /// Returns the code and the layout that the record belongs to.
    pub(crate) fn bound(&self) -> Bound {
        self.bound
    }

    /// Returns the bytes of the memory.
    pub(crate) fn len(&self) -> usize {
        self.len
    }

    /// Calls `write` with the offset and the bytes of each own page.
    ///
    /// # Errors
    ///
    /// [`RecordError::Snapshot`] if it is another snapshot than that of [`pack`];
    /// [`RecordError::Compressed`] if the pages are damaged.
    pub(crate) fn unpack(
        &self,
        snapshot: &Snapshot,
        mut write: impl FnMut(usize, &[u8; PAGE]),
    ) -> Result<(), RecordError> {
        if *snapshot.hash() != self.snapshot {
            return Err(RecordError::Snapshot);
        }
        let mut difference = vec![0; self.pages.len() * PAGE];
        let written = block::decompress_into(self.compressed, &mut difference)?;
        if written != difference.len() {
            return Err(RecordError::Truncated);
        }
        let (difference, _) = difference.as_chunks_mut::<PAGE>();
        for (number, page) in self.pages.iter().zip(difference) {
            for (byte, first) in page.iter_mut().zip(snapshot.page(*number)) {
                *byte ^= first;
            }
            write(number * PAGE, page);
        }
        Ok(())
    }

    /// Returns the whole memory.
    ///
    /// # Errors
    ///
    /// Those of [`Record::unpack`].
    pub(crate) fn memory(&self, snapshot: &Snapshot) -> Result<Vec<u8>, RecordError> {
        let mut memory = Vec::with_capacity(self.len);
        for number in 0..self.len / PAGE {
            memory.extend(snapshot.page(number));
        }
        self.unpack(snapshot, |offset, page| {
            memory[offset..offset + PAGE].copy_from_slice(page);
        })?;
        Ok(memory)
    }
}

/// Takes the next bytes.
fn take<const N: usize>(rest: &mut &[u8]) -> Result<[u8; N], RecordError> {
    let (taken, left) = rest.split_first_chunk().ok_or(RecordError::Truncated)?;
    *rest = left;
    Ok(*taken)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const BOUND: Bound = Bound {
        module: [7; 32],
        class: 64,
    };

    /// A memory of two pages of WebAssembly, with these bytes changed.
    fn changed(first: &[u8], changes: &[(usize, u8)]) -> Vec<u8> {
        let mut memory = first.to_vec();
        memory.resize(2 * WASM_PAGE, 0);
        for (place, byte) in changes {
            memory[*place] = *byte;
        }
        memory
    }

    fn first() -> Vec<u8> {
        (0..WASM_PAGE).map(|place| (place % 251) as u8).collect()
    }

    proptest! {
        #[test]
        fn a_memory_comes_back_as_it_was(
            changes in prop::collection::vec((0..2 * WASM_PAGE, any::<u8>()), 0..40),
        ) {
            let first = first();
            let snapshot = Snapshot::of(&first);
            let memory = changed(&first, &changes);
            let bytes = pack(&memory, &snapshot, BOUND);
            let record = Record::read(&bytes).expect("is a record");
            prop_assert_eq!(record.bound(), BOUND);
            prop_assert_eq!(record.len(), memory.len());
            prop_assert!(record.memory(&snapshot).expect("unpacks") == memory);
        }

        #[test]
        fn no_bytes_are_read_beyond_a_record(
            mut bytes in prop::collection::vec(any::<u8>(), 0..200),
            is_versioned in any::<bool>(),
        ) {
            if is_versioned && bytes.len() >= 6 {
                bytes[..4].copy_from_slice(MAGIC);
                bytes[4..6].copy_from_slice(&VERSION.to_le_bytes());
            }
            if let Ok(record) = Record::read(&bytes) {
                prop_assert!(record.len() <= 4 << 30);
            }
        }
    }

    #[test]
    fn only_pages_that_differ_are_kept() {
        let first = first();
        let snapshot = Snapshot::of(&first);
        let memory = changed(&first, &[(5, 9), (WASM_PAGE + PAGE, 1)]);
        let bytes = pack(&memory, &snapshot, BOUND);
        assert!(bytes.len() < 300, "{}", bytes.len());
        let record = Record::read(&bytes).expect("is a record");
        assert_eq!(record.pages, [0, WASM_PAGE / PAGE + 1]);
    }

    #[test]
    fn faults_are_told_apart() {
        let first = first();
        let snapshot = Snapshot::of(&first);
        let bytes = pack(&changed(&first, &[(5, 9)]), &snapshot, BOUND);
        let read = |bytes: &[u8]| Record::read(bytes).err();
        assert!(matches!(read(b"else"), Some(RecordError::Foreign)));
        assert!(matches!(read(&bytes[..40]), Some(RecordError::Truncated)));
        let mut other = bytes.to_vec();
        other[4] = 9;
        assert!(matches!(read(&other), Some(RecordError::Version(9))));
        let mut beyond = bytes.to_vec();
        beyond[HEADER] = 200;
        assert!(matches!(read(&beyond), Some(RecordError::Pages)));
        let record = Record::read(&bytes).expect("is a record");
        let another = Snapshot::of(&[1; PAGE]);
        let refused = record.memory(&another);
        assert!(matches!(refused, Err(RecordError::Snapshot)));
        let damaged = Record::read(&bytes[..bytes.len() - 3]).expect("the header is whole");
        assert!(damaged.memory(&snapshot).is_err());
    }
}
