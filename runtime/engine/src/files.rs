//! Budgets of open files, and of threads that wait for a disk.
//!
//! ```text
//!   process   max_files        open files of the process
//!   host      max_files_total  open files of all its processes; threads
//!   runtime   ulimit -n        open files of all processes; threads
//! ```
//!
//! A host at its limit leaves files to other hosts: by default it gets half of those
//! of the runtime. Work that may wait for a disk runs on [`THREADS_OF_HOST`] threads
//! of a host at most, and on [`THREADS`] of all hosts together. The other blocking
//! threads of the runtime stay free for compiling and reading sources.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::blocking;
use crate::disk::{DEFAULT_MAX_DISK, Disks, HostDisk};
use crate::lookups::LookUps;

/// Default limit of open files of one process, if the machine allows as many.
pub const MAX_FILES_OF_PROCESS: usize = 256;

/// Most threads that wait for a disk for the processes of one host.
const THREADS_OF_HOST: usize = 16;

/// Most threads that wait for a disk for all hosts together. By default tokio has 512
/// blocking threads.
const THREADS: usize = 256;

/// Limits of open files and disk space. Absent limits of files follow from the
/// operating system's limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct FileLimits {
    /// Most open files of one process.
    pub(crate) of_process: Option<usize>,
    /// Most open files of all processes of the host together.
    pub(crate) of_host: Option<usize>,
    /// Most bytes that all processes of the host together may add to disks:
    /// [`DEFAULT_MAX_DISK`] if absent.
    pub(crate) max_disk: Option<u64>,
}

/// The budget of a node.
#[derive(Debug)]
pub(crate) struct Files {
    limit: usize,
    open: AtomicUsize,
    threads: Arc<Semaphore>,
    disks: Arc<Disks>,
}

impl Files {
    /// Makes a budget from the operating system's limit of open files.
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

    /// Makes the budget of one host.
    pub(crate) fn host(self: &Arc<Files>, name: &str, limits: FileLimits) -> Arc<HostFiles> {
        let limits = self.settled(limits);
        Arc::new(HostFiles {
            limits,
            host: Arc::new(OfHost {
                name: name.into(),
                limit: AtomicUsize::new(limits.of_host),
                open: AtomicUsize::new(0),
                threads: Arc::new(Semaphore::new(THREADS_OF_HOST)),
                lookups: Arc::default(),
                disk: HostDisk::new(name, limits.max_disk),
                all: Arc::clone(self),
                told: Default::default(),
            }),
        })
    }

    fn settled(&self, limits: FileLimits) -> Settled {
        let of_host = limits.of_host.unwrap_or(self.limit.div_ceil(2));
        let default = (of_host / 4).clamp(1, MAX_FILES_OF_PROCESS);
        Settled {
            of_process: limits.of_process.unwrap_or(default),
            of_host,
            max_disk: limits.max_disk.unwrap_or(DEFAULT_MAX_DISK),
        }
    }
}

/// Returns the open files left to guests. The rest is for the runtime (sockets, the
/// code cache, sources) and the embedder.
fn for_guests(system: usize) -> usize {
    system.saturating_sub((system / 4).max(64))
}

/// Returns the operating system's soft limit of open files.
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

/// The budget of one host, with its limits.
#[derive(Debug)]
pub(crate) struct HostFiles {
    limits: Settled,
    host: Arc<OfHost>,
}

/// Limits without defaults.
#[derive(Clone, Copy, Debug)]
struct Settled {
    of_process: usize,
    of_host: usize,
    max_disk: u64,
}

/// The part of a budget that stays when the host gets other limits.
#[derive(Debug)]
struct OfHost {
    name: Box<str>,
    limit: AtomicUsize,
    open: AtomicUsize,
    threads: Arc<Semaphore>,
    lookups: Arc<LookUps>,
    disk: Arc<HostDisk>,
    all: Arc<Files>,
    /// True for each limit whose refusal was logged: a guest must not fill the log.
    told: [AtomicBool; 3],
}

/// Open files and disk space that the processes of a host use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FilesInUse {
    /// Open files.
    pub open: usize,
    /// Most open files of all of them together.
    pub max_open: usize,
    /// Bytes that they have added to disks.
    pub disk: u64,
    /// Most bytes that they may add to disks.
    pub max_disk: u64,
}

/// The limit that refuses another open file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Full {
    Process,
    Host,
    Runtime,
}

/// The right to one open file; dropping it gives the right back.
#[derive(Debug)]
pub(crate) struct Ticket(Arc<OfHost>);

impl HostFiles {
    /// Takes the right to one more open file, for a process that has
    /// `open_of_process` already. Returns `None` if a limit refuses it, and logs the
    /// first refusal of each limit.
    pub(crate) fn take(&self, open_of_process: usize) -> Option<Ticket> {
        match self.try_take(open_of_process) {
            Ok(ticket) => Some(ticket),
            Err(full) => {
                self.tell(full);
                None
            }
        }
    }

