//! The one buffer that the calls of a guest share.

use std::cell::Cell;

use crate::Buffer;

thread_local! {
    static BUFFER: Cell<Buffer> = const { Cell::new(Buffer::new()) };
}

/// Lends the buffer. A call within the call gets one of its own.
pub(super) fn with<T>(action: impl FnOnce(&mut Buffer) -> T) -> T {
    let mut buffer = BUFFER.take();
    let result = action(&mut buffer);
    BUFFER.set(buffer);
    result
}
