//! The messages that no subscription reads.

use std::collections::{BTreeSet, HashMap};

use crate::host::QueueLimits;
use crate::message::Message;
use crate::moment::Monotonic;
use crate::queue::{Queue, QueueLimit};
use crate::sync::Arc;

/// Messages by topic, so that a listener takes over those of its topic and
/// looks at no other. One limit holds for all of them together.
#[derive(Debug, Default)]
pub(crate) struct Unclaimed {
    /// None of these queues is empty.
    topics: HashMap<Arc<str>, Queue>,
    /// Arrival of the first message of each topic.
    firsts: BTreeSet<u64>,
    messages: usize,
    bytes: usize,
}

impl Unclaimed {
    pub(crate) fn len(&self) -> usize {
        self.messages
    }

    /// Returns the bytes of the messages.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the arrival of the oldest message.
    pub(crate) fn oldest(&self) -> Option<Monotonic> {
        self.firsts.first().copied().map(Monotonic)
    }

    /// Returns the number of messages whose arrival is `last` or earlier.
    pub(crate) fn count_until(&self, last: u64) -> usize {
        let topics = self.topics.values();
        topics.map(|queue| queue.count_until(last)).sum()
    }

    /// Checks whether a message of `bytes` bytes may be added.
    pub(crate) fn admits(&self, bytes: usize, limits: QueueLimits) -> Result<(), QueueLimit> {
        limits.admit(self.messages, self.bytes, bytes)
    }

    /// Adds a message that came later than all others here.
    pub(crate) fn push(&mut self, topic: &str, arrival: u64, message: Message) {
        self.messages += 1;
        self.bytes += message.wire().len();
        match self.topics.get_mut(topic) {
            Some(queue) => queue.push(arrival, message),
            None => {
                let mut queue = Queue::default();
                queue.push(arrival, message);
                self.firsts.insert(arrival);
                self.topics.insert(topic.into(), queue);
            }
        }
    }

    /// Takes out the messages of a topic.
    pub(crate) fn claim(&mut self, topic: &str) -> Queue {
        let Some(queue) = self.topics.remove(topic) else {
            return Queue::default();
        };
        self.messages -= queue.len();
        self.bytes -= queue.bytes();
        if let Some(first) = queue.oldest() {
            self.firsts.remove(&first.0);
        }
        // The room that a flood of topics has taken is given back.
        if self.topics.is_empty() {
            *self = Unclaimed::default();
        }
        queue
    }

    /// Takes back the unread messages of a topic's listener. The topic has no
    /// other messages here: while it was listened on, all went to the listener.
    pub(crate) fn take_back(&mut self, topic: Arc<str>, queue: Queue) {
        let Some(first) = queue.oldest() else { return };
        self.messages += queue.len();
        self.bytes += queue.bytes();
        self.firsts.insert(first.0);
        let before = self.topics.insert(topic, queue);
        debug_assert!(before.is_none(), "a topic was listened on and unclaimed");
    }

    /// Returns all messages, in order of arrival.
    pub(crate) fn into_queue(self) -> Queue {
        Queue::joined(self.topics.into_values())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(unclaimed: &mut Unclaimed, arrival: u64, topic: &str) {
        unclaimed.push(topic, arrival, Message::new(None, topic, b"1234"));
    }

    fn arrivals(queue: Queue) -> Vec<u64> {
        queue.into_messages().map(|(arrival, _)| arrival).collect()
    }

    #[test]
    fn a_claim_takes_one_topic_and_keeps_all_orders() {
        let mut unclaimed = Unclaimed::default();
        for (arrival, topic) in [(1, "x"), (2, "t"), (3, "y"), (4, "t"), (5, "x")] {
            push(&mut unclaimed, arrival, topic);
        }
        let claimed = unclaimed.claim("t");
        assert_eq!((unclaimed.len(), claimed.len()), (3, 2));
        assert_eq!(unclaimed.claim("t").len(), 0);
        unclaimed.take_back("t".into(), claimed);
        assert_eq!((unclaimed.len(), unclaimed.bytes()), (5, 5 * (12 + 1 + 4)));
        assert_eq!(unclaimed.oldest(), Some(Monotonic(1)));
        assert_eq!(arrivals(unclaimed.claim("x")), [1, 5]);
        assert_eq!(unclaimed.oldest(), Some(Monotonic(2)));
        assert_eq!(arrivals(unclaimed.into_queue()), [2, 3, 4]);
    }

    #[test]
    fn the_limit_holds_for_all_topics_together() {
        let mut unclaimed = Unclaimed::default();
        push(&mut unclaimed, 1, "x");
        push(&mut unclaimed, 2, "y");
        let limits = QueueLimits {
            messages: 2,
            bytes: 1000,
        };
        let full = unclaimed.admits(1, limits);
        assert_eq!(full, Err(QueueLimit::Messages(2)));
    }
}
