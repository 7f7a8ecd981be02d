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
    let result = buffer.bytes(|out, cap| {
        loop {
            let status = status_of(wanted, deadline, out, cap);
            if status != RETURN {
                break status;
            }
        }
    });
    result.map(Message::parse)
}

/// The end of [`receive_or_return`].
///
/// ```
/// use warren_guest::mock;
/// use warren_guest::raw::Buffer;
/// use warren_guest::raw::mailbox::{self, Received};
///
/// let mut buffer = Buffer::new();
/// let received = mailbox::receive_or_return(&[mailbox::inbox()], Some(0), &mut buffer);
/// assert_eq!(received.map_err(|error| error.decode())?, Received::Nothing);
///
/// mock::with(|runtime| runtime.parks = true);
/// let received = mailbox::receive_or_return(&[mailbox::inbox()], None, &mut buffer);
/// assert_eq!(received.map_err(|error| error.decode())?, Received::Return);
/// # Ok::<_, warren_guest::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received<'a> {
    /// A message came.
    Message(Message<'a>),
    /// The deadline has passed.
    Nothing,
    /// The runtime asks the process to return from `start` or `resume`, so that it can be
    /// parked. A guest that cannot return receives again.
    Return,
}

/// Waits as [`receive`] does, but also ends if the runtime asks the process to return, which
/// it does only of modules that export `resume`.
pub fn receive_or_return<'b>(
    wanted: &[Subscription],
    deadline: Option<u64>,
    buffer: &'b mut Buffer,
) -> Result<Received<'b>, Failure<'b>> {
    let deadline = absent::nanoseconds(deadline);
    let mut is_asked = false;
    let result = buffer.bytes(|out, cap| match status_of(wanted, deadline, out, cap) {
        RETURN => {
            is_asked = true;
            0
        }
        status => status,
    });
    let received = result.map(Message::parse)?;
    Ok(match received {
        _ if is_asked => Received::Return,
        Some(message) => Received::Message(message),
        None => Received::Nothing,
    })
}

/// Says what the process waits for once `start` or `resume` has returned: the runtime calls
/// `resume` when a wanted subscription has a message, or at the deadline. A process that
/// returns without this call ends.
///
/// # Errors
/// `Invalid` for more subscriptions than a process can have.
pub fn await_once_returned<'b>(
    wanted: &[Subscription],
    deadline: Option<u64>,
    buffer: &'b mut Buffer,
) -> Result<(), Failure<'b>> {
    let deadline = absent::nanoseconds(deadline);
    // SAFETY: the range is `wanted`.
    buffer.done(|| unsafe {
        abi::mailbox::await_once_returned(wanted.as_ptr(), wanted.len(), deadline)
    })
}

/// The status of a receive that asks the process to return.
const RETURN: i32 = i32::MIN;

#[inline]
fn status_of(wanted: &[Subscription], deadline: i64, out: *mut u8, cap: usize) -> i32 {
    match wanted {
        // SAFETY: the caller's range is that of a buffer.
        [one] => unsafe { abi::mailbox::receive_one(*one, deadline, out, cap) },
        // SAFETY: the ranges are `wanted` and that of the caller's buffer.
        _ => unsafe { abi::mailbox::receive(wanted.as_ptr(), wanted.len(), deadline, out, cap) },
    }
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
