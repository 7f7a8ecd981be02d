//! The memory limit of one process.

use std::sync::Arc;

use warren_kernel::Process;
use wasmtime::ResourceLimiter;

/// Says no to growth beyond the limit, and remembers that it did. Each memory
/// has the limit for itself: one of them is the heap of exceptions, which a
/// guest that has used up its own memory needs to say so.
pub(crate) struct Limits {
    max_memory: usize,
    refused: bool,
    /// Whom the memory is charged to.
    process: Option<Arc<Process>>,
    /// What was granted last.
    granted: (u64, u64),
}

impl Limits {
    /// At most this many bytes of linear memory.
    pub(crate) fn new(max_memory: u64, process: Option<Arc<Process>>) -> Limits {
        Limits {
            max_memory: usize::try_from(max_memory).unwrap_or(usize::MAX),
            refused: false,
            process,
            granted: (0, 0),
        }
    }

    fn charge(&mut self, from: u64, to: u64) {
        self.granted = (from, to);
        if let Some(process) = &self.process {
            process.usage().change_memory(from, to);
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
        current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> wasmtime::Result<bool> {
        let granted = desired <= self.max_memory;
        self.refused |= !granted;
        if granted {
            self.charge(current as u64, desired as u64);
        }
        Ok(granted)
    }

    fn memory_grow_failed(&mut self, error: wasmtime::Error) -> wasmtime::Result<()> {
        let (from, to) = self.granted;
        self.charge(to, from);
        tracing::debug!(%error, "a granted growth of memory failed");
        Ok(())
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
