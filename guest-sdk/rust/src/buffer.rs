//! A reusable buffer for results, and the rules of statuses.

use crate::{Error, abi};

/// A buffer for the results of calls. It keeps its memory from call to call, so
/// that one buffer per guest is enough and a result that fits costs no
/// allocation.
///
/// ```
/// use warren_guest::raw::{Buffer, process};
///
/// let mut buffer = Buffer::new();
/// let pid = process::pid(&mut buffer).map_err(|error| error.decode())?;
/// assert_eq!(pid, warren_guest::mock::PID.as_bytes());
/// # Ok::<_, warren_guest::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Buffer {
    bytes: Vec<u8>,
}

/// The error of a failed call, as MessagePack (ext type 1), so that a guest can
/// decode it straight into values of its own.
///
/// ```
/// use warren_guest::kind;
/// use warren_guest::raw::{Buffer, registry};
///
/// let mut buffer = Buffer::new();
/// let failure = registry::lookup("nobody", &mut buffer).unwrap_err();
/// assert!(failure.decode().is(kind::NOT_FOUND));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Failure<'a>(pub &'a [u8]);

impl Failure<'_> {
    /// Decodes the error into an owned record.
    pub fn decode(self) -> Error {
        Error::decode(self.0)
    }
}

/// Enough for a message of ordinary size.
const FIRST_CAPACITY: usize = 512;
/// Capacity above which the buffer is freed before the next call.
const KEPT_CAPACITY: usize = 64 * 1024;

/// `{kind = "Internal", message = "not enough memory"}`, encoded.
pub(crate) const OUT_OF_MEMORY: &[u8] = b"\xc7\x1c\x01\x92\xa8Internal\xb1not enough memory";

/// `{kind = "Internal", message = "malformed answer"}`, encoded.
pub(crate) const MALFORMED: &[u8] = b"\xc7\x1b\x01\x92\xa8Internal\xb0malformed answer";

/// The error of a process that ends for want of memory, encoded. The runtime
/// knows the reason by the kind, and adds the limit.
pub(crate) const FAILED_OUT_OF_MEMORY: &[u8] =
    b"\xc7\x1f\x01\x92\xabOutOfMemory\xb1not enough memory";

impl Buffer {
    /// Returns an empty buffer. Allocates nothing before its first use.
    pub const fn new() -> Self {
        Self { bytes: Vec::new() }
    }

    /// Makes a call that yields bytes; `call` is given an address and a
    /// capacity and returns the status.
    pub(crate) fn bytes(
        &mut self,
        call: impl FnOnce(*mut u8, usize) -> i32,
    ) -> Result<&[u8], Failure<'_>> {
        if self.bytes.capacity() > KEPT_CAPACITY {
            self.bytes = Vec::new();
        }
        if !self.reserve(FIRST_CAPACITY) {
            return Err(Failure(OUT_OF_MEMORY));
        }
        let status = call(self.bytes.as_mut_ptr(), self.bytes.capacity());
        if status < 0 {
            return Err(self.failure(status));
        }
        let len = status as usize;
        if len <= self.bytes.capacity() {
            // SAFETY: the runtime has written the first `len` bytes, which are
            // within the capacity it was given.
            unsafe { self.bytes.set_len(len) };
        } else if !self.take(len) {
            return Err(Failure(OUT_OF_MEMORY));
        }
        Ok(&self.bytes)
    }

    /// Makes a call that yields a number.
    pub(crate) fn number(&mut self, call: impl FnOnce() -> i32) -> Result<u32, Failure<'_>> {
        let status = call();
        u32::try_from(status).map_err(|_| self.failure(status))
    }

    /// Makes a call that yields nothing.
    pub(crate) fn done(&mut self, call: impl FnOnce() -> i32) -> Result<(), Failure<'_>> {
        self.number(call).map(|_| ())
    }

    /// Fetches the error that a negative status announces.
    pub(crate) fn failure(&mut self, status: i32) -> Failure<'_> {
        if self.take(status.unsigned_abs() as usize) {
            Failure(&self.bytes)
        } else {
            Failure(OUT_OF_MEMORY)
        }
    }

    /// Fetches `len` held bytes. Returns false if there is no memory for them.
    fn take(&mut self, len: usize) -> bool {
        if !self.reserve(len) {
            return false;
        }
        // SAFETY: the range is this vector's own allocation.
        let taken = unsafe { abi::held::take(self.bytes.as_mut_ptr(), self.bytes.capacity()) };
        let taken = (taken.max(0) as usize).min(self.bytes.capacity());
        // SAFETY: the runtime has written `taken` bytes, which are within the
        // capacity it was given.
        unsafe { self.bytes.set_len(taken) };
        true
    }

    /// Empties the buffer and makes room. Returns false if there is no memory.
    fn reserve(&mut self, capacity: usize) -> bool {
        self.bytes.clear();
        self.bytes.try_reserve_exact(capacity).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_errors_of_the_buffer_are_well_formed() {
        for (encoded, kind, message) in [
            (OUT_OF_MEMORY, "Internal", "not enough memory"),
            (MALFORMED, "Internal", "malformed answer"),
            (FAILED_OUT_OF_MEMORY, "OutOfMemory", "not enough memory"),
        ] {
            let error = Failure(encoded).decode();
            assert_eq!(
                (error.kind.as_str(), error.message.as_str()),
                (kind, message)
            );
            assert_eq!(encoded.len(), 3 + usize::from(encoded[1]));
        }
    }
}
