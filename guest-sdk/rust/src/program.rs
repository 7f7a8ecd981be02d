//! Code of a process, and its end.

use crate::msgpack::{Full, MAX_MESSAGE, Output};
use crate::{Buffer, Error, Failure, abi, absent};

/// A piece of code that an interpreter runs or prepares.
///
/// ```
/// use warren_guest::mock;
/// use warren_guest::raw::Buffer;
/// use warren_guest::raw::program::{self, Chunk};
///
/// let code = ("main.lua".to_owned(), b"return 1".to_vec());
/// mock::with(|runtime| runtime.code = Some(code));
/// let mut buffer = Buffer::new();
/// let record = program::code(&mut buffer).map_err(|error| error.decode())?;
/// let chunk = Chunk::parse(record).expect("the definition has code");
/// assert_eq!(chunk.name, b"main.lua");
/// assert_eq!(chunk.code, b"return 1");
/// assert_eq!(chunk.modules, None); // all libraries
/// # Ok::<_, warren_guest::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Chunk<'a> {
    /// The code's name in error messages.
    pub name: &'a [u8],
    /// In `prepare` the source, in `start` the output of `prepare`.
    pub code: &'a [u8],
    /// True where `message:payload()` of Lua gives objects. Known from the program's own
    /// code, and of no module.
    pub payload_objects: bool,
    /// The names of the libraries that the definition has, in lines; `None` for all. Known
    /// from the program's own code, and of no module.
    pub modules: Option<&'a [u8]>,
    /// True if the interpreter is to count how often each line runs.
    pub covered: bool,
}

/// The bit of the length of a chunk's name for [`Chunk::payload_objects`].
const PAYLOAD_OBJECTS: u32 = 1 << 31;

/// The bit of that length for [`Chunk::modules`], which follow the name.
const MODULES: u32 = 1 << 30;

/// The bit of that length for [`Chunk::covered`].
const COVERED: u32 = 1 << 29;

/// Returns the id of the running definition, `namespace:name`.
pub fn definition(buffer: &mut Buffer) -> Result<&[u8], Failure<'_>> {
    // SAFETY: the range is the buffer's.
    buffer.bytes(|out, cap| unsafe { abi::program::definition(out, cap) })
}

/// Returns the name of the function to call.
pub fn method(buffer: &mut Buffer) -> Result<&[u8], Failure<'_>> {
    // SAFETY: the range is the buffer's.
    buffer.bytes(|out, cap| unsafe { abi::program::method(out, cap) })
}

/// Returns the arguments of the spawn, upgrade or exec: one encoded array.
pub fn arguments(buffer: &mut Buffer) -> Result<&[u8], Failure<'_>> {
    // SAFETY: the range is the buffer's.
    buffer.bytes(|out, cap| unsafe { abi::program::arguments(out, cap) })
}

/// Returns the record of the definition's code, for [`Chunk::parse`]; empty for
/// a guest that is itself the code.
pub fn code(buffer: &mut Buffer) -> Result<&[u8], Failure<'_>> {
    // SAFETY: the range is the buffer's.
    buffer.bytes(|out, cap| unsafe { abi::program::code(out, cap) })
}

/// Returns the record of the prepared code of the program's own module of this
/// name, for [`Chunk::parse`]; empty if there is none.
pub fn module<'b>(name: &str, buffer: &'b mut Buffer) -> Result<&'b [u8], Failure<'b>> {
    // SAFETY: the ranges are `name` and the buffer's.
    buffer.bytes(|out, cap| unsafe { abi::program::module(name.as_ptr(), name.len(), out, cap) })
}

/// Sets the code that `start` will be given. Called by `prepare`.
pub fn prepared(code: &[u8]) {
    // SAFETY: the range is `code`.
    unsafe { abi::program::prepared(code.as_ptr(), code.len()) }
}

/// Sets the result of the process, one encoded value, at most once.
pub fn finish(value: Option<&[u8]>) {
    let (value, len) = absent::range(value);
    // SAFETY: the range is the slice.
    unsafe { abi::program::finish(value, len) }
}

/// Sets the error the process ends with, or, in `prepare`, the error of a
/// source that does not compile. An error of more than [`MAX_MESSAGE`] bytes is
/// set as [`fail_large`] does. Without memory to encode it, sets a shorter
/// error that says so.
pub fn fail(error: &Error) {
    let mut out = Output::new();
    match error.encode(&mut out) {
        Ok(()) => fail_encoded(out.as_slice()),
        Err(Full::Limit) => fail_large(error),
        Err(Full::Memory) => fail_out_of_memory(),
    }
}

/// Most bytes kept of the message, or the stack, of an error that is too large.
const KEPT: usize = 1_000;

/// Sets an error of more than [`MAX_MESSAGE`] bytes: its kind and the beginning of its
/// message, which then says so. Its details and contexts are left out, and a stack of more
/// than a thousand bytes.
pub fn fail_large(error: &Error) {
    let kept = error.message.floor_char_boundary(KEPT);
    let rest = if kept < error.message.len() {
        "..."
    } else {
        ""
    };
    let error = Error {
        kind: error.kind[..error.kind.floor_char_boundary(KEPT)].into(),
        message: format!(
            "{}{rest} (this error has more than max_message = {MAX_MESSAGE} bytes: the rest is \
             left out)",
            &error.message[..kept]
        ),
        retryable: error.retryable,
        details: Vec::new(),
        stack: error.stack.clone().filter(|stack| stack.len() <= KEPT),
        contexts: Box::default(),
    };
    let mut out = Output::new();
    match error.encode(&mut out) {
        Ok(()) => fail_encoded(out.as_slice()),
        Err(_) => fail_out_of_memory(),
    }
}

/// Sets the error as [`fail`] does, already encoded (ext type 1).
pub fn fail_encoded(error: &[u8]) {
    // SAFETY: the range is `error`.
    unsafe { abi::program::fail(error.as_ptr(), error.len()) }
}

/// Sets the error for want of memory. Allocates nothing.
pub fn fail_out_of_memory() {
    fail_encoded(crate::buffer::FAILED_OUT_OF_MEMORY);
}

/// Ends the program with this exit status, in the program's first process; ends
/// the process in any other.
pub fn exit(status: i32) -> ! {
    // SAFETY: no argument refers to memory.
    unsafe { abi::program::exit(status) }
}

impl<'a> Chunk<'a> {
    /// Parses a record; `None` if it is empty.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (len, rest) = bytes.split_first_chunk()?;
        let len = u32::from_le_bytes(*len);
        let name_len = len & !(PAYLOAD_OBJECTS | MODULES | COVERED);
        let (name, rest) = rest.split_at_checked(name_len as usize)?;
        let (modules, code) = if len & MODULES == 0 {
            (None, rest)
        } else {
            let (len, rest) = rest.split_first_chunk()?;
            let (modules, code) = rest.split_at_checked(u32::from_le_bytes(*len) as usize)?;
            (Some(modules), code)
        };
        Some(Self {
            name,
            code,
            payload_objects: len & PAYLOAD_OBJECTS != 0,
            modules,
            covered: len & COVERED != 0,
        })
    }
}
