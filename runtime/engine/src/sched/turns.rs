//! Turns for work that is worth a core for seconds: so many at a time, and one less
//! for each host, so that no host keeps the others waiting.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Who may work at present. Others wait in order of arrival.
pub(crate) struct Turns {
    all: Arc<Semaphore>,
    /// By the number of the host.
    hosts: Mutex<HashMap<usize, Arc<Semaphore>>>,
    each: usize,
}

/// A turn; over when dropped.
pub(crate) struct Turn {
    _host: Option<OwnedSemaphorePermit>,
    _all: Option<OwnedSemaphorePermit>,
}

impl Turns {
    /// As many at a time as there are cores, and two at least.
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
            let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
            let new = || Arc::new(Semaphore::new(self.each));
            Arc::clone(hosts.entry(host).or_insert_with(new))
        };
        // Its own first: a host that has all its turns waits for none of the others'.
        // No semaphore is ever closed.
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
