//! Permits for work that takes a core for seconds. The number of permits at a time is
//! limited, and each host may have all but one, so that no host blocks the others.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The permits. Callers wait for one in order of arrival.
pub(crate) struct Permits {
    all: Arc<Semaphore>,
    /// The permits of each host, by its number.
    hosts: Mutex<Hosts>,
    each: usize,
}

#[derive(Default)]
struct Hosts {
    permits: HashMap<usize, Arc<Semaphore>>,
    /// The number of hosts that were left after the last removal of idle ones.
    kept: usize,
}

/// A permit, given back when dropped.
pub(crate) struct Permit {
    _host: Option<OwnedSemaphorePermit>,
    _all: Option<OwnedSemaphorePermit>,
}

impl Permits {
    /// Makes as many permits as there are cores, and at least two.
    pub(crate) fn new(cores: NonZeroUsize) -> Permits {
        let all = cores.get().max(2);
        Permits {
            all: Arc::new(Semaphore::new(all)),
            hosts: Mutex::default(),
            each: all - 1,
        }
    }

    /// Makes as many permits, of which each host has one at a time.
    pub(crate) fn one_for_each_host(cores: NonZeroUsize) -> Permits {
        Permits {
            each: 1,
            ..Permits::new(cores)
        }
    }

    /// Waits for a permit of the host of this number.
    pub(crate) async fn permit(&self, host: usize) -> Permit {
        let of_host = {
            let mut hosts = self.hosts.lock();
            hosts.sweep();
            let new = || Arc::new(Semaphore::new(self.each));
            Arc::clone(hosts.permits.entry(host).or_insert_with(new))
        };
        // The host's own permit first: a host that has all its permits must not queue
        // for those of others. Never fails: no semaphore is closed.
        let host = of_host.acquire_owned().await.ok();
        let all = Arc::clone(&self.all).acquire_owned().await.ok();
        Permit {
            _host: host,
            _all: all,
        }
    }
}

impl Hosts {
    /// Removes hosts without a permit, once their number has doubled: hosts come and go.
    fn sweep(&mut self) {
        if self.permits.len() > 2 * self.kept + 64 {
            // Permits and those who wait for one hold their host's semaphore.
            self.permits
                .retain(|_, permits| Arc::strong_count(permits) > 1);
            self.kept = self.permits.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[test]
    fn nothing_is_kept_of_hosts_that_are_gone() {
        let permits = Permits::new(NonZeroUsize::MIN);
        let held = permits.permit(0).now_or_never().expect("nobody else works");
        for host in 1..10_000 {
            let permit = permits.permit(host).now_or_never();
            drop(permit.expect("one is left"));
            assert!(permits.hosts.lock().permits.len() <= 70);
        }
        assert!(permits.permit(0).now_or_never().is_none(), "it has its one");
        drop(held);
    }

    #[test]
    fn a_host_has_one_permit_however_many_there_are() {
        let permits = Permits::one_for_each_host(NonZeroUsize::MIN.saturating_add(3));
        let _first = permits.permit(1).now_or_never().expect("nobody else works");
        assert!(permits.permit(1).now_or_never().is_none());
        let others = [2, 3, 4].map(|host| permits.permit(host).now_or_never());
        assert!(others.iter().all(Option::is_some));
        assert!(permits.permit(5).now_or_never().is_none(), "all are taken");
    }

    #[test]
    fn a_host_leaves_a_permit_to_the_others() {
        let permits = Permits::new(NonZeroUsize::MIN);
        let first = permits.permit(1).now_or_never().expect("nobody else works");
        assert!(
            permits.permit(1).now_or_never().is_none(),
            "the host's only one"
        );
        let second = permits.permit(2).now_or_never().expect("the other host's");
        assert!(
            permits.permit(3).now_or_never().is_none(),
            "no more at a time"
        );
        drop(first);
        let third = permits.permit(3).now_or_never().expect("one is over");
        drop((second, third));
        assert!(permits.permit(1).now_or_never().is_some());
    }
}
