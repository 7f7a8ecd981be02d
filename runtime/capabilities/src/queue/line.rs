//! The order of the messages of a queue, and the room that they take.
//!
//! ```text
//!  add ──> ready, a line ── take ──> in hand ── remove ──> gone
//!    └──> delayed, until due ──┘ ^       │
//!                                └───────┘ release to its place, add to the end
//! ```

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Instant;

use warren_engine::capability::QueueSettings;
use warren_kernel::{Error, Kind};

use super::message::Content;

/// The messages of a queue of the runtime's own.
#[derive(Default)]
pub(super) struct Line {
    /// By their places.
    ready: VecDeque<Item>,
    /// By the time at which they are due, those of one time in the order of their coming.
    delayed: BTreeMap<(Instant, u64), Item>,
    /// The last place that was given.
    last: u64,
    /// Messages with room: in the line, in hand, and on their way to the disk.
    messages: usize,
    /// Bytes of these messages.
    bytes: u64,
}

/// A message in its place.
pub(super) struct Item {
    pub(super) id: Arc<str>,
    /// Attempts that have failed.
    pub(super) attempts: u32,
    /// Bytes of headers and value.
    pub(super) bytes: u64,
    /// The place in the line, which grows towards its end. Set by the line.
    pub(super) place: u64,
    pub(super) body: Body,
}

/// The content of a message, or its place.
pub(super) enum Body {
    /// In memory.
    Held(Content),
    /// The number of a row of the database.
    Row(i64),
}

impl Line {
    /// Takes room for a message.
    ///
    /// # Errors
    ///
    /// `RateLimited`, naming the limit.
    pub(super) fn reserve(&mut self, settings: &QueueSettings, bytes: u64) -> Result<(), Error> {
        let QueueSettings {
            max_length,
            max_bytes,
            ..
        } = *settings;
        if self.messages >= max_length {
            return Err(full(settings, "max_length", max_length as u64));
        }
        if self.bytes.saturating_add(bytes) > max_bytes {
            return Err(full(settings, "max_bytes", max_bytes));
        }
        self.hold(bytes);
        Ok(())
    }

    /// Takes room for a message that is there already, whatever the limits say.
    pub(super) fn hold(&mut self, bytes: u64) {
        self.messages += 1;
        self.bytes += bytes;
    }

    /// Gives the room of a message back.
    pub(super) fn remove(&mut self, bytes: u64) {
        self.messages -= 1;
        self.bytes -= bytes;
    }

    /// Puts a message that has room at the end of the line, or lets it wait until it is due.
    pub(super) fn add(&mut self, item: Item, due: Option<Instant>) {
        self.last += 1;
        let place = self.last;
        match due {
            None => self.ready.push_back(Item { place, ..item }),
            Some(due) => {
                self.delayed.insert((due, place), item);
            }
        }
    }

    /// Takes the first message that is ready.
    pub(super) fn take(&mut self, now: Instant) -> Option<Item> {
        self.promote(now);
        self.ready.pop_front()
    }

    /// Puts a message that was taken back in its place.
    pub(super) fn release(&mut self, item: Item) {
        let before = |other: &Item| other.place < item.place;
        let at = self.ready.partition_point(before);
        self.ready.insert(at, item);
    }

    /// Returns the time at which the next delayed message is due.
    pub(super) fn next_due(&self) -> Option<Instant> {
        self.delayed.keys().next().map(|(due, _)| *due)
    }

    /// Returns true if a message is ready.
    pub(super) fn is_ready(&self) -> bool {
        !self.ready.is_empty()
    }

    /// Returns the numbers of all messages and of those that are ready.
    pub(super) fn counts(&mut self, now: Instant) -> (usize, usize) {
        self.promote(now);
        (self.messages, self.ready.len())
    }

    /// Moves the messages that are due to the end of the line.
    fn promote(&mut self, now: Instant) {
        while let Some(entry) = self.delayed.first_entry() {
            if entry.key().0 > now {
                return;
            }
            let item = entry.remove();
            self.last += 1;
            let place = self.last;
            self.ready.push_back(Item { place, ..item });
        }
    }
}

pub(super) fn full(settings: &QueueSettings, limit: &'static str, value: u64) -> Error {
    let message = format!("the queue {} has reached {limit} = {value}", settings.id);
    Error::at_limit(Kind::RateLimited, limit, value, message).with("queue", &*settings.id)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn item(id: &str) -> Item {
        Item {
            id: id.into(),
            attempts: 0,
            bytes: 10,
            place: 0,
            body: Body::Row(1),
        }
    }

    fn ids(line: &mut Line, now: Instant) -> Vec<String> {
        std::iter::from_fn(|| line.take(now))
            .map(|item| item.id.to_string())
            .collect()
    }

    #[test]
    fn messages_come_in_order_and_delayed_ones_when_they_are_due() {
        let now = Instant::now();
        let after = |seconds| now + Duration::from_secs(seconds);
        let mut line = Line::default();
        for (id, due) in [
            ("a", None),
            ("late", Some(2)),
            ("b", None),
            ("soon", Some(1)),
        ] {
            line.hold(10);
            line.add(item(id), due.map(after));
        }
        assert_eq!(line.next_due(), Some(after(1)));
        let (first, second) = (line.take(now).unwrap(), line.take(now).unwrap());
        assert_eq!(line.counts(now), (4, 0));
        // In any order.
        line.release(first);
        line.release(second);
        assert_eq!(ids(&mut line, now), ["a", "b"]);
        assert!(!line.is_ready());
        line.hold(10);
        line.add(item("c"), None);
        assert_eq!(ids(&mut line, after(2)), ["c", "soon", "late"]);
        assert_eq!(line.counts(now), (5, 0));
        for _ in 0..5 {
            line.remove(10);
        }
        assert_eq!(line.counts(now), (0, 0));
    }

    #[test]
    fn a_full_queue_refuses_until_a_message_is_gone() {
        let settings = QueueSettings {
            max_length: 2,
            max_bytes: 25,
            ..QueueSettings::new("t:q")
        };
        let mut line = Line::default();
        line.reserve(&settings, 10).unwrap();
        let error = line.reserve(&settings, 16).unwrap_err();
        assert_eq!(error.message, "the queue t:q has reached max_bytes = 25");
        line.reserve(&settings, 15).unwrap();
        let error = line.reserve(&settings, 0).unwrap_err();
        assert_eq!(error.kind, Kind::RateLimited);
        assert!(error.message.ends_with("max_length = 2"), "{error}");
        line.remove(10);
        line.reserve(&settings, 10).unwrap();
    }
}
