//! Budgets of open files, and of threads that wait for a disk.
//!
//! ```text
//!   process   max_files        files it has open
//!   host      max_files_total  files all its processes have open; threads
//!   runtime   ulimit -n        less what the runtime keeps for itself; threads
//! ```
//!
//! A host at its limit leaves the others theirs: by default it gets half of what
//! the runtime has. Work that may wait for a disk runs on threads that a host
//! has [`THREADS_OF_HOST`] of, and all hosts together [`THREADS`]: the other
//! blocking threads of the runtime stay free for compiling and reading sources.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::disk::{DEFAULT_MAX_DISK, Disks, HostDisk};

/// Open files of one process where nobody said otherwise, if the machine allows
/// as many.
pub const MAX_FILES_OF_PROCESS: usize = 256;

/// Threads that the processes of one host may keep waiting for a disk.
const THREADS_OF_HOST: usize = 16;

/// The same for all hosts. tokio has 512 blocking threads unless told otherwise.
const THREADS: usize = 256;

/// Limits of open files. What is absent has a default that follows from the
/// system's limit of open files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FileLimits {
    /// Files that one process may have open.
    pub of_process: Option<usize>,
    /// Files that all processes of the host may have open together.
    pub of_host: Option<usize>,
    /// Bytes by which all processes of the host may make disks fuller:
    /// [`DEFAULT_MAX_DISK`] if absent.
    pub max_disk: Option<u64>,
}

/// The budget of a runtime.
#[derive(Debug)]
pub(crate) struct Files {
    limit: usize,
    open: AtomicUsize,
    threads: Arc<Semaphore>,
    disks: Arc<Disks>,
}

impl Files {
    /// A budget that follows from how many files the system lets this program
    /// open.
    pub(crate) fn of_system() -> Arc<Files> {
        Files::with_limit(for_guests(system_limit()))
    }

    fn with_limit(limit: usize) -> Arc<Files> {
        Arc::new(Files {
            limit,
            open: AtomicUsize::new(0),
            threads: Arc::new(Semaphore::new(THREADS)),
            disks: Arc::default(),
        })
    }

    /// The part of one host.
    pub(crate) fn host(self: &Arc<Files>, name: &str, limits: FileLimits) -> Arc<HostFiles> {
        let of_host = limits.of_host.unwrap_or(self.limit.div_ceil(2));
        let default = (of_host / 4).clamp(1, MAX_FILES_OF_PROCESS);
        Arc::new(HostFiles {
            name: name.into(),
            of_process: limits.of_process.unwrap_or(default),
            limit: of_host,
            open: AtomicUsize::new(0),
            threads: Arc::new(Semaphore::new(THREADS_OF_HOST)),
            disk: HostDisk::new(name, limits.max_disk.unwrap_or(DEFAULT_MAX_DISK)),
            all: Arc::clone(self),
            told: Default::default(),
        })
    }
}

/// What the system gives, less what the runtime itself needs: sockets, the code
/// cache, sources, and what the embedder opens.
fn for_guests(system: usize) -> usize {
    system.saturating_sub((system / 4).max(64))
}

/// The soft limit of open files.
fn system_limit() -> usize {
    let mut limit = libc::rlimit {
        rlim_cur: 0,
        rlim_max: 0,
    };
    // SAFETY: the pointer is to a `rlimit` of this frame, which the call fills.
    let result = unsafe { libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) };
    if result == 0 {
        usize::try_from(limit.rlim_cur).unwrap_or(usize::MAX)
    } else {
        1_024
    }
}

/// The budget of one host.
#[derive(Debug)]
pub(crate) struct HostFiles {
    name: Box<str>,
    of_process: usize,
    limit: usize,
    open: AtomicUsize,
    threads: Arc<Semaphore>,
    disk: Arc<HostDisk>,
    all: Arc<Files>,
    /// Which refusals were told, so that a guest cannot fill the log.
    told: [AtomicBool; 3],
}

/// What the processes of a host have of its files and disks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilesInUse {
    /// Files they have open.
    pub open: usize,
    /// Files they may have open together.
    pub max_open: usize,
    /// Bytes by which they have made disks fuller.
    pub disk: u64,
    /// Bytes by which they may.
    pub max_disk: u64,
}

/// Which limit refuses another open file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Full {
    Process,
    Host,
    Runtime,
}

/// One open file; given back when dropped.
#[derive(Debug)]
pub(crate) struct Ticket(Arc<HostFiles>);

impl HostFiles {
    /// Takes room for one file more of a process that has so many open; none
    /// where a limit refuses, which the log names the first time.
    pub(crate) fn take(self: &Arc<Self>, open_of_process: usize) -> Option<Ticket> {
        match self.try_take(open_of_process) {
            Ok(ticket) => Some(ticket),
            Err(full) => {
                self.tell(full);
                None
            }
        }
    }

