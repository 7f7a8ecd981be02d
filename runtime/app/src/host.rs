//! The manifest's settings of hosts.

use std::time::Duration;

/// The limits of one host. The runtime's defaults replace absent ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HostSettings {
    /// Processes that may live in the host at once.
    pub max_processes: Option<usize>,
    /// Memory of one process, in bytes: linear memory, and the bytes the
    /// runtime holds for it.
    pub max_memory: Option<u64>,
    /// Memory of all the host's processes together, in bytes.
    pub max_memory_total: Option<u64>,
    /// Processor time that one process may use in all.
    pub max_cpu: Option<Duration>,
    /// Bytes of log records that one process may write in a second.
    pub max_log: Option<u64>,
    /// Bytes of log records that all processes of the host may write in a
    /// second.
    pub max_log_total: Option<u64>,
    /// Files that one process may have open.
    pub max_files: Option<usize>,
    /// Files that all the host's processes may have open together.
    pub max_files_total: Option<usize>,
    /// Bytes that all the host's processes may add to disks.
    pub max_disk: Option<u64>,
    /// Limits of every queue of one process.
    pub max_queue: QueueSettings,
}

/// The limits of one queue. The runtime's defaults replace absent ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueSettings {
    /// In messages.
    pub messages: Option<usize>,
    /// In bytes.
    pub bytes: Option<usize>,
}
