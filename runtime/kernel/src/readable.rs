//! The queues, of many, that have something to read.

use crate::subscription::Subscription;

/// Subscriptions that have something to read; mostly few, in no order.
#[derive(Debug, Default)]
pub(crate) struct Readable {
    subscriptions: Vec<Subscription>,
}

/// Capacity above which an emptied list gives its buffer back.
const KEPT_CAPACITY: usize = 64;

impl Readable {
    pub(crate) fn len(&self) -> usize {
        self.subscriptions.len()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = Subscription> + '_ {
        self.subscriptions.iter().copied()
    }

    /// Adds a subscription that is not there.
    #[inline]
    pub(crate) fn add(&mut self, subscription: Subscription) {
        self.subscriptions.push(subscription);
    }

    /// Removes a subscription, if it is there.
    #[inline]
    pub(crate) fn remove(&mut self, subscription: Subscription) {
        let mut present = self.subscriptions.iter();
        if let Some(place) = present.rposition(|present| *present == subscription) {
            self.subscriptions.swap_remove(place);
            if self.subscriptions.is_empty() && self.subscriptions.capacity() > KEPT_CAPACITY {
                self.subscriptions = Vec::new();
            }
        }
    }
}
