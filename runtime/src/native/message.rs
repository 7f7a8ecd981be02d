//! The messages and events of a host function process.

use std::fmt;

use serde::de::DeserializeOwned;
use warren_kernel::{Event, Subscription};

use crate::error::CallError;
use crate::values;

/// One message.
pub struct Message(warren_kernel::Message);

impl Message {
    pub(super) fn new(message: warren_kernel::Message) -> Message {
        Message(message)
    }

    /// Returns the text of the sender's PID; `None` if the embedder sent the
    /// message.
    pub fn from(&self) -> Option<&str> {
        self.0.sender()
    }

    /// Returns the topic.
    pub fn topic(&self) -> &str {
        self.0.topic()
    }

    /// Returns the values: a tuple of as many, or `()` for none.
    ///
    /// # Errors
    ///
    /// The values differ in number or type.
    pub fn get<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        values::from_values(self.0.payload()).map_err(CallError::value("a message"))
    }
}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Message")
            .field("from", &self.from())
            .field("topic", &self.topic())
            .finish_non_exhaustive()
    }
}

/// The item of a receive that waits for messages and events.
#[derive(Debug)]
pub enum Received {
    /// A message that no [`Topic`] takes.
    Message(Message),
    /// An event of another process, or a request to end.
    Event(Event),
}

/// The messages of one topic; see [`Context::listen`](super::Context::listen).
#[derive(Debug)]
pub struct Topic(pub(super) Subscription);
