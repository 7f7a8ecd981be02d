//! The needs of a program, and the resources of the machine.

use std::sync::Arc;

pub use warren_engine::{
    CacheError, MachineMemory, OTHER_MAPPINGS, Requirements, SystemMemory, default_max_memory,
    pagemap_scan_is_available, try_code_cache,
};

use crate::app::{App, HostSettings};
use crate::limits::limits;

/// The needs of one full host of a program.
///
/// ```
/// use warren::app::HostSettings;
/// use warren::requirements::HostRequirements;
///
/// let settings = HostSettings { max_processes: Some(100_000), ..HostSettings::default() };
/// let host = HostRequirements::of_host("app:all".into(), &settings);
/// println!("sysctl -w vm.max_map_count={}", host.requirements.mappings);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostRequirements {
    /// The host.
    pub name: Arc<str>,
    /// Number of processes the host allows.
    pub max_processes: usize,
    /// True if the manifest sets the number. The default is a bound and not a
    /// need.
    pub stated: bool,
    /// Bytes of memory that each process may hold.
    pub max_memory: u64,
    /// Bytes of memory that all processes may hold together, if the manifest
    /// sets a limit.
    pub max_memory_total: Option<u64>,
    /// The needs of that many processes.
    pub requirements: Requirements,
}

impl HostRequirements {
    /// Returns the requirements of each host of a program.
    pub fn of(app: &App) -> Vec<HostRequirements> {
        let hosts = app.hosts().iter();
        hosts
            .map(|(name, host)| HostRequirements::of_host(Arc::clone(name), host))
            .collect()
    }

    /// Returns the requirements of a host with these limits.
    pub fn of_host(name: Arc<str>, host: &HostSettings) -> HostRequirements {
        let limits = limits(host);
        HostRequirements {
            name,
            max_processes: limits.max_processes,
            max_memory: limits.max_memory,
            max_memory_total: limits.max_memory_total,
            stated: host.max_processes.is_some(),
            requirements: limits.requirements(),
        }
    }
}
