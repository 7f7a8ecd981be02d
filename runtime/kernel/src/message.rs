//! One message, in the layout in which a guest reads it.

use std::fmt;

use crate::trace::{self, Trace};

/// Bytes before the sender: three numbers.
const HEADER: usize = 12;

/// Flag in the highest byte of the sender's length: the message ends with its
/// cause.
const TRACED: u8 = 0x80;

/// One message. A single buffer in the layout of the guest ABI, so that a
/// sender pays one allocation and one copy, and a receiver one copy:
///
/// ```text
/// offset 0   u32  subscription it is taken from
///        4   u32  length of sender (0: none)
///        8   u32  length of topic
///       12   sender, topic, payload          numbers are little-endian
/// ```
///
/// A message with a cause has the highest bit of the sender's length set, and
/// the [`Trace`] after the payload. A message without a cause is no larger for
/// it.
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    wire: Box<[u8]>,
}

impl Message {
    /// Returns a message from a process (the text of its PID) or from nobody.
    /// Sender and topic have less than 4 GiB.
    pub fn new(sender: Option<&str>, topic: &str, payload: &[u8]) -> Self {
        let sender = sender.unwrap_or_default();
        let mut header = [0; HEADER];
        header[4..8].copy_from_slice(&(sender.len() as u32).to_le_bytes());
        header[8..].copy_from_slice(&(topic.len() as u32).to_le_bytes());
        let mut wire = Vec::with_capacity(Self::wire_bytes(sender, topic, payload));
        wire.extend_from_slice(&header);
        wire.extend_from_slice(sender.as_bytes());
        wire.extend_from_slice(topic.as_bytes());
        wire.extend_from_slice(payload);
        Message {
            wire: wire.into_boxed_slice(),
        }
    }

    /// Returns a message as [`Message::new`] does, with its cause.
    /// [`Message::take_trace`] must take the cause out before anybody reads the
    /// message.
    pub fn traced(sender: Option<&str>, topic: &str, payload: &[u8], trace: Trace) -> Self {
        let mut wire = Self::new(sender, topic, payload).wire.into_vec();
        wire.extend_from_slice(&trace.to_bytes());
        if let Some(highest) = wire.get_mut(7) {
            *highest |= TRACED;
        }
        Message {
            wire: wire.into_boxed_slice(),
        }
    }

    /// Takes the cause out of the message.
    pub fn take_trace(&mut self) -> Option<Trace> {
        let highest = self.wire.get_mut(7).filter(|byte| **byte & TRACED != 0)?;
        *highest &= !TRACED;
        let mut wire = std::mem::take(&mut self.wire).into_vec();
        let trace = wire.last_chunk().and_then(Trace::from_bytes);
        wire.truncate(wire.len().saturating_sub(trace::BYTES));
        self.wire = wire.into_boxed_slice();
        trace
    }

    /// Returns the text of the sender's PID, if a process sent the message.
    pub fn sender(&self) -> Option<&str> {
        let sender = self.part(HEADER, self.sender_len());
        (!sender.is_empty()).then(|| text(sender))
    }

    /// The topic.
    pub fn topic(&self) -> &str {
        text(self.topic_bytes())
    }

    /// Returns the encoded values that were sent. The kernel does not look into
    /// them.
    pub fn payload(&self) -> &[u8] {
        let start = HEADER + self.sender_len() + self.number(8);
        self.wire.get(start..).unwrap_or_default()
    }

    /// Returns the whole record.
    #[inline]
    pub fn wire(&self) -> &[u8] {
        &self.wire
    }

    /// Returns the queue the message was taken from; 0 while it is in a queue.
    pub fn subscription(&self) -> crate::Subscription {
        crate::Subscription(self.number(0) as u32)
    }

    /// Writes the subscription the message is taken from into the record.
    #[inline]
    pub fn set_subscription(&mut self, subscription: crate::Subscription) {
        if let Some(number) = self.wire.first_chunk_mut() {
            *number = subscription.0.to_le_bytes();
        }
    }

    /// Returns the bytes of the record for a message of these parts.
    pub(crate) fn wire_bytes(sender: &str, topic: &str, payload: &[u8]) -> usize {
        HEADER + sender.len() + topic.len() + payload.len()
    }

    #[inline]
    pub(crate) fn topic_bytes(&self) -> &[u8] {
        self.part(HEADER + self.sender_len(), self.number(8))
    }

    #[inline]
    fn sender_len(&self) -> usize {
        self.number(4) & !((TRACED as usize) << 24)
    }

    #[inline]
    fn number(&self, offset: usize) -> usize {
        match self.wire.get(offset..).and_then(<[u8]>::first_chunk) {
            Some(number) => u32::from_le_bytes(*number) as usize,
            None => 0,
        }
    }

    #[inline]
    fn part(&self, start: usize, len: usize) -> &[u8] {
        self.wire.get(start..start + len).unwrap_or_default()
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("sender", &self.sender())
            .field("topic", &self.topic())
            .field("payload", &self.payload())
            .finish()
    }
}

/// Reads a part as a string; it was a string when it was written.
fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Subscription;

    #[test]
    fn parts_read_back() {
        let message = Message::new(Some("{a:b|0x00002}"), "größe", b"\x00\xff");
        assert_eq!(message.sender(), Some("{a:b|0x00002}"));
        assert_eq!(message.topic(), "größe");
        assert_eq!(message.payload(), b"\x00\xff");
    }

    #[test]
    fn the_layout_is_that_of_the_guest_abi() {
        let mut message = Message::new(Some("me"), "t", b"xyz");
        message.set_subscription(Subscription(7));
        assert_eq!(
            message.wire(),
            b"\x07\0\0\0\x02\0\0\0\x01\0\0\0metxyz".as_slice()
        );
    }

    #[test]
    fn a_cause_is_added_and_taken_out_whole() {
        let trace = Trace {
            id: crate::TraceId(std::num::NonZeroU64::MAX),
            message: 7,
        };
        let plain = Message::new(Some("me"), "t", b"xyz");
        let mut message = Message::traced(Some("me"), "t", b"xyz", trace);
        assert_eq!((message.sender(), message.topic()), (Some("me"), "t"));
        assert_ne!(message, plain);
        assert_eq!(message.take_trace(), Some(trace));
        assert_eq!(message, plain);
        assert_eq!(message.take_trace(), None);
        assert_eq!(message, plain);
    }

    #[test]
    fn a_message_without_a_sender_reads_back() {
        let message = Message::new(None, "t", b"");
        assert_eq!(message.sender(), None);
        assert_eq!(message.payload(), b"");
    }
}
