//! A mailbox as introspection sees it.

use super::Mailbox;
use crate::moment::Monotonic;
use crate::queue::Queue;
use crate::sync::Arc;
use crate::view::{QueueLabel, QueueView};

impl Mailbox {
    /// Returns the number of messages in all queues, and their bytes.
    pub(crate) fn depth(&self) -> (usize, usize) {
        let (messages, bytes) = self.depth_of_feeds();
        (self.messages + messages, self.bytes + bytes)
    }

    /// Returns the number of messages in all queues but feeds.
    #[inline]
    pub(crate) fn messages(&self) -> usize {
        self.messages
    }

    /// Returns the arrival of the last message or item that has come.
    pub(crate) fn last_arrival(&self) -> u64 {
        self.last_arrival
    }

    /// Returns the number of messages in all queues but feeds whose arrival is `last` or
    /// earlier.
    pub(crate) fn unread_until(&self, last: u64) -> usize {
        let listeners = self.listeners.values().filter(|listener| !listener.is_feed);
        let queues = listeners.map(|listener| &listener.queue).chain(&self.inbox);
        let claimed: usize = queues.map(|queue| queue.count_until(last)).sum();
        claimed + self.unclaimed.count_until(last)
    }

    /// Returns the arrival of the oldest message of all queues.
    pub(crate) fn oldest(&self) -> Option<Monotonic> {
        if self.depth().0 == 0 {
            return None;
        }
        let inbox = self.inbox.as_ref().and_then(Queue::oldest);
        let listeners = self.readable.iter().filter_map(|subscription| {
            let listener = self.listeners.get(&subscription)?;
            listener.queue.oldest()
        });
        listeners.chain(inbox).chain(self.unclaimed.oldest()).min()
    }

    /// Returns views of the first `limit` queues, listeners by number. The
    /// unclaimed messages count as a queue if there are any.
    pub(crate) fn views(&self, limit: usize) -> Vec<QueueView> {
        let view = |label, queue: &Queue| QueueView {
            label,
            messages: queue.len(),
            bytes: queue.bytes(),
            oldest: queue.oldest(),
        };
        let mut views: Vec<QueueView> = Vec::new();
        views.extend(
            self.inbox
                .iter()
                .map(|queue| view(QueueLabel::Inbox, queue)),
        );
        if self.unclaimed.len() > 0 {
            views.push(QueueView {
                label: QueueLabel::Unclaimed,
                messages: self.unclaimed.len(),
                bytes: self.unclaimed.bytes(),
                oldest: self.unclaimed.oldest(),
            });
        }
        let mut listeners: Vec<_> = self.listeners.iter().collect();
        listeners.sort_unstable_by_key(|(subscription, _)| **subscription);
        let listeners = listeners.into_iter().map(|(_, listener)| {
            view(
                QueueLabel::Topic(Arc::clone(&listener.topic)),
                &listener.queue,
            )
        });
        views.extend(listeners.take(limit.saturating_sub(views.len())));
        views.truncate(limit);
        views
    }
}
