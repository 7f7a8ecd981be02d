//! Messages and the queues they come from.

use core::fmt;
use core::time::Duration;

use serde::de::DeserializeOwned;

use super::codec::from_values;
use super::{Pid, pid_of, scratch};
use crate::mailbox::{self, Subscription};
use crate::msgpack::{Input, MAX_DEPTH, MAX_READ_DEPTH, Malformed, Token, text};
use crate::{Error, clock};

/// One message.
///
/// ```
/// use warren_guest::{Pid, inbox};
///
/// # use warren_guest::mock;
/// # mock::play("{app:a|0x00002}", |_, _| {}).send("add", (2, 3));
/// let message = inbox().recv()?;
/// assert_eq!(message.topic(), "add");
/// assert_eq!(message.from().map(Pid::as_str), Some("{app:a|0x00002}"));
/// let (a, b): (i64, i64) = message.get()?;
/// assert_eq!(a + b, 5);
/// assert!(message.get::<String>().is_err()); // two numbers are no text
/// # Ok::<_, warren_guest::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Message {
    from: Option<Pid>,
    /// The topic, then the payload: one allocation instead of two.
    bytes: Vec<u8>,
    topic_len: usize,
}

impl Message {
    /// Returns the topic.
    pub fn topic(&self) -> &str {
        // The runtime guarantees that every topic is UTF-8.
        text(&self.bytes[..self.topic_len]).unwrap_or_default()
    }

    /// Returns the process that sent the message; none if the runtime or its
    /// embedder did.
    pub fn from(&self) -> Option<&Pid> {
        self.from.as_ref()
    }

    /// Returns the values sent, as this type: a tuple takes n values, any other
    /// type one, [`Value`](super::Value) any value.
    ///
    /// # Errors
    ///
    /// `Invalid`: the values have another type; the message names the type and
    /// the place.
    pub fn get<T: DeserializeOwned>(&self) -> Result<T, Error> {
        from_values(self.encoded()).map_err(|error| {
            let from = self.from.as_ref().map_or("the runtime", Pid::as_str);
            Error::from(error).wrap(format_args!("message `{}` from {from}", self.topic()))
        })
    }

    /// Returns the values sent, as MessagePack: one array.
    pub fn encoded(&self) -> &[u8] {
        &self.bytes[self.topic_len..]
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("topic", &self.topic())
            .field("from", &self.from)
            .field("encoded", &self.encoded())
            .finish()
    }
}

/// Opens the inbox, which takes every message that no topic of [`listen`]
/// claims. Earlier messages are not lost.
///
/// ```no_run
/// # fn example() -> Result<(), warren_guest::Error> {
/// let inbox = warren_guest::inbox();
/// loop {
///     let message = inbox.recv()?;
///     match message.topic() {
///         "add" => {
///             let (a, b): (i64, i64) = message.get()?;
///             log::info!("{}", a + b);
///         }
///         "stop" => return Ok(()),
///         other => log::warn!("what is {other}?"),
///     }
/// }
/// # }
/// ```
pub fn inbox() -> Queue {
    Queue::of(mailbox::inbox())
}

/// Listens on exactly one topic. Earlier messages are not lost. Returns the
/// same queue for the same topic.
///
/// ```no_run
/// # fn example() -> Result<(), warren_guest::Error> {
/// let jobs = warren_guest::listen("job")?;
/// let (name, size): (String, u32) = jobs.recv_as()?;
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// `Invalid`: an empty topic, or one that begins with `@`. `RateLimited`: too
/// many topics.
pub fn listen(topic: &str) -> Result<Queue, Error> {
    scratch::with(|buffer| match mailbox::listen(topic, buffer) {
        Ok(subscription) => Ok(Queue::of(subscription)),
        Err(error) => Err(error.decode()),
    })
}

/// The messages of the inbox or of one topic, in the order they came. The
/// runtime keeps the messages; a queue is only a number.
///
/// ```
/// use warren_guest::listen;
///
/// let jobs = listen("job")?;
/// # use warren_guest::mock;
/// # let clerk = mock::play("clerk", |_, _| {});
/// # clerk.send("job", "first");
/// # clerk.send("job", "second");
/// assert_eq!(jobs.recv_as::<String>()?, "first");
/// assert_eq!(jobs.recv_as::<String>()?, "second");
/// assert_eq!(jobs.try_recv()?, None);
/// jobs.unlisten(); // later jobs go to the inbox
/// # Ok::<_, warren_guest::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queue(Subscription);

impl Queue {
    pub(super) fn of(subscription: Subscription) -> Self {
        Queue(subscription)
    }

    pub(super) fn subscription(&self) -> Subscription {
        self.0
    }

    /// Waits for the next message.
    ///
    /// # Errors
    ///
    /// There is no memory for it.
    pub fn recv(&self) -> Result<Message, Error> {
        loop {
            if let Some((_, message)) = receive(&[self.0], None)? {
                return Ok(message);
            }
        }
    }

    /// Waits for the next message and returns its values; see [`Message::get`].
    ///
    /// # Errors
    ///
    /// `Invalid`: the values have another type. The message is gone then.
    pub fn recv_as<T: DeserializeOwned>(&self) -> Result<T, Error> {
        self.recv()?.get()
    }