    fn try_take(self: &Arc<Self>, open_of_process: usize) -> Result<Ticket, Full> {
        if open_of_process >= self.of_process {
            return Err(Full::Process);
        }
        if !add_one(&self.open, self.limit) {
            return Err(Full::Host);
        }
        if !add_one(&self.all.open, self.all.limit) {
            self.open.fetch_sub(1, Ordering::Relaxed);
            return Err(Full::Runtime);
        }
        Ok(Ticket(Arc::clone(self)))
    }

    fn tell(&self, full: Full) {
        if self.told[full as usize].swap(true, Ordering::Relaxed) {
            return;
        }
        let host = &*self.name;
        match full {
            Full::Process => tracing::warn!(
                host,
                "a process has {} files open and is refused more: the limit is max_files of the \
                 host; further refusals are not logged",
                self.of_process
            ),
            Full::Host => tracing::warn!(
                host,
                "its processes have {} files open and are refused more: the limit is \
                 max_files_total of the host; further refusals are not logged",
                self.limit
            ),
            Full::Runtime => tracing::warn!(
                host,
                "processes have {} files open and are refused more: the system's limit (ulimit \
                 -n) allows no more; further refusals are not logged",
                self.all.limit
            ),
        }
    }

    /// What its processes have at present.
    pub(crate) fn in_use(&self) -> FilesInUse {
        FilesInUse {
            open: self.open.load(Ordering::Relaxed),
            max_open: self.limit,
            disk: self.disk.used(),
            max_disk: self.disk.limit(),
        }
    }

    /// What the host's processes may add to disks.
    pub(crate) fn disk(&self) -> &Arc<HostDisk> {
        &self.disk
    }

    /// Which files are charged to whom.
    pub(crate) fn disks(&self) -> &Arc<Disks> {
        &self.all.disks
    }

    /// Does work that may wait for a disk, on a thread that may. The thread
    /// stays counted until the work is done, even if nobody waits for it any
    /// more.
    pub(crate) async fn run<T: Send + 'static>(
        self: Arc<Self>,
        tokio: Handle,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let threads = self.threads().await?;
        let done = tokio.spawn_blocking(move || {
            let _threads = threads;
            work()
        });
        done.await.ok()
    }

    /// Waits until the host may keep one thread more waiting for a disk.
    pub(crate) async fn threads(&self) -> Option<[OwnedSemaphorePermit; 2]> {
        let of_host = Arc::clone(&self.threads).acquire_owned().await.ok()?;
        let of_all = Arc::clone(&self.all.threads).acquire_owned().await.ok()?;
        Some([of_host, of_all])
    }

    #[cfg(test)]
    fn open(&self) -> (usize, usize) {
        let read = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        (read(&self.open), read(&self.all.open))
    }
}

/// Adds one unless the limit is reached.
fn add_one(count: &AtomicUsize, limit: usize) -> bool {
    count
        .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |open| {
            (open < limit).then(|| open + 1)
        })
        .is_ok()
}

impl Drop for Ticket {
    fn drop(&mut self) {
        self.0.open.fetch_sub(1, Ordering::Relaxed);
        self.0.all.open.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_at_its_limit_leaves_the_others_theirs() {
        let files = Files::with_limit(8);
        let one = files.host("a:one", FileLimits::default());
        let other = files.host("a:other", FileLimits::default());
        let held: Vec<_> = (0..4).filter_map(|_| one.take(0)).collect();
        assert_eq!(held.len(), 4);
        assert!(matches!(one.try_take(0), Err(Full::Host)));
        let others: Vec<_> = (0..4).filter_map(|_| other.take(0)).collect();
        assert_eq!(others.len(), 4);
        assert_eq!(one.open(), (4, 8));
        drop(held);
        assert_eq!(one.open(), (0, 4));
    }

    #[test]
    fn a_process_has_a_limit_of_its_own() {
        let files = Files::with_limit(1_000);
        let limits = FileLimits {
            of_process: Some(2),
            ..FileLimits::default()
        };
        let host = files.host("a:host", limits);
        assert!(host.take(1).is_some());
        assert!(matches!(host.try_take(2), Err(Full::Process)));
        assert_eq!(host.open(), (0, 0));
    }

    #[test]
    fn the_runtime_keeps_some_for_itself() {
        assert_eq!(for_guests(1_024), 768);
        assert_eq!(for_guests(100), 36);
        assert_eq!(for_guests(8), 0);
        let files = Files::with_limit(1);
        let limits = FileLimits {
            of_process: Some(9),
            of_host: Some(9),
            max_disk: None,
        };
        let host = files.host("a:host", limits);
        let first = host.take(0);
        assert!(first.is_some());
        assert!(matches!(host.try_take(1), Err(Full::Runtime)));
        assert_eq!(host.open(), (1, 1));
    }
}
