//! What a process names its queues by, and what it takes from them.

use std::collections::HashMap;
use std::hash::BuildHasherDefault;

use crate::event::Event;
use crate::message::Message;
use crate::outcome::Outcome;
use crate::pid::PidHasher;
use crate::sync::Arc;

/// Names one queue of one process. Below 2^31.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subscription(pub u32);

impl Subscription {
    /// Every process's inbox.
    pub const INBOX: Subscription = Subscription(1);
    /// Every process's events.
    pub const EVENTS: Subscription = Subscription(2);

    const FIRST_FREE: u32 = 3;
    const LAST: u32 = i32::MAX as u32;
}

/// A map by subscription: numbers of a counter, as PIDs are.
pub(crate) type SubscriptionMap<V> = HashMap<Subscription, V, BuildHasherDefault<PidHasher>>;

/// What was taken from a queue.
#[derive(Debug)]
pub enum Delivery {
    /// A message, from the inbox or a listener.
    Message(Message),
    /// An event, from [`Subscription::EVENTS`].
    Event(Event),
    /// How a process started by exec ended. The subscription ends with it.
    Exec(Arc<Outcome>),
}

/// Hands out the numbers of listeners and execs: growing ones, so that a number
/// used too late means nothing. After 2^31 of them it begins anew with those
/// not in use.
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

    /// A number not in use. There is one: a process's subscriptions are limited
    /// to far fewer than there are numbers.
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
