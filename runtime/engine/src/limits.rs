//! The memory limit of one process.

use wasmtime::ResourceLimiter;

/// Says no to growth beyond the limit, and remembers that it did. Each memory
/// has the limit for itself: one of them is the heap of exceptions, which a
/// guest that has used up its own memory needs to say so.
pub(crate) struct Limits {
    max_memory: usize,
    refused: bool,
}

impl Limits {
    /// At most this many bytes of linear memory.
    pub(crate) fn new(max_memory: u64) -> Limits {
        Limits {
            max_memory: usize::try_from(max_memory).unwrap_or(usize::MAX),
            refused: false,
        }
    }

    /// Whether the guest ever wanted more than it may have: the likely reason
    /// where it fails for want of memory.
    pub(crate) fn refused(&self) -> bool {
        self.refused
    }
}

impl ResourceLimiter for Limits {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let granted = desired <= self.max_memory;
        self.refused |= !granted;
        Ok(granted)
    }

    fn table_growing(
        &mut self,
        _current: usize,
        _desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        // The pool bounds every table; see `Class`.
        Ok(true)
    }
}
