//! One queue of messages.

use std::collections::{BTreeMap, VecDeque};

use crate::host::QueueLimits;
use crate::message::Message;
use crate::moment::Monotonic;

/// Messages in order of arrival, with their bytes counted.
#[derive(Debug, Default)]
pub(crate) struct Queue {
    messages: VecDeque<Queued>,
    bytes: usize,
    /// Messages that came back from other queues, by arrival: taking them back costs
    /// nothing for those already here.
    #[expect(
        clippy::box_collection,
        reason = "one word of each queue: few have any"
    )]
    returned: Option<Box<BTreeMap<u64, Message>>>,
}

#[derive(Debug)]
struct Queued {
    /// Arrival of the message; differs for each message of the process, so that
    /// queues can be joined.
    arrival: u64,
    message: Message,
}

/// The limit of a queue that is reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QueueLimit {
    Messages(usize),
    Bytes(usize),
}

impl QueueLimits {
    /// Checks that a queue with `messages` messages of `present` bytes has room for a
    /// message of `bytes` bytes.
    #[inline]
    pub(crate) fn admit(
        self,
        messages: usize,
        present: usize,
        bytes: usize,
    ) -> Result<(), QueueLimit> {
        if messages >= self.messages {
            Err(QueueLimit::Messages(self.messages))
        } else if present.saturating_add(bytes) > self.bytes {
            Err(QueueLimit::Bytes(self.bytes))
        } else {
            Ok(())
        }
    }
}

/// Capacity above which an emptied queue gives its buffer back.
const KEPT_CAPACITY: usize = 64;

impl Queue {
    pub(crate) fn len(&self) -> usize {
        self.messages.len() + self.returned.as_ref().map_or(0, |returned| returned.len())
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.returned.is_none()
    }

    /// Returns the bytes of the messages.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }

    /// Returns the arrival of the oldest message.
    pub(crate) fn oldest(&self) -> Option<Monotonic> {
        let here = self.messages.front().map(|queued| queued.arrival);
        let oldest = match (here, self.first_returned()) {
            (Some(here), Some(returned)) => here.min(returned),
            (here, returned) => here.or(returned)?,
        };
        Some(Monotonic(oldest))
    }

    /// Returns the number of messages whose arrival is `last` or earlier.
    pub(crate) fn count_until(&self, last: u64) -> usize {
        let returned = self.returned.as_ref();
        let returned = returned.map_or(0, |returned| returned.range(..=last).count());
        let here = self
            .messages
            .partition_point(|queued| queued.arrival <= last);
        here + returned
    }

    /// Checks whether a message of `bytes` bytes may be added.
    #[inline]
    pub(crate) fn admits(&self, bytes: usize, limits: QueueLimits) -> Result<(), QueueLimit> {
        limits.admit(self.len(), self.bytes, bytes)
    }

    /// Adds a message that came later than all others here.
    #[inline]
    pub(crate) fn push(&mut self, arrival: u64, message: Message) {
        step();
        self.bytes += message.wire().len();
        self.messages.push_back(Queued { arrival, message });
    }

    /// Takes the oldest message.
    #[inline]
    pub(crate) fn pop(&mut self) -> Option<Message> {
        if self.returned.is_some()
            && let Some(message) = self.pop_returned()
        {
            return Some(message);
        }
        let Queued { message, .. } = self.messages.pop_front()?;
        self.bytes -= message.wire().len();
        if self.messages.is_empty() && self.messages.capacity() > KEPT_CAPACITY {
            self.messages = VecDeque::new();
        }
        Some(message)
    }

    /// Takes over all messages of another queue of the same process, keeping
    /// the order of arrival, without looking at the messages already here.
    /// Limits do not apply: these messages were accepted.
    pub(crate) fn take_back(&mut self, other: Queue) {
        if other.is_empty() {
            return;
        }
        if self.is_empty() {
            *self = other;
            return;
        }
        self.bytes += other.bytes;
        let returned = self.returned.get_or_insert_default();
        returned.extend(other.returned.into_iter().flat_map(|returned| *returned));
        let messages = other.messages.into_iter();
        returned.extend(messages.map(|queued| {
            step();
            (queued.arrival, queued.message)
        }));
    }