    /// Waits for the next message, for `timeout` at most.
    ///
    /// # Errors
    ///
    /// There is no memory for it.
    pub fn recv_timeout(&self, timeout: Duration) -> Result<Option<Message>, Error> {
        Ok(receive(&[self.0], Some(deadline(timeout)))?.map(|(_, message)| message))
    }

    /// Returns the next message, if there is one already.
    ///
    /// # Errors
    ///
    /// There is no memory for it.
    pub fn try_recv(&self) -> Result<Option<Message>, Error> {
        Ok(receive(&[self.0], Some(0))?.map(|(_, message)| message))
    }

    /// Ends listening. Unread messages go to the inbox, or become unclaimed.
    /// The inbox itself cannot be closed.
    pub fn unlisten(self) {
        mailbox::unlisten(self.0);
    }
}

/// Returns the instant `timeout` from now.
pub(super) fn deadline(timeout: Duration) -> u64 {
    let timeout = u64::try_from(timeout.as_nanos()).unwrap_or(u64::MAX);
    clock::monotonic().saturating_add(timeout)
}

/// Takes the oldest message of the first wanted queue that has one. A message
/// that is not valid MessagePack of the ABI is logged and dropped.
pub(super) fn receive(
    wanted: &[Subscription],
    deadline: Option<u64>,
) -> Result<Option<(Subscription, Message)>, Error> {
    loop {
        let received = scratch::with(|buffer| {
            let message = match mailbox::receive(wanted, deadline, buffer) {
                Ok(Some(message)) => message,
                Ok(None) => return Ok(None),
                Err(error) => return Err(error.decode()),
            };
            let copy = Message {
                from: (!message.sender.is_empty()).then(|| pid_of(message.sender)),
                bytes: [message.topic, message.payload].concat(),
                topic_len: message.topic.len(),
            };
            Ok(Some((message.subscription, copy)))
        })?;
        match received {
            Some((_, message)) if let Err(error) = well_formed(&message) => {
                let from = message.from.as_ref().map_or("nobody", Pid::as_str);
                let topic = message.topic();
                log::warn!("dropped a message `{topic}` from {from}: {error}");
            }
            other => return Ok(other),
        }
    }
}

/// Checks that the payload is one array, and every element a value. Values that
/// the runtime wraps into an event may nest as deep as any value.
fn well_formed(message: &Message) -> Result<(), Malformed> {
    let depth = if message.topic().starts_with('@') {
        MAX_READ_DEPTH
    } else {
        MAX_DEPTH
    };
    let mut input = Input::new(message.encoded());
    let Token::Array(count) = input.token()? else {
        return Err(Malformed::Unexpected);
    };
    for _ in 0..count {
        input.value_within(depth)?;
    }
    if input.is_empty() {
        Ok(())
    } else {
        Err(Malformed::Unexpected)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mock;

    #[test]
    fn messages_arrive_with_topic_and_sender() {
        mock::reset();
        mock::with(|runtime| runtime.deliver("{a:b|1}", "t", b"\x92\x01\xa1x"));
        let message = inbox().recv().unwrap();
        assert_eq!(message.topic(), "t");
        assert_eq!(message.from().unwrap().as_str(), "{a:b|1}");
        assert_eq!(message.get::<(u8, String)>().unwrap(), (1, "x".into()));
        let error = message.get::<u8>().unwrap_err();
        assert_eq!(
            error.message,
            "message `t` from {a:b|1}: 2 values where one was expected"
        );
        assert_eq!(
            inbox().recv_timeout(Duration::from_millis(5)).unwrap(),
            None
        );
    }

    #[test]
    fn a_message_that_is_no_messagepack_is_dropped() {
        mock::reset();
        for broken in [&b"\xc1"[..], b"", b"\x01", b"\x92\x01", b"\x91\x01\x02"] {
            mock::with(|runtime| runtime.deliver("{a:b|1}", "t", broken));
        }
        mock::with(|runtime| runtime.deliver("{a:b|1}", "t", b"\x91\x05"));
        assert_eq!(inbox().recv_as::<u8>().unwrap(), 5);
    }

    #[test]
    fn a_message_may_nest_as_deep_as_a_value() {
        // The outermost array is the one that holds the values.
        let nested = |depth: usize| [vec![0x91; 1 + depth], vec![0xc0]].concat();
        mock::reset();
        for depth in [101, 100_000, 100] {
            mock::with(|runtime| runtime.deliver("{a:b|1}", "t", &nested(depth)));
        }
        assert_eq!(inbox().recv().unwrap().encoded().len(), 102);
    }

    #[test]
    fn a_topic_takes_its_own() {
        mock::reset();
        let jobs = listen("job").unwrap();
        mock::with(|runtime| {
            runtime.deliver("", "other", b"\x90");
            runtime.deliver("", "job", b"\x91\x01");
        });
        assert_eq!(jobs.recv_as::<u8>().unwrap(), 1);
        assert_eq!(jobs.try_recv().unwrap(), None);
        assert_eq!(inbox().recv().unwrap().topic(), "other");
        assert!(listen("@x").is_err());
    }
}
