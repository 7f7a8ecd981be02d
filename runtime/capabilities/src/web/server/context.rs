//! The things that all connections of a server share.

use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{Semaphore, watch};
use warren_engine::Node;
use warren_engine::security::Authorizer;
use warren_kernel::TraceId;

use super::counts::Counts;
use crate::security::TokenStores;

/// The things that all connections of a server share. It holds the node, and so lives no
/// longer than the tasks of the server.
pub(super) struct Context {
    pub(super) node: Arc<Node>,
    pub(super) authorizer: Option<Arc<dyn Authorizer>>,
    pub(super) tokens: TokenStores,
    pub(super) counts: Arc<Counts>,
    pub(super) ids: Arc<Ids>,
    /// Permits to look at files, on threads that may block.
    pub(super) disk: Arc<Semaphore>,
    /// True once connections are accepted.
    pub(super) go: watch::Receiver<bool>,
}

/// The most looks at files at a time.
pub(super) const MAX_DISK: usize = 32;

/// Gives each request a number that no other request of the server has, and that tells
/// nothing of their order.
pub(super) struct Ids {
    first: u64,
    given: AtomicU64,
}

impl Ids {
    pub(super) fn new() -> Ids {
        Ids {
            // Without random numbers of the system the ids begin alike in each run.
            first: getrandom::u64().unwrap_or_default(),
            given: AtomicU64::new(0),
        }
    }

    /// Returns the next number.
    pub(super) fn next(&self) -> TraceId {
        let number = self.given.fetch_add(1, Ordering::Relaxed);
        let mixed = mix(self.first.wrapping_add(number));
        TraceId(NonZeroU64::new(mixed).unwrap_or(NonZeroU64::MAX))
    }
}

/// A permutation of 64 bits, the finalizer of SplitMix64.
fn mix(number: u64) -> u64 {
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_number_is_given_twice() {
        let ids = Ids::new();
        let given: HashSet<_> = (0..10_000).map(|_| ids.next()).collect();
        assert_eq!(given.len(), 10_000);
    }
}