    /// Joins all queues of a process into one, in order of arrival.
    pub(crate) fn joined(queues: impl IntoIterator<Item = Queue>) -> Queue {
        let mut all = Queue::default();
        let mut messages = Vec::new();
        for queue in queues {
            all.bytes += queue.bytes;
            messages.extend(queue.messages);
            let returned = queue.returned.into_iter().flat_map(|returned| *returned);
            messages.extend(returned.map(|(arrival, message)| Queued { arrival, message }));
        }
        // A stable sort merges runs that are in order already.
        messages.sort_by_key(|queued| {
            step();
            queued.arrival
        });
        all.messages = messages.into();
        all
    }

    /// Returns all messages with their arrivals, in order of arrival.
    pub(crate) fn into_messages(self) -> impl Iterator<Item = (u64, Message)> {
        let ordered = if self.returned.is_some() {
            Queue::joined([self])
        } else {
            self
        };
        let messages = ordered.messages.into_iter();
        messages.map(|queued| (queued.arrival, queued.message))
    }

    fn first_returned(&self) -> Option<u64> {
        let (arrival, _) = self.returned.as_ref()?.first_key_value()?;
        Some(*arrival)
    }

    /// Takes the oldest message that came back, if it is the oldest of all.
    #[cold]
    fn pop_returned(&mut self) -> Option<Message> {
        let returned = self.returned.as_mut()?;
        let first = returned.first_entry()?;
        let is_oldest = self
            .messages
            .front()
            .is_none_or(|queued| *first.key() < queued.arrival);
        if !is_oldest {
            return None;
        }
        let message = first.remove();
        if returned.is_empty() {
            self.returned = None;
        }
        self.bytes -= message.wire().len();
        Some(message)
    }
}

/// Counts one message that was touched, for tests that bound the number.
#[inline]
fn step() {
    #[cfg(test)]
    crate::work::step();
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
        let mut all = Queue::joined([
            queue(&[(0, "a"), (3, "d"), (4, "e")]),
            queue(&[(1, "b"), (5, "f")]),
            Queue::default(),
            queue(&[(2, "c")]),
        ]);
        assert_eq!(all.len(), 6);
        assert_eq!(topics(&mut all), ["a", "b", "c", "d", "e", "f"]);
        assert_eq!(all.bytes, 0);
    }

    #[test]
    fn messages_taken_back_keep_the_order_of_arrival() {
        let mut one = queue(&[(0, "a"), (3, "d"), (6, "g")]);
        one.take_back(queue(&[(4, "e"), (5, "f")]));
        one.take_back(Queue::default());
        let mut nested = queue(&[(2, "c")]);
        nested.take_back(queue(&[(1, "b")]));
        one.take_back(nested);
        one.push(7, Message::new(None, "h", b"1234"));
        assert_eq!((one.len(), one.bytes), (8, 8 * (12 + 1 + 4)));
        assert_eq!([0, 1, 3, 7].map(|last| one.count_until(last)), [1, 2, 4, 8]);
        assert_eq!(one.oldest(), Some(Monotonic(0)));
        assert_eq!(one.pop().unwrap().topic(), "a");
        assert_eq!(one.oldest(), Some(Monotonic(1)));
        assert_eq!(topics(&mut one), ["b", "c", "d", "e", "f", "g", "h"]);
        assert!(one.is_empty());
        assert_eq!(one.bytes, 0);
        one.take_back(queue(&[(8, "i"), (9, "j")]));
        let messages = one.into_messages().map(|(arrival, _)| arrival);
        assert_eq!(messages.collect::<Vec<_>>(), [8, 9]);
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
