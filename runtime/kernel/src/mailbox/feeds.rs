//! Feeds: queues of a mailbox for items of a capability.

use super::{Listener, Mailbox};
use crate::host::QueueLimits;
use crate::message::Message;
use crate::moment::Monotonic;
use crate::queue::Queue;
use crate::subscription::Subscription;

/// Number of items that every feed holds, however short the queues of the host, as far as
/// their bytes have room for them.
pub(super) const FEED: usize = 64;

/// Bytes of an item for which a feed can leave room.
const SPARE_BYTES: usize = 128;

/// Capacity of a feed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FeedLimits {
    /// Limits of each queue.
    pub(crate) queue: QueueLimits,
    /// True if room is left for one small item.
    pub(crate) spare: bool,
}

impl FeedLimits {
    fn limits(self) -> QueueLimits {
        let (items, bytes) = match self.spare {
            true => (1, SPARE_BYTES),
            false => (0, 0),
        };
        QueueLimits {
            messages: self.queue.messages.max(FEED) - items,
            bytes: self.queue.bytes.saturating_sub(bytes),
        }
    }
}

impl Mailbox {
    /// Opens a feed: a queue whose items are delivered by its number. The caller has
    /// checked that the number is free.
    pub(crate) fn open_feed(&mut self, label: &str, subscription: Subscription) {
        let feed = Listener {
            topic: label.into(),
            queue: Queue::default(),
            is_feed: true,
        };
        self.listeners.insert(subscription, feed);
    }

    /// Adds an item to a feed. Returns false if there is no such feed, or if the feed
    /// is full.
    pub(crate) fn feed(
        &mut self,
        subscription: Subscription,
        message: Message,
        limits: FeedLimits,
        now: Monotonic,
    ) -> bool {
        let listener = self.listeners.get_mut(&subscription);
        let Some(feed) = listener.filter(|listener| listener.is_feed) else {
            return false;
        };
        let bytes = message.wire().len();
        if feed.queue.admits(bytes, limits.limits()).is_err() {
            return false;
        }
        if feed.queue.is_empty() {
            self.readable.add(subscription);
        }
        self.last_arrival = now.0.max(self.last_arrival + 1);
        feed.queue.push(self.last_arrival, message);
        true
    }

    /// Returns the number of items in all feeds, and their bytes. Feeds have their own
    /// limits: a process that does not read them still gets messages.
    pub(crate) fn depth_of_feeds(&self) -> (usize, usize) {
        let readable = self.readable.iter();
        let feeds = readable
            .filter_map(|subscription| self.listeners.get(&subscription))
            .filter(|listener| listener.is_feed);
        feeds.fold((0, 0), |(messages, bytes), feed| {
            (messages + feed.queue.len(), bytes + feed.queue.bytes())
        })
    }

    /// Returns the number of items in a feed, and their bytes; zero for any other
    /// number.
    pub(crate) fn depth_of_feed(&self, subscription: Subscription) -> (usize, usize) {
        let listener = self.listeners.get(&subscription);
        match listener.filter(|listener| listener.is_feed) {
            Some(feed) => (feed.queue.len(), feed.queue.bytes()),
            None => (0, 0),
        }
    }
}
