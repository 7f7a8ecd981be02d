//! One queue of messages.

use std::collections::VecDeque;

use crate::host::QueueLimits;
use crate::message::Message;
use crate::moment::Monotonic;

/// Messages in order of arrival, with their bytes counted.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    messages: VecDeque<Queued>,
    bytes: usize,
}

#[derive(Debug)]
struct Queued {
    /// When it came; for each message of the process another, so that queues
    /// can be joined.
    arrival: u64,
    message: Message,
}

/// Which limit of a queue is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QueueLimit {
    Messages(usize),
    Bytes(usize),
}

/// An emptied queue gives its buffer back if it has room for more than this.
const KEPT_CAPACITY: usize = 64;

impl Queue {
    pub(crate) fn len(&self) -> usize {
        self.messages.len()
    }

    /// Bytes of its messages.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// When the oldest of its messages came.
    pub(crate) fn oldest(&self) -> Option<Monotonic> {
        let oldest = self.messages.front()?;
        Some(Monotonic(oldest.arrival))
    }

    /// Whether a message of so many bytes may be added.
    #[inline]
    pub(crate) fn admits(&self, bytes: usize, limits: QueueLimits) -> Result<(), QueueLimit> {
        if self.messages.len() >= limits.messages {
            Err(QueueLimit::Messages(limits.messages))
        } else if self.bytes.saturating_add(bytes) > limits.bytes {
            Err(QueueLimit::Bytes(limits.bytes))
        } else {
            Ok(())
        }
    }

    /// Adds a message that came later than all others here.
    #[inline]
    pub(crate) fn push(&mut self, arrival: u64, message: Message) {
        self.bytes += message.wire().len();
        self.messages.push_back(Queued { arrival, message });
    }

    /// Takes the oldest.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<Message> {
        let Queued { message, .. } = self.messages.pop_front()?;
        self.bytes -= message.wire().len();
        if self.messages.is_empty() && self.messages.capacity() > KEPT_CAPACITY {
            self.messages = VecDeque::new();
        }
        Some(message)
    }

    /// Takes over all messages of other queues of the same process, keeping the
    /// order of arrival. Limits do not apply: these messages were accepted.
    pub(crate) fn join(&mut self, others: impl IntoIterator<Item = Queue>) {
        let mut messages = Vec::from(std::mem::take(&mut self.messages));
        for other in others {
            self.bytes += other.bytes;
            messages.extend(other.messages);
        }
        // A stable sort merges runs that are in order already.
        messages.sort_by_key(|queued| queued.arrival);
        self.messages = messages.into();
    }

    /// Separates the messages of one topic.
    pub(crate) fn split_off_topic(&mut self, topic: &str) -> Queue {
        let of_topic = |queued: &Queued| queued.message.topic_bytes() == topic.as_bytes();
        let mut split = Queue::default();
        if !self.messages.iter().any(of_topic) {
            return split;
        }
        let all = std::mem::take(self);
        for queued in all.messages {
            let queue = if of_topic(&queued) {
                &mut split
            } else {
                &mut *self
            };
            queue.push(queued.arrival, queued.message);
        }
        split
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(messages: &[(u64, &str)]) -> Queue {
        let mut queue = Queue::default();
        for &(arrival, topic) in messages {
            queue.push(arrival, Message::new(None, topic, b"1234"));
        }
        queue
    }

    fn topics(queue: &mut Queue) -> Vec<String> {
        std::iter::from_fn(|| queue.pop())
            .map(|message| message.topic().to_owned())
            .collect()
    }

    #[test]
    fn limits_hold_for_messages_and_bytes() {
        let queue = queue(&[(0, "a"), (1, "b")]);
        let bytes = queue.bytes;
        assert_eq!(bytes, 2 * (12 + 1 + 4));
        let limits = |messages, bytes| QueueLimits { messages, bytes };
        assert_eq!(queue.admits(10, limits(3, bytes + 10)), Ok(()));
        assert_eq!(
            queue.admits(10, limits(2, usize::MAX)),
            Err(QueueLimit::Messages(2))
        );
        assert_eq!(
            queue.admits(11, limits(3, bytes + 10)),
            Err(QueueLimit::Bytes(bytes + 10))
        );
    }

    #[test]
    fn joining_keeps_the_order_of_arrival() {
        let mut one = queue(&[(0, "a"), (3, "d"), (4, "e")]);
        one.join([
            queue(&[(1, "b"), (5, "f")]),
            Queue::default(),
            queue(&[(2, "c")]),
        ]);
        assert_eq!(one.len(), 6);
        assert_eq!(topics(&mut one), ["a", "b", "c", "d", "e", "f"]);
        assert_eq!(one.bytes, 0);
    }

    #[test]
    fn splitting_takes_one_topic_and_keeps_both_orders() {
        let mut rest = queue(&[(0, "x"), (1, "t"), (2, "y"), (3, "t")]);
        let mut split = rest.split_off_topic("t");
        assert_eq!(split.len(), 2);
        assert_eq!(split.bytes, rest.bytes);
        assert_eq!(topics(&mut rest), ["x", "y"]);
        assert_eq!(topics(&mut split), ["t", "t"]);
    }

    #[test]
    fn a_burst_does_not_keep_its_buffer() {
        let mut queue = Queue::default();
        for arrival in 0..1000 {
            queue.push(arrival, Message::new(None, "t", b""));
        }
        while queue.pop().is_some() {}
        assert!(queue.messages.capacity() <= KEPT_CAPACITY);
    }
}
