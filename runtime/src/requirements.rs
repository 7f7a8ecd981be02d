//! What a program asks of the machine, and what the machine has.

use std::sync::Arc;

pub use warren_engine::{
    CacheError, MachineMemory, OTHER_MAPPINGS, Requirements, SystemMemory, default_max_memory,
    pagemap_scan_is_available, try_code_cache,
};

use crate::app::{App, HostConfig};
use crate::builder::limits;

/// What one host of a program asks of the machine when it is full.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostRequirements {
    /// The host.
    pub name: Arc<str>,
    /// How many processes it allows.
    pub max_processes: usize,
    /// Whether the manifest says so; else it is the default, which is meant as
    /// a bound and not as a need.
    pub stated: bool,
    /// Bytes of memory that each of them may hold.
    pub max_memory: u64,
    /// Bytes of memory that all of them may hold together, where the manifest says.
    pub max_memory_total: Option<u64>,
    /// What so many need.
    pub requirements: Requirements,
}

impl HostRequirements {
    /// Those of each host of a program.
    pub fn of(app: &App) -> Vec<HostRequirements> {
        let hosts = app.hosts().iter();
        hosts
            .map(|(name, host)| HostRequirements::of_host(Arc::clone(name), host))
            .collect()
    }

    /// Those of a host with these limits.
    pub fn of_host(name: Arc<str>, host: &HostConfig) -> HostRequirements {
        let limits = limits(host);
        HostRequirements {
            name,
            max_processes: limits.processes.max_processes,
            max_memory: limits.max_memory,
            max_memory_total: limits.max_memory_total,
            stated: host.max_processes.is_some(),
            requirements: limits.requirements(),
        }
    }
}
