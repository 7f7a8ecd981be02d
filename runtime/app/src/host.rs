//! What a program says about its hosts.

use std::time::Duration;

/// The limits of one host. What is absent is left to the runtime's defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostConfig {
    /// How many processes may live in it at once.
    pub max_processes: Option<usize>,
    /// Memory of one process, in bytes: linear memory, and what the runtime holds
    /// for it.
    pub max_memory: Option<u64>,
    /// Memory of all its processes together, in bytes.
    pub max_memory_total: Option<u64>,
    /// Processor time that one process may use in all.
    pub max_cpu: Option<Duration>,
    /// Bytes of log records that one process may write in a second.
    pub max_log: Option<u64>,
    /// The same for all processes of the host together.
    pub max_log_total: Option<u64>,
    /// Files that one process may have open.
    pub max_files: Option<usize>,
    /// Files that all its processes may have open together.
    pub max_files_total: Option<usize>,
    /// Bytes by which all its processes may make disks fuller.
    pub max_disk: Option<u64>,
    /// Limits of every queue of one process.
    pub max_queue: QueueConfig,
}

/// The limits of one queue. What is absent is left to the runtime's defaults.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueConfig {
    /// In messages.
    pub messages: Option<usize>,
    /// In bytes.
    pub bytes: Option<usize>,
}