    fn try_take(&self, open_of_process: usize) -> Result<Ticket, Full> {
        let host = &self.host;
        if open_of_process >= self.limits.of_process {
            return Err(Full::Process);
        }
        if !add_one(&host.open, host.limit.load(Ordering::Relaxed)) {
            return Err(Full::Host);
        }
        if !add_one(&host.all.open, host.all.limit) {
            host.open.fetch_sub(1, Ordering::Relaxed);
            return Err(Full::Runtime);
        }
        Ok(Ticket(Arc::clone(host)))
    }

    /// Returns the budget of the same host with other limits. Those of the host as a whole
    /// hold once they are [enforced](HostFiles::enforce).
    pub(crate) fn revised(&self, limits: FileLimits) -> Arc<HostFiles> {
        Arc::new(HostFiles {
            limits: self.host.all.settled(limits),
            host: Arc::clone(&self.host),
        })
    }

    /// Puts the limits of the host as a whole in force.
    pub(crate) fn enforce(&self) {
        let host = &self.host;
        host.limit.store(self.limits.of_host, Ordering::Relaxed);
        host.disk.set_limit(self.limits.max_disk);
        for told in &host.told {
            told.store(false, Ordering::Relaxed);
        }
    }

    fn tell(&self, full: Full) {
        let of_host = &self.host;
        if of_host.told[full as usize].swap(true, Ordering::Relaxed) {
            return;
        }
        let host = &*of_host.name;
        match full {
            Full::Process => tracing::warn!(
                host,
                "a process has reached max_files = {} of host {host}; further refusals are not \
                 logged",
                self.limits.of_process
            ),
            Full::Host => tracing::warn!(
                host,
                "the processes together have reached max_files_total = {} of host {host}; \
                 further refusals are not logged",
                of_host.limit.load(Ordering::Relaxed)
            ),
            Full::Runtime => tracing::warn!(
                host,
                "no process may open more files: the operating system's limit (ulimit -n) leaves \
                 {} to all processes; further refusals are not logged",
                of_host.all.limit
            ),
        }
    }

    /// Returns the present use and the limits.
    pub(crate) fn in_use(&self) -> FilesInUse {
        let host = &self.host;
        FilesInUse {
            open: host.open.load(Ordering::Relaxed),
            max_open: host.limit.load(Ordering::Relaxed),
            disk: host.disk.used(),
            max_disk: host.disk.limit(),
        }
    }

    /// Returns the budget of disk space of the host.
    pub(crate) fn disk(&self) -> &Arc<HostDisk> {
        &self.host.disk
    }

    /// Returns the look-ups of names of the host.
    pub(crate) fn lookups(&self) -> &Arc<LookUps> {
        &self.host.lookups
    }

    /// Returns the charges of all hosts, by file.
    pub(crate) fn disks(&self) -> &Arc<Disks> {
        &self.host.all.disks
    }

    /// Does work that may wait for a disk, on a blocking thread. The thread stays
    /// counted until the work is done, even if its caller has gone.
    pub(crate) async fn run<T: Send + 'static>(
        self: Arc<Self>,
        tokio: Handle,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let threads = self.threads().await?;
        let done = blocking::spawn(&tokio, move || {
            let _threads = threads;
            work()
        });
        done.await.ok()
    }

    /// Waits until one more thread of the host may wait for a disk.
    pub(crate) async fn threads(&self) -> Option<[OwnedSemaphorePermit; 2]> {
        let host = &self.host;
        let of_host = Arc::clone(&host.threads).acquire_owned().await.ok()?;
        let of_all = Arc::clone(&host.all.threads).acquire_owned().await.ok()?;
        Some([of_host, of_all])
    }

    #[cfg(test)]
    fn open(&self) -> (usize, usize) {
        let read = |count: &AtomicUsize| count.load(Ordering::Relaxed);
        (read(&self.host.open), read(&self.host.all.open))
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
    fn other_limits_hold_for_files_that_are_open() {
        let files = Files::with_limit(1_000);
        let limits = |of_process, of_host| FileLimits {
            of_process: Some(of_process),
            of_host: Some(of_host),
            max_disk: None,
        };
        let before = files.host("a:host", limits(3, 3));
        let held: Vec<_> = (0..3).filter_map(|_| before.take(0)).collect();
        assert_eq!(held.len(), 3);
        let after = before.revised(limits(1, 4));
        assert!(matches!(after.try_take(0), Err(Full::Host)), "not yet");
        after.enforce();
        assert_eq!(after.in_use().max_open, 4);
        assert!(matches!(after.try_take(1), Err(Full::Process)));
        // A process keeps the limits that it was started with.
        let fourth = before.take(2);
        assert!(fourth.is_some());
        assert!(matches!(before.try_take(0), Err(Full::Host)));
        drop((held, fourth));
        assert_eq!(after.open(), (0, 0));
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
