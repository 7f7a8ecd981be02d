//! Threads that wait for the disks of volumes.

use std::collections::HashMap;
use std::sync::{Arc, Weak};

use parking_lot::Mutex;
use tokio::sync::Semaphore;
use warren_kernel::{Error, Kind};

/// Most threads that wait for the processes of one host.
const THREADS_OF_HOST: usize = 16;

/// Most threads that wait for all hosts together. By default tokio has 512.
const THREADS: usize = 64;

/// Hosts after which those that are gone are forgotten.
const SWEEP: usize = 64;

/// The threads of all hosts.
pub(super) struct Threads {
    all: Arc<Semaphore>,
    hosts: Mutex<HashMap<usize, Weak<Semaphore>>>,
}

/// The threads of one host.
#[derive(Clone)]
pub(super) struct OfHost {
    host: Arc<Semaphore>,
    all: Arc<Semaphore>,
}

impl Default for Threads {
    fn default() -> Threads {
        Threads {
            all: Arc::new(Semaphore::new(THREADS)),
            hosts: Mutex::default(),
        }
    }
}

impl Threads {
    /// Returns the threads of a host, by its number.
    pub(super) fn of(&self, host: usize) -> OfHost {
        let mut hosts = self.hosts.lock();
        let found = hosts.get(&host).and_then(Weak::upgrade);
        let permits = found.unwrap_or_else(|| {
            if hosts.len() > SWEEP {
                hosts.retain(|_, permits| permits.strong_count() > 0);
            }
            let permits = Arc::new(Semaphore::new(THREADS_OF_HOST));
            hosts.insert(host, Arc::downgrade(&permits));
            permits
        });
        OfHost {
            host: permits,
            all: Arc::clone(&self.all),
        }
    }
}

impl OfHost {
    /// Does work that may wait for a disk. It comes to its end even if nobody waits for it any
    /// more.
    ///
    /// # Errors
    ///
    /// Those of the work; `Unavailable` if the program is ending.
    pub(super) async fn run<T: Send + 'static>(
        self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        // The host's own permit first: a host that has all of its permits must not queue for
        // those of others. Never fails: no semaphore is closed.
        let host = self.host.acquire_owned().await.ok();
        let all = self.all.acquire_owned().await.ok();
        let done = tokio::task::spawn_blocking(move || {
            let _held = (host, all);
            work()
        });
        done.await.unwrap_or_else(|_| {
            let message = "the operation was cut off: the program is ending, or it panicked";
            Err(Error::new(Kind::Unavailable, message))
        })
    }
}
