//! Reads the operands of calls from the guest's memory, and writes their results.

use std::time::SystemTime;

use cap_fs_ext::MetadataExt;
use cap_std::fs::{FileType, FileTypeExt, Metadata};
use wasmtime::Caller;

use super::Failure;
use crate::abi::flat::{memory_and_guest, range, range_mut};
use crate::abi::wasi::errno::Errno;
use crate::guest::Guest;

/// The most bytes of one read or write.
pub(super) const MAX_TRANSFER: usize = 256 * 1024;

/// The most vectors of one read or write; further ones are ignored.
const MAX_VECTORS: u32 = 1_024;

/// The most bytes of a path.
const MAX_PATH: u32 = 4_096;

/// A range of the guest's memory.
pub(super) type Vector = (u32, u32);

/// The ranges of a read or write, up to the limits of vectors and bytes.
pub(super) fn vectors(
    caller: &mut Caller<'_, Guest>,
    vectors: u32,
    count: u32,
) -> Result<Vec<Vector>, Failure> {
    let (memory, _) = memory_and_guest(caller)?;
    let count = count.min(MAX_VECTORS);
    let bytes = range(memory, vectors, count * 8, "iovs")?;
    let mut found = Vec::new();
    let mut room = MAX_TRANSFER;
    for vector in bytes.chunks_exact(8) {
        let [ptr, len] = [&vector[..4], &vector[4..]].map(number);
        range(memory, ptr, len, "iov")?;
        let len = (len as usize).min(room);
        if len > 0 {
            room -= len;
            // `len` has not grown, so it fits.
            found.push((ptr, u32::try_from(len).unwrap_or(u32::MAX)));
        }
        if room == 0 {
            break;
        }
    }
    Ok(found)
}

fn number(bytes: &[u8]) -> u32 {
    let mut number = [0; 4];
    number.copy_from_slice(bytes);
    u32::from_le_bytes(number)
}

/// The bytes of some ranges.
pub(super) fn gather(
    caller: &mut Caller<'_, Guest>,
    vectors: &[Vector],
) -> Result<Vec<u8>, Failure> {
    let (memory, _) = memory_and_guest(caller)?;
    let mut bytes = Vec::with_capacity(total(vectors));
    for (ptr, len) in vectors {
        bytes.extend_from_slice(range(memory, *ptr, *len, "iov")?);
    }
    Ok(bytes)
}

/// Fills ranges with bytes. The caller ensures that the ranges have room for all of
/// them.
pub(super) fn scatter(
    caller: &mut Caller<'_, Guest>,
    vectors: &[Vector],
    mut bytes: &[u8],
) -> Result<(), Failure> {
    let (memory, _) = memory_and_guest(caller)?;
    for (ptr, len) in vectors {
        let (now, rest) = bytes.split_at(bytes.len().min(*len as usize));
        range_mut(memory, *ptr, *len, "iov")?[..now.len()].copy_from_slice(now);
        bytes = rest;
    }
    Ok(())
}

pub(super) fn total(vectors: &[Vector]) -> usize {
    vectors.iter().map(|(_, len)| *len as usize).sum()
}

/// Reads a path. Its length is checked before a byte of it is read.
pub(super) fn path(caller: &mut Caller<'_, Guest>, ptr: u32, len: u32) -> Result<Vec<u8>, Failure> {
    if len > MAX_PATH {
        return Err(Errno::NAMETOOLONG.into());
    }
    let (memory, _) = memory_and_guest(caller)?;
    let path = range(memory, ptr, len, "path")?;
    if path.contains(&0) {
        return Err(Errno::INVAL.into());
    }
    Ok(path.to_vec())
}

/// Writes bytes to the guest's memory.
pub(super) fn put(caller: &mut Caller<'_, Guest>, ptr: u32, bytes: &[u8]) -> Result<(), Failure> {
    let len = u32::try_from(bytes.len()).map_err(|_| Errno::INVAL)?;
    let (memory, _) = memory_and_guest(caller)?;
    range_mut(memory, ptr, len, "out")?.copy_from_slice(bytes);
    Ok(())
}

/// Encodes a number of bytes.
pub(super) fn size(len: usize) -> [u8; 4] {
    u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes()
}

/// The kinds of files, with the numbers of preview 1.
pub(super) mod kind {
    pub(crate) const UNKNOWN: u8 = 0;
    pub(crate) const BLOCK_DEVICE: u8 = 1;
    pub(crate) const CHARACTER_DEVICE: u8 = 2;
    pub(crate) const DIRECTORY: u8 = 3;
    pub(crate) const FILE: u8 = 4;
    pub(crate) const SOCKET: u8 = 6;
    pub(crate) const LINK: u8 = 7;
}

pub(super) fn kind_of(file: FileType) -> u8 {
    if file.is_file() {
        kind::FILE
    } else if file.is_dir() {
        kind::DIRECTORY
    } else if file.is_symlink() {
        kind::LINK
    } else if file.is_char_device() {
        kind::CHARACTER_DEVICE
    } else if file.is_block_device() {
        kind::BLOCK_DEVICE
    } else if file.is_socket() {
        kind::SOCKET
    } else {
        kind::UNKNOWN
    }
}

/// A `filestat`: 64 bytes.
pub(super) fn filestat(metadata: &Metadata) -> [u8; 64] {
    let time = |time: std::io::Result<cap_std::time::SystemTime>| {
        let since = time.ok().and_then(|time| {
            let since = time.into_std().duration_since(SystemTime::UNIX_EPOCH);
            since.ok()
        });
        since.map_or(0, |since| u64::try_from(since.as_nanos()).unwrap_or(0))
    };
    let mut bytes = [0; 64];
    for (at, value) in [
        (0, metadata.dev()),
        (8, metadata.ino()),
        (24, metadata.nlink()),
        (32, metadata.len()),
        (40, time(metadata.accessed())),
        (48, time(metadata.modified())),
        // Not all systems know the time of the last status change.
        (56, time(metadata.modified())),
    ] {
        bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
    }
    bytes[16] = kind_of(metadata.file_type());
    bytes
}
