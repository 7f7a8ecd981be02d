//! Strings of Lua, as Rust reads them.

use std::ffi::c_int;
use std::slice;

use super::State;
use super::internals;

impl State {
    /// Returns the string at `index`; `None` for another type, numbers too.
    ///
    /// # Safety
    /// The string is reachable for Lua (on the stack, or in a table) as long as the
    /// bytes are used.
    #[inline]
    pub(crate) unsafe fn bytes<'a>(self, index: c_int) -> Option<&'a [u8]> {
        let mut len = 0;
        // SAFETY: by the contract of `State`; a string's bytes do not move, and the
        // caller keeps it alive.
        unsafe {
            let text = internals::warren_string(self.as_ptr(), index, &mut len);
            (!text.is_null()).then(|| slice::from_raw_parts(text.cast(), len))
        }
    }

    /// Lends the string at `index` to `read`, and nothing where there is none, as
    /// [`bytes`](Self::bytes) has it. `read` leaves the string where it is.
    #[inline]
    pub(crate) fn with_bytes<R>(self, index: c_int, read: impl FnOnce(Option<&[u8]>) -> R) -> R {
        // SAFETY: `read` keeps no reference, and by the contract of `State` it leaves the
        // string reachable.
        read(unsafe { self.bytes(index) })
    }

    /// Returns true for a string with these bytes.
    #[inline]
    pub(crate) fn is_string(self, index: c_int, expected: &[u8]) -> bool {
        self.with_bytes(index, |bytes| bytes == Some(expected))
    }

    /// Returns a copy of the string at `index`; `None` for another type. Bytes that are no
    /// UTF-8 are replaced.
    pub(crate) fn lossy(self, index: c_int) -> Option<String> {
        self.lossy_beginning(index, usize::MAX)
    }

    /// The same of the first `most` bytes.
    // Not inlined: it is for messages.
    #[inline(never)]
    pub(crate) fn lossy_beginning(self, index: c_int, most: usize) -> Option<String> {
        self.with_bytes(index, |bytes| {
            let beginning = bytes.map(|bytes| bytes.get(..most).unwrap_or(bytes))?;
            Some(String::from_utf8_lossy(beginning).into_owned())
        })
    }
}
