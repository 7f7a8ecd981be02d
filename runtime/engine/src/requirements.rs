//! Requirements of a full host on the machine.

use std::path::Path;

use crate::code::cache::{CacheError, CodeCache};
use crate::code::class::{Class, Shape};
use crate::code::mappings;
use crate::host_limits::HostLimits;

/// Needs of a full host, beyond memory, if none of its processes is a component.
///
/// ```
/// use warren_engine::HostLimits;
///
/// let one = HostLimits::default().max_processes(1).requirements();
/// let full = HostLimits::default().max_processes(1_000).requirements();
/// assert_eq!(full.mappings, 1_000 * one.mappings);
/// assert_eq!(full.address_space, 1_000 * one.address_space);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requirements {
    /// Memory mappings, bounded by `vm.max_map_count`.
    pub mappings: u64,
    /// Bytes of address space, bounded by `ulimit -v` and the processor.
    pub address_space: u64,
}

/// Memory mappings of the runtime besides those of its processes.
pub const OTHER_MAPPINGS: u64 = mappings::RESERVED;

impl HostLimits {
    /// Returns the needs of this host if it is full.
    pub fn requirements(&self) -> Requirements {
        let processes = self.max_processes;
        // Fast slots are optional: they take address space that is left over.
        let class = Class::dense(self.max_memory, Shape::Core);
        let processes = u64::try_from(processes).unwrap_or(u64::MAX);
        Requirements {
            mappings: processes.saturating_mul(mappings::PER_PROCESS),
            address_space: processes.saturating_mul(class.address_space()),
        }
    }
}

/// Returns true if the operating system can list the pages that were written to
/// (`PAGEMAP_SCAN`, Linux 6.7). Without it, the memory of a process that ended is reset
/// page by page, written to or not.
pub fn pagemap_scan_is_available() -> bool {
    wasmtime::PoolingAllocationConfig::is_pagemap_scan_available()
}

/// Opens the directory of a code cache to check that it can be used; makes it if it is
/// missing.
///
/// # Errors
///
/// See [`CacheError`]; [`CacheError::remedy`] returns the repair.
pub fn try_code_cache(directory: &Path) -> Result<(), CacheError> {
    CodeCache::open(directory).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_host_needs_what_each_process_needs() {
        let host = HostLimits::default().max_processes(100_000);
        let requirements = host.requirements();
        assert_eq!(requirements.mappings, 600_000);
        // Each process has two memories of 64 MiB and a stack.
        assert!(requirements.address_space > 100_000 * (128 << 20));
        assert!(requirements.address_space < 100_000 * (130 << 20));
    }
}
