//! What a machine has to allow so that a host can be full.

use std::path::Path;

use crate::code::cache::{CacheError, CodeCache};
use crate::code::class::{Class, Shape};
use crate::code::mappings;
use crate::host_limits::HostLimits;

/// What the processes of one host need of the operating system beyond memory,
/// when there are as many as it allows and none is a component.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Requirements {
    /// Memory mappings, bounded by `vm.max_map_count`.
    pub mappings: u64,
    /// Bytes of address space, bounded by `ulimit -v` and the processor.
    pub address_space: u64,
}

/// Memory mappings a program needs besides those of its processes.
pub const OTHER_MAPPINGS: u64 = mappings::RESERVED;

impl HostLimits {
    /// What a full host needs.
    pub fn requirements(&self) -> Requirements {
        let processes = self.processes.max_processes;
        // Fast places are for whoever has the address space to spare.
        let class = Class::dense(self.max_memory, Shape::Core);
        let processes = u64::try_from(processes).unwrap_or(u64::MAX);
        Requirements {
            mappings: processes.saturating_mul(mappings::PER_PROCESS),
            address_space: processes.saturating_mul(class.address_space()),
        }
    }
}

/// Whether the operating system can say which pages were written to
/// (`PAGEMAP_SCAN`, Linux 6.7). Without it, the memory of a process that ended
/// is reset page by page, whether it was written to or not.
pub fn pagemap_scan_is_available() -> bool {
    wasmtime::PoolingAllocationConfig::is_pagemap_scan_available()
}

/// Tries whether compiled code can be kept in a directory, and makes it where
/// it is missing.
///
/// # Errors
///
/// See [`CacheError`], which also says what to do.
pub fn try_code_cache(directory: &Path) -> Result<(), CacheError> {
    CodeCache::open(directory).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_host_needs_what_each_process_needs() {
        let mut host = HostLimits::default();
        host.processes.max_processes = 100_000;
        let requirements = host.requirements();
        assert_eq!(requirements.mappings, 600_000);
        // Two of 64 MiB and a stack each.
        assert!(requirements.address_space > 100_000 * (128 << 20));
        assert!(requirements.address_space < 100_000 * (130 << 20));
    }
}
