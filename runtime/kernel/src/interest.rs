//! The subscriptions a blocked receive waits for.

use crate::subscription::Subscription;

/// The subscriptions a pending receive wants; empty while none is pending.
#[derive(Debug, Default)]
pub(crate) struct Interest {
    /// First wanted subscription. The usual receive wants only one and needs no
    /// buffer.
    first: Option<Subscription>,
    rest: Vec<Subscription>,
    /// Set while a receive is pending, even one that waits only for time to
    /// pass.
    pending: bool,
}

impl Interest {
    #[inline]
    pub(crate) fn set(&mut self, wanted: &[Subscription]) {
        self.clear();
        self.pending = true;
        if let Some((first, rest)) = wanted.split_first() {
            self.first = Some(*first);
            self.rest.extend_from_slice(rest);
        }
    }

    #[inline]
    pub(crate) fn clear(&mut self) {
        self.pending = false;
        self.first = None;
        self.rest.clear();
    }

    /// Returns whether a receive is pending.
    pub(crate) fn is_pending(&self) -> bool {
        self.pending
    }

    /// Returns whether a pending receive wants this subscription.
    #[inline]
    pub(crate) fn wants(&self, subscription: Subscription) -> bool {
        self.first == Some(subscription) || self.rest.contains(&subscription)
    }

    /// Returns whether a delivery to this subscription ends the wait. If so,
    /// the interest is gone: one delivery wakes a receive, the next one need
    /// not.
    #[inline]
    pub(crate) fn meets(&mut self, subscription: Subscription) -> bool {
        let met = self.wants(subscription);
        if met {
            self.clear();
        }
        met
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_wanted_subscription_ends_the_wait_and_only_once() {
        let mut interest = Interest::default();
        assert!(!interest.meets(Subscription(3)));
        interest.set(&[Subscription(3), Subscription(4)]);
        assert!(!interest.meets(Subscription(5)));
        assert!(interest.meets(Subscription(4)));
        assert!(!interest.meets(Subscription(3)));
        interest.set(&[Subscription(3)]);
        interest.set(&[]);
        assert!(!interest.meets(Subscription(3)));
        assert!(interest.is_pending());
        interest.clear();
        assert!(!interest.is_pending());
    }
}
