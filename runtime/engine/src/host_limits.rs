//! Limits of a host and of its processes.

use std::time::Duration;

use warren_kernel::HostConfig;

use crate::files::FileLimits;
use crate::log::{DEFAULT_MAX_LOG, DEFAULT_MAX_LOG_TOTAL};

/// The host of a process for which nothing else is said.
pub const DEFAULT_HOST: &str = "app:processes";

/// Limits of the processes of a host.
#[derive(Clone, Debug)]
pub struct HostLimits {
    /// Limits of their number, and of each one's queues, names and ties.
    pub processes: HostConfig,
    /// Bytes of memory of each process: its linear memory, and the memory that the
    /// runtime holds for it (messages, events, results, names, ties, arguments and
    /// context).
    pub max_memory: u64,
    /// Bytes of memory of all processes together. If absent, seven eighths of the
    /// memory of the node.
    pub max_memory_total: Option<u64>,
    /// Processor time that each process may use in all, if there is a limit. It is
    /// counted in ticks. Only guests are held to it, not host function processes.
    pub max_cpu: Option<Duration>,
    /// Bytes of log records that each process may write in a second; see
    /// [`DEFAULT_MAX_LOG`].
    pub max_log: u64,
    /// Bytes of log records that all processes together may write in a second.
    pub max_log_total: u64,
    /// Limits of open files and disk space.
    pub files: FileLimits,
}

/// Default limit of the memory of a process: 64 MiB.
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
