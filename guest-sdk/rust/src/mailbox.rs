//! Receiving.

use crate::{Buffer, Failure, abi, absent};

/// Names one queue of this process.
///
/// ```
/// use warren_guest::raw::mailbox::{self, Subscription};
///
/// let inbox: Subscription = mailbox::inbox();
/// assert_eq!(inbox, mailbox::inbox());
/// assert_ne!(inbox, mailbox::events());
/// ```
pub type Subscription = u32;

/// One message, event or outcome taken from a queue.
///
/// ```
/// use warren_guest::mock;
/// use warren_guest::raw::{Buffer, mailbox};
///
/// mock::with(|runtime| runtime.deliver("{app:a|0x00002}", "job", b"\x91\x07"));
/// let mut buffer = Buffer::new();
/// let received = mailbox::receive(&[mailbox::inbox()], None, &mut buffer);
/// let received = received.map_err(|error| error.decode())?;
/// let message = received.expect("without a deadline, a message comes");
/// assert_eq!(message.topic, b"job");
/// assert_eq!(message.payload, b"\x91\x07");
/// # Ok::<_, warren_guest::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'a> {
    /// The queue it was taken from.
    pub subscription: Subscription,
    /// PID of the process that sent it; empty if no process did.
    pub sender: &'a [u8],
    /// Topic; `@events` for an event, `@exec` for the outcome of an exec.
    pub topic: &'a [u8],
    /// The values sent: one encoded array.
    pub payload: &'a [u8],
}

/// Opens the inbox. Returns the same subscription every time.
pub fn inbox() -> Subscription {
    // SAFETY: no argument refers to memory.
    unsafe { abi::mailbox::inbox() }
}

/// Opens the queue of events. Returns the same subscription every time.
pub fn events() -> Subscription {
    // SAFETY: no argument refers to memory.
    unsafe { abi::mailbox::events() }
}

/// Listens on exactly one topic. Returns the same subscription for the same
/// topic.
pub fn listen<'b>(topic: &str, buffer: &'b mut Buffer) -> Result<Subscription, Failure<'b>> {
    // SAFETY: the range is `topic`.
    buffer.number(|| unsafe { abi::mailbox::listen(topic.as_ptr(), topic.len()) })
}

/// Ends a subscription made by [`listen`].
pub fn unlisten(subscription: Subscription) {
    // SAFETY: no argument refers to memory.
    unsafe { abi::mailbox::unlisten(subscription) }
}

/// Waits for the oldest message of the first wanted subscription that has one;
/// `None` at the deadline, an instant of
/// [`clock::monotonic`](crate::clock::monotonic).
pub fn receive<'b>(
    wanted: &[Subscription],
    deadline: Option<u64>,
    buffer: &'b mut Buffer,
) -> Result<Option<Message<'b>>, Failure<'b>> {
    let deadline = absent::nanoseconds(deadline);
    let result = buffer.bytes(|out, cap| match wanted {
        // SAFETY: the range is the buffer's.
        [one] => unsafe { abi::mailbox::receive_one(*one, deadline, out, cap) },
        // SAFETY: the ranges are `wanted` and the buffer's.
        _ => unsafe { abi::mailbox::receive(wanted.as_ptr(), wanted.len(), deadline, out, cap) },
    });
    result.map(Message::parse)
}

impl<'a> Message<'a> {
    /// Parses a record of the flat ABI; `None` if it is empty.
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (subscription, rest) = number(bytes)?;
        let (sender_len, rest) = number(rest)?;
        let (topic_len, rest) = number(rest)?;
        let (sender, rest) = rest.split_at_checked(sender_len as usize)?;
        let (topic, payload) = rest.split_at_checked(topic_len as usize)?;
        Some(Self {
            subscription,
            sender,
            topic,
            payload,
        })
    }
}

fn number(bytes: &[u8]) -> Option<(u32, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u32::from_le_bytes(*number), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_is_taken_apart() {
        let mut record = Vec::new();
        for n in [7_u32, 2, 5] {
            record.extend_from_slice(&n.to_le_bytes());
        }
        record.extend_from_slice(b"{}topic\x91\x01");
        let message = Message {
            subscription: 7,
            sender: b"{}",
            topic: b"topic",
            payload: b"\x91\x01",
        };
        assert_eq!(Message::parse(&record), Some(message));
        assert_eq!(Message::parse(b""), None);
        assert_eq!(Message::parse(&record[..13]), None);
    }
}
