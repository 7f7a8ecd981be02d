//! Bytes that the clients of a listener make it hold.

use std::sync::atomic::{AtomicUsize, Ordering};

/// The most bytes of unfinished messages that all WebSockets of a listener hold.
const MAX_UNFINISHED: usize = 64 << 20;

/// The bytes of unfinished messages of a listener.
#[derive(Debug, Default)]
pub(super) struct Budget(AtomicUsize);

impl Budget {
    /// Takes room for more bytes. Returns false if there is none.
    pub(super) fn take(&self, bytes: usize) -> bool {
        let add = |held: usize| {
            held.checked_add(bytes)
                .filter(|held| *held <= MAX_UNFINISHED)
        };
        let taken = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
        taken.is_ok()
    }

    /// Gives room back that was taken.
    pub(super) fn give(&self, bytes: usize) {
        self.0.fetch_sub(bytes, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_has_so_much_room() {
        let budget = Budget::default();
        assert!(budget.take(MAX_UNFINISHED - 1) && budget.take(1));
        assert!(!budget.take(1));
        budget.give(2);
        assert!(!budget.take(3) && budget.take(2));
    }
}
