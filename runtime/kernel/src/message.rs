//! One message, in the layout in which it is handed to a guest.

use std::fmt;

/// Bytes before the sender: three numbers.
const HEADER: usize = 12;

/// One message. A single buffer in the layout of the guest ABI, so that a
/// sender pays one allocation and one copy, and a receiver one copy:
///
/// ```text
/// offset 0   u32  subscription it is taken from
///        4   u32  length of sender (0: none)
///        8   u32  length of topic
///       12   sender, topic, payload          numbers are little-endian
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    wire: Box<[u8]>,
}

impl Message {
    /// A message from a process (the text of its PID) or from nobody. Sender and
    /// topic have less than 4 GiB.
    pub fn new(sender: Option<&str>, topic: &str, payload: &[u8]) -> Self {
        let sender = sender.unwrap_or_default();
        let mut wire = Vec::with_capacity(Self::wire_bytes(sender, topic, payload));
        wire.extend_from_slice(&[0; 4]);
        wire.extend_from_slice(&(sender.len() as u32).to_le_bytes());
        wire.extend_from_slice(&(topic.len() as u32).to_le_bytes());
        wire.extend_from_slice(sender.as_bytes());
        wire.extend_from_slice(topic.as_bytes());
        wire.extend_from_slice(payload);
        Message {
            wire: wire.into_boxed_slice(),
        }
    }

    /// The text of the sender's PID, if a process sent it.
    pub fn sender(&self) -> Option<&str> {
        let sender = self.part(HEADER, self.number(4));
        (!sender.is_empty()).then(|| text(sender))
    }

    /// The topic.
    pub fn topic(&self) -> &str {
        text(self.topic_bytes())
    }

    /// What was sent: encoded values, which the kernel does not look into.
    pub fn payload(&self) -> &[u8] {
        let start = HEADER + self.number(4) + self.number(8);
        self.wire.get(start..).unwrap_or_default()
    }

    /// The whole record.
    #[inline]
    pub fn wire(&self) -> &[u8] {
        &self.wire
    }

    /// The queue it was taken from; 0 while it is in one.
    pub fn subscription(&self) -> crate::Subscription {
        crate::Subscription(self.number(0) as u32)
    }

    /// Writes into the record which queue the message is taken from.
    #[inline]
    pub fn set_subscription(&mut self, subscription: crate::Subscription) {
        if let Some(number) = self.wire.first_chunk_mut() {
            *number = subscription.0.to_le_bytes();
        }
    }

    /// Bytes of the record a message of these parts becomes.
    pub(crate) fn wire_bytes(sender: &str, topic: &str, payload: &[u8]) -> usize {
        HEADER + sender.len() + topic.len() + payload.len()
    }

    #[inline]
    pub(crate) fn topic_bytes(&self) -> &[u8] {
        self.part(HEADER + self.number(4), self.number(8))
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

/// The parts were strings when they were written.
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
    fn nobody_is_no_sender() {
        let message = Message::new(None, "t", b"");
        assert_eq!(message.sender(), None);
        assert_eq!(message.payload(), b"");
    }
}
