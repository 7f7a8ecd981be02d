//! The names of a process's queues.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use crate::pid::PidHasher;

/// Names one queue of one process. Below 2^31.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subscription(pub u32);

impl Subscription {
    /// The inbox of every process.
    pub const INBOX: Subscription = Subscription(1);
    /// The events of every process.
    pub const EVENTS: Subscription = Subscription(2);

    const FIRST_FREE: u32 = 3;
    const LAST: u32 = i32::MAX as u32;
}

/// A map keyed by subscription. The keys come from a counter, as PIDs do.
pub(crate) type SubscriptionMap<V> = HashMap<Subscription, V, BuildHasherDefault<PidHasher>>;

/// Allocates the numbers of listeners and execs. Numbers grow, so that a stale
/// number means nothing. After 2^31 of them, allocation starts over with the
/// numbers that are not in use.
#[derive(Debug)]
pub(crate) struct Numbers {
    next: u32,
}

impl Numbers {
    pub(crate) fn new() -> Self {
        Numbers {
            next: Subscription::FIRST_FREE,
        }
    }

    /// Returns a number that is not in use. There always is one: the limit of a
    /// process's subscriptions is far below the number of numbers.
    pub(crate) fn allocate(&mut self, in_use: impl Fn(Subscription) -> bool) -> Subscription {
        loop {
            let number = Subscription(self.next);
            self.next = if self.next == Subscription::LAST {
                Subscription::FIRST_FREE
            } else {
                self.next + 1
            };
            if !in_use(number) {
                return number;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_grow_and_begin_anew_past_those_in_use() {
        let mut numbers = Numbers::new();
        assert_eq!(numbers.allocate(|_| false), Subscription(3));
        assert_eq!(numbers.allocate(|_| false), Subscription(4));
        numbers.next = Subscription::LAST;
        assert_eq!(
            numbers.allocate(|_| false),
            Subscription(Subscription::LAST)
        );
        assert_eq!(numbers.allocate(|number| number.0 == 3), Subscription(4));
    }
}
