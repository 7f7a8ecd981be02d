//! Limits of a host and of its processes.

use std::time::Duration;

use warren_kernel::HostConfig;

use crate::files::FileLimits;
use crate::log::{DEFAULT_MAX_LOG, DEFAULT_MAX_LOG_TOTAL};

/// What the processes of a host may use.
#[derive(Clone, Debug)]
pub struct HostLimits {
    /// How many there may be, and what each may hold and know.
    pub processes: HostConfig,
    /// Bytes of memory of each: its linear memory, and what the runtime holds for
    /// it (messages, events, results, names, ties, arguments and context).
    pub max_memory: u64,
    /// Bytes of memory of all of them together; absent, seven eighths of what the
    /// node may have.
    pub max_memory_total: Option<u64>,
    /// Processor time that each may use in all, where there is a limit. It is
    /// counted in ticks, and its guests are held to it: native code is not.
    pub max_cpu: Option<Duration>,
    /// Bytes of log records that each may write in a second; see
    /// [`DEFAULT_MAX_LOG`].
    pub max_log: u64,
    /// The same for all of the host together.
    pub max_log_total: u64,
    /// How many files they may have open, and how much fuller they may make disks.
    pub files: FileLimits,
}

/// Memory of a process where nobody said otherwise: 64 MiB.
pub const DEFAULT_MAX_MEMORY: u64 = 64 << 20;

impl Default for HostLimits {
    fn default() -> Self {
        HostLimits {
            processes: HostConfig::default(),
            max_memory: DEFAULT_MAX_MEMORY,
            max_memory_total: None,
            max_cpu: None,
            max_log: DEFAULT_MAX_LOG,
            max_log_total: DEFAULT_MAX_LOG_TOTAL,
            files: FileLimits::default(),
        }
    }
}
