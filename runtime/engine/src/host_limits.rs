//! Limits of a host and of its processes.

use std::time::Duration;

use warren_kernel::{HostConfig, MemoryLimits, QueueLimits};

use crate::files::FileLimits;
use crate::log::{DEFAULT_MAX_LOG, DEFAULT_MAX_LOG_TOTAL};
use crate::setters::setters;

/// The host of a process for which nothing else is said.
pub const DEFAULT_HOST: &str = "app:processes";

/// Limits of a host and of its processes. Each field has a setter of the same name:
///
/// ```
/// use std::time::Duration;
/// use warren_engine::HostLimits;
///
/// let limits = HostLimits::default()
///     .max_processes(100)
///     .max_memory(8 << 20)
///     .max_cpu(Duration::from_secs(10));
/// assert_eq!(limits.max_memory, 8 << 20);
/// assert_eq!(limits.max_message, HostLimits::default().max_message);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct HostLimits {
    /// Processes of the host that live at once.
    pub max_processes: usize,
    /// Messages in each queue of a process: every listener, the inbox, the unclaimed
    /// messages.
    pub max_queue_messages: usize,
    /// Bytes in each queue of a process: sender, topic and payload together.
    pub max_queue_bytes: usize,
    /// Bytes of one message (its topic and payload), an argument list, a context, and a
    /// result; 1 MiB at most.
    pub max_message: usize,
    /// Listeners of a process, its subscriptions of events, and its monitors of groups.
    pub max_subscriptions: usize,
    /// Links of a process, together with unread events of failed links.
    pub max_links: usize,
    /// Monitors that a process has on others, together with their unread events.
    pub max_monitors: usize,
    /// Registered names of a process.
    pub max_names: usize,
    /// Groups that a process is a member of.
    pub max_groups: usize,
    /// Execs, and operations of capabilities, whose outcome a process has not read yet.
    pub max_execs: usize,
    /// Bytes of memory of each process: its linear memory, and the memory that the
    /// runtime holds for it (messages, events, results, names, ties, arguments and
    /// context).
    pub max_memory: u64,
    /// Bytes of log records that each process may write in a second; see
    /// [`DEFAULT_MAX_LOG`].
    pub max_log: u64,
    /// Bytes of log records that all processes together may write in a second.
    pub max_log_total: u64,
    /// Bytes of memory of all processes together. If absent, seven eighths of the
    /// memory of the node.
    pub max_memory_total: Option<u64>,
    /// Processor time that each process may use in all, if there is a limit. It is
    /// counted in ticks. Only guests are held to it, not host function processes.
    pub max_cpu: Option<Duration>,
    /// Open files of each process. If absent, a quarter of those of all processes
    /// together, 256 at most.
    pub max_files: Option<usize>,
    /// Open files of all processes together. If absent, half of the files that the
    /// operating system leaves to the node.
    pub max_files_total: Option<usize>,
    /// Bytes that all processes together may add to disks; see
    /// [`DEFAULT_MAX_DISK`](crate::DEFAULT_MAX_DISK), which holds if absent.
    pub max_disk: Option<u64>,
}

setters! {
    HostLimits {
        max_processes: usize,
        max_queue_messages: usize,
        max_queue_bytes: usize,
        max_message: usize,
        max_subscriptions: usize,
        max_links: usize,
        max_monitors: usize,
        max_names: usize,
        max_groups: usize,
        max_execs: usize,
        max_memory: u64,
        max_log: u64,
        max_log_total: u64,
    }
    optional {
        max_memory_total: u64,
        max_cpu: Duration,
        max_files: usize,
        max_files_total: usize,
        max_disk: u64,
    }
}

/// Default limit of the memory of a process: 64 MiB.
pub const DEFAULT_MAX_MEMORY: u64 = 64 << 20;

impl Default for HostLimits {
    fn default() -> Self {
        let HostConfig {
            max_processes,
            queue,
            max_message,
            max_subscriptions,
            max_links,
            max_monitors,
            max_names,
            max_groups,
            max_execs,
        } = HostConfig::default();
        HostLimits {
            max_processes,
            max_queue_messages: queue.messages,
            max_queue_bytes: queue.bytes,
            max_message,
            max_subscriptions,
            max_links,
            max_monitors,
            max_names,
            max_groups,
            max_execs,
            max_memory: DEFAULT_MAX_MEMORY,
            max_log: DEFAULT_MAX_LOG,
            max_log_total: DEFAULT_MAX_LOG_TOTAL,
            max_memory_total: None,
            max_cpu: None,
            max_files: None,
            max_files_total: None,
            max_disk: None,
        }
    }
}

impl HostLimits {
    /// Returns the limits that the kernel holds processes to.
    pub(crate) fn of_kernel(&self) -> HostConfig {
        HostConfig {
            max_processes: self.max_processes,
            queue: QueueLimits {
                messages: self.max_queue_messages,
                bytes: self.max_queue_bytes,
            },
            max_message: self.max_message,
            max_subscriptions: self.max_subscriptions,
            max_links: self.max_links,
            max_monitors: self.max_monitors,
            max_names: self.max_names,
            max_groups: self.max_groups,
            max_execs: self.max_execs,
        }
    }

    /// Returns the limits of memory.
    pub(crate) fn of_memory(&self) -> MemoryLimits {
        MemoryLimits {
            process: self.max_memory,
            total: self.max_memory_total,
        }
    }

    /// Returns the limits of open files and disk space.
    pub(crate) fn of_files(&self) -> FileLimits {
        FileLimits {
            of_process: self.max_files,
            of_host: self.max_files_total,
            max_disk: self.max_disk,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_of_the_kernel_are_those_of_a_host() {
        let limits = HostLimits::default();
        assert_eq!(limits.of_kernel(), HostConfig::default());
        assert_eq!(limits.of_memory().total, None);
        assert_eq!(limits.of_files(), FileLimits::default());
    }

    #[test]
    fn a_setter_takes_a_value_or_an_option() {
        let limits = HostLimits::default().max_disk(7).max_files(Some(3));
        assert_eq!((limits.max_disk, limits.max_files), (Some(7), Some(3)));
        let limits = limits.max_disk(None).max_names(2);
        assert_eq!((limits.max_disk, limits.max_names), (None, 2));
    }
}
