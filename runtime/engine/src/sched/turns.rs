//! Turns for work that takes a core for seconds. The number of turns at a time is
//! limited, and each host may have all but one, so that no host blocks the others.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// The turns. Callers wait for one in order of arrival.
pub(crate) struct Turns {
    all: Arc<Semaphore>,
    /// The turns of each host, by its number.
    hosts: Mutex<HashMap<usize, Arc<Semaphore>>>,
    each: usize,
}

/// A turn, which is over when this is dropped.
pub(crate) struct Turn {
    _host: Option<OwnedSemaphorePermit>,
    _all: Option<OwnedSemaphorePermit>,
}

impl Turns {
    /// Makes as many turns as there are cores, and at least two.
    pub(crate) fn new(cores: NonZeroUsize) -> Turns {
        let all = cores.get().max(2);
        Turns {
            all: Arc::new(Semaphore::new(all)),
            hosts: Mutex::default(),
            each: all - 1,
        }
    }

    /// Waits for a turn.
    pub(crate) async fn turn(&self, host: usize) -> Turn {
        let of_host = {
            let mut hosts = self.hosts.lock();
            let new = || Arc::new(Semaphore::new(self.each));
            Arc::clone(hosts.entry(host).or_insert_with(new))
        };
        // The host's own turn first: a host that has all its turns must not queue for
        // those of others. Never fails: no semaphore is closed.
        let host = of_host.acquire_owned().await.ok();
        let all = Arc::clone(&self.all).acquire_owned().await.ok();
        Turn {
            _host: host,
            _all: all,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::FutureExt;

    #[test]
    fn a_host_leaves_a_turn_to_the_others() {
        let turns = Turns::new(NonZeroUsize::MIN);
        let first = turns.turn(1).now_or_never().expect("nobody else works");
        assert!(
            turns.turn(1).now_or_never().is_none(),
            "the host's only one"
        );
        let second = turns.turn(2).now_or_never().expect("the other host's");
        assert!(turns.turn(3).now_or_never().is_none(), "no more at a time");
        drop(first);
        let third = turns.turn(3).now_or_never().expect("one is over");
        drop((second, third));
        assert!(turns.turn(1).now_or_never().is_some());
    }
}
