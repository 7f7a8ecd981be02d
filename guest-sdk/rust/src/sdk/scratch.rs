//! The buffers that the calls of a guest share, for results and for encoding.

use std::cell::Cell;

use serde::Serialize;

use warren_values::{CodecError, write_values};

use crate::Buffer;
use crate::msgpack::Output;

thread_local! {
    static BUFFER: Cell<Buffer> = const { Cell::new(Buffer::new()) };
    static OUTPUT: Cell<Output> = const { Cell::new(Output::new()) };
}

/// Lends the buffer. A nested call gets a buffer of its own.
pub(super) fn with<T>(action: impl FnOnce(&mut Buffer) -> T) -> T {
    let mut buffer = BUFFER.take();
    let result = action(&mut buffer);
    BUFFER.set(buffer);
    result
}

/// Lends an array of n values, as [`to_values`](super::codec::to_values)
/// encodes it, in memory that is kept. A nested encoding gets memory of its
/// own.
pub(super) fn with_values<T: Serialize + ?Sized, R>(
    values: &T,
    action: impl FnOnce(&[u8]) -> R,
) -> Result<R, CodecError> {
    let mut output = OUTPUT.take();
    output.clear();
    let written = write_values(values, &mut output);
    let result = written.map(|_| action(output.as_slice()));
    OUTPUT.set(output);
    result
}
