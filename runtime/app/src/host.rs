//! The manifest's settings of hosts.

use std::time::Duration;

/// The limits of one host. The runtime's defaults replace absent ones.
///
/// ```
/// use std::time::Duration;
/// use warren_app::{App, AppOptions};
///
/// # let directory = tempfile::tempdir()?;
/// # std::fs::write(directory.path().join("main.lua"), "return 1")?;
/// let manifest = "[hosts.\"app:workers\"]\nmax_processes = 10\nmax_cpu = \"30s\"\n";
/// std::fs::write(directory.path().join("warren.toml"), manifest)?;
/// let app = App::open(directory.path(), AppOptions::default())?;
/// let workers = &app.hosts()["app:workers"];
/// assert_eq!(workers.max_processes, Some(10));
/// assert_eq!(workers.max_cpu, Some(Duration::from_secs(30)));
/// assert_eq!(workers.max_memory, None); // the runtime's default
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
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
///
/// ```
/// use warren_app::{App, AppOptions, QueueSettings};
///
/// # let directory = tempfile::tempdir()?;
/// # std::fs::write(directory.path().join("main.lua"), "return 1")?;
/// let manifest = "[hosts.\"app:workers\"]\nmax_queue = { bytes = \"4MiB\" }\n";
/// std::fs::write(directory.path().join("warren.toml"), manifest)?;
/// let app = App::open(directory.path(), AppOptions::default())?;
/// let limits = QueueSettings { messages: None, bytes: Some(4 << 20) };
/// assert_eq!(app.hosts()["app:workers"].max_queue, limits);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueueSettings {
    /// In messages.
    pub messages: Option<usize>,
    /// In bytes.
    pub bytes: Option<usize>,
}
