//! The program's standard streams.

use crate::{Buffer, Failure, abi};

/// A standard stream to write to.
///
/// ```
/// use warren_guest::mock;
/// use warren_guest::stdio::{self, Stream};
///
/// stdio::write(Stream::Out, b"ready\n");
/// stdio::write(Stream::Err, b"a warning\n");
/// let [out, err] = mock::with(|runtime| runtime.written.clone());
/// assert_eq!(out, b"ready\n");
/// assert_eq!(err, b"a warning\n");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out = 0,
    /// Standard error.
    Err = 1,
}

/// Adds bytes to a stream. The runtime prints a line once it is complete.
pub fn write(stream: Stream, bytes: &[u8]) {
    // SAFETY: the range is `bytes`.
    unsafe { abi::stdio::write(stream as u32, bytes.as_ptr(), bytes.len()) }
}

/// Prints an incomplete line.
pub fn flush(stream: Stream) {
    // SAFETY: no argument refers to memory.
    unsafe { abi::stdio::flush(stream as u32) }
}

/// Fills `bytes` with standard input, at most 65,536 bytes, and returns their
/// number, which is 0 at the end. `buffer` is for a failure.
pub fn read_into<'a>(bytes: &mut [u8], buffer: &'a mut Buffer) -> Result<usize, Failure<'a>> {
    // SAFETY: the range is `bytes`.
    let count =
        buffer.number(|| unsafe { abi::stdio::read(bytes.as_mut_ptr(), bytes.len()) })? as usize;
    Ok(count.min(bytes.len()))
}

/// Returns some bytes of standard input; none at its end.
pub fn read(buffer: &mut Buffer) -> Result<&[u8], Failure<'_>> {
    // SAFETY: the range is the buffer's.
    buffer.bytes(|out, cap| unsafe { abi::stdio::read(out, cap) })
}
