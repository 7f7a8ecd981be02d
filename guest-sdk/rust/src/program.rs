//! What a process runs and how it ends.

use crate::{Buffer, Error, Failure, abi, absent, msgpack::Output};

/// A piece of code an interpreter is given to run or to prepare.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk<'a> {
    /// How error messages name it.
    pub name: &'a [u8],
    /// In `prepare` the source, in `start` what `prepare` made of it.
    pub code: &'a [u8],
}

/// The id of the definition that runs, `namespace:name`.
pub fn definition(buffer: &mut Buffer) -> Result<&[u8], Failure<'_>> {
    // SAFETY: the range is the buffer's.
    buffer.bytes(|out, cap| unsafe { abi::program::definition(out, cap) })
}

/// The name of the function to call.
pub fn method(buffer: &mut Buffer) -> Result<&[u8], Failure<'_>> {
    // SAFETY: the range is the buffer's.
    buffer.bytes(|out, cap| unsafe { abi::program::method(out, cap) })
}

/// The arguments of the spawn, upgrade or exec: one encoded array.
pub fn arguments(buffer: &mut Buffer) -> Result<&[u8], Failure<'_>> {
    // SAFETY: the range is the buffer's.
    buffer.bytes(|out, cap| unsafe { abi::program::arguments(out, cap) })
}

/// The record of the code of the definition, for [`Chunk::parse`]; empty for a
/// guest that is itself the code.
pub fn code(buffer: &mut Buffer) -> Result<&[u8], Failure<'_>> {
    // SAFETY: the range is the buffer's.
    buffer.bytes(|out, cap| unsafe { abi::program::code(out, cap) })
}

/// The record of the prepared code of the program's own module of this name,
/// for [`Chunk::parse`]; empty where there is none.
pub fn module<'b>(name: &str, buffer: &'b mut Buffer) -> Result<&'b [u8], Failure<'b>> {
    // SAFETY: the ranges are `name` and the buffer's.
    buffer.bytes(|out, cap| unsafe { abi::program::module(name.as_ptr(), name.len(), out, cap) })
}

/// Called by `prepare`: what `start` is to be given as code.
pub fn prepared(code: &[u8]) {
    // SAFETY: the range is `code`.
    unsafe { abi::program::prepared(code.as_ptr(), code.len()) }
}

/// The result of the process, one encoded value, at most once.
pub fn finish(value: Option<&[u8]>) {
    let (value, len) = absent::range(value);
    // SAFETY: the range is the slice.
    unsafe { abi::program::finish(value, len) }
}

/// The error the process ends with, or, in `prepare`, why its source does not
/// compile. Where there is no memory to encode it, a shorter one says so.
pub fn fail(error: &Error) {
    let mut out = Output::new();
    // The runtime says what a process has failed with that has too many bytes.
    out.lift_limit();
    match error.encode(&mut out) {
        Ok(()) => fail_encoded(out.as_slice()),
        Err(_) => fail_out_of_memory(),
    }
}

/// The same for an error that is already encoded (ext type 1).
pub fn fail_encoded(error: &[u8]) {
    // SAFETY: the range is `error`.
    unsafe { abi::program::fail(error.as_ptr(), error.len()) }
}

/// The same for want of memory. Allocates nothing.
pub fn fail_out_of_memory() {
    fail_encoded(crate::buffer::FAILED_OUT_OF_MEMORY);
}

/// In the program's first process ends the program with this exit status, in
/// any other ends the process.
pub fn exit(status: i32) -> ! {
    // SAFETY: no argument refers to memory.
    unsafe { abi::program::exit(status) }
}

impl<'a> Chunk<'a> {
    /// Takes a record apart; `None` where it is empty.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (len, rest) = bytes.split_first_chunk()?;
        let (name, code) = rest.split_at_checked(u32::from_le_bytes(*len) as usize)?;
        Some(Self { name, code })
    }
}
