//! Turns at the connections of a database. Hosts take turns.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use warren_kernel::{Error, Kind};

/// The time for which a call waits for a connection.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// Calls of one host that may wait. Each is charged to its process, too.
pub(crate) const MAX_WAITING_OF_HOST: usize = 4_096;

/// Hosts that are kept without a look at those that are gone.
const SWEEP: usize = 64;

/// The turns at connections. Of several a host may have all but one.
pub(super) struct Turns {
    all: Arc<Semaphore>,
    count: usize,
    patience: Duration,
    hosts: Mutex<HashMap<usize, Arc<Host>>>,
}

struct Host {
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
}

/// The right to use one connection, given back when dropped.
#[derive(Debug)]
pub(super) struct Turn {
    _host: OwnedSemaphorePermit,
    _all: OwnedSemaphorePermit,
}

impl Turns {
    /// Makes turns at so many connections, one at least.
    pub(super) fn new(count: usize) -> Turns {
        Turns::with_patience(count, PATIENCE)
    }

    fn with_patience(count: usize, patience: Duration) -> Turns {
        let count = count.max(1);
        Turns {
            all: Arc::new(Semaphore::new(count)),
            count,
            patience,
            hosts: Mutex::default(),
        }
    }

    /// Waits for a turn of a host.
    ///
    /// # Errors
    ///
    /// `Unavailable` if there is none in time; `RateLimited` if too many calls of the host
    /// wait.
    pub(super) async fn take(&self, host: usize) -> Result<Turn, Error> {
        let host = self.host(host);
        let waiting = Waiting::begin(&host)?;
        // The host's own permit first: the line for all of them has one call of each host
        // that has as many connections as it may have.
        let turn = async {
            let host = Arc::clone(&host.permits).acquire_owned().await.ok()?;
            let all = Arc::clone(&self.all).acquire_owned().await.ok()?;
            Some(Turn {
                _host: host,
                _all: all,
            })
        };
        let turn = tokio::time::timeout(self.patience, turn).await;
        drop(waiting);
        // Semaphores that are closed are none of these.
        turn.ok().flatten().ok_or_else(|| {
            let patience = self.patience;
            let message = format!("the database is busy: no connection was free for {patience:?}");
            Error::new(Kind::Unavailable, message)
        })
    }

    /// Returns the number of connections, and of those in use.
    pub(super) fn counts(&self) -> (usize, usize) {
        let free = self.all.available_permits();
        (self.count, self.count.saturating_sub(free))
    }

    fn host(&self, number: usize) -> Arc<Host> {
        let mut hosts = self.hosts.lock();
        // Hosts come and go. Turns and those who wait for one hold their semaphore.
        if hosts.len() > SWEEP {
            let is_used = |host: &Arc<Host>| {
                Arc::strong_count(host) > 1 || Arc::strong_count(&host.permits) > 1
            };
            hosts.retain(|_, host| is_used(host));
        }
        let of_host = (self.count - 1).max(1);
        let new = || {
            Arc::new(Host {
                permits: Arc::new(Semaphore::new(of_host)),
                waiting: AtomicUsize::new(0),
            })
        };
        Arc::clone(hosts.entry(number).or_insert_with(new))
    }
}

/// A call that waits.
struct Waiting<'a>(&'a Host);

impl<'a> Waiting<'a> {
    fn begin(host: &'a Host) -> Result<Waiting<'a>, Error> {
        let before = host.waiting.fetch_add(1, Ordering::Relaxed);
        let waiting = Waiting(host);
        if before < MAX_WAITING_OF_HOST {
            return Ok(waiting);
        }
        let most = MAX_WAITING_OF_HOST;
        let message = format!("the database is busy: {most} calls of the host wait for it already");
        let name = "max_waiting_of_host";
        Err(Error::at_limit(
            Kind::RateLimited,
            name,
            most as u64,
            message,
        ))
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    #[tokio::test]
    async fn a_host_leaves_the_others_a_connection() {
        let turns = Turns::new(3);
        let first = turns.take(1).await.unwrap();
        let second = turns.take(1).await.unwrap();
        assert!(turns.take(1).now_or_never().is_none());
        let other = turns.take(2).await.unwrap();
        assert_eq!(turns.counts(), (3, 3));
        drop(first);
        let third = turns.take(1).await.unwrap();
        drop((second, third, other));
        assert_eq!(turns.counts(), (3, 0));
    }

    #[tokio::test]
    async fn hosts_take_turns_at_one_connection() {
        let turns = Turns::new(1);
        let held = turns.take(1).await.unwrap();
        let order = Mutex::new(Vec::new());
        let wait = async |host: usize, name: &'static str| {
            let turn = turns.take(host).await.unwrap();
            order.lock().push(name);
            drop(turn);
        };
        let all = futures::future::join4(wait(1, "1a"), wait(1, "1b"), wait(2, "2a"), async {
            drop(held)
        });
        all.await;
        assert_eq!(*order.lock(), ["2a", "1a", "1b"]);
    }

    #[tokio::test]
    async fn a_call_waits_for_so_long() {
        let turns = Turns::with_patience(1, Duration::ZERO);
        let _held = turns.take(1).await.unwrap();
        let error = turns.take(2).await.unwrap_err();
        assert_eq!(
            (error.kind.clone(), error.retryable),
            (Kind::Unavailable, Some(true))
        );
    }
}
