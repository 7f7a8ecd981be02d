//! The messages and events of a host function process.

use std::fmt;

use serde::de::DeserializeOwned;
use warren_kernel::{Event, Subscription};

use crate::error::CallError;
use crate::values::{self, Pid};

/// One message.
///
/// ```
/// use warren::{CallError, Context, native::Message};
///
/// fn answer(context: &mut Context, message: &Message) -> Result<(), CallError> {
///     let (a, b): (i64, i64) = message.get()?;
///     match message.from() {
///         Some(from) => context.send(from, "sum", a + b),
///         None => Ok(()), // the embedder has sent it
///     }
/// }
/// ```
pub struct Message {
    message: warren_kernel::Message,
    from: Option<Pid>,
}

impl Message {
    pub(super) fn new(message: warren_kernel::Message) -> Message {
        Message {
            from: message.sender().map(Pid::from),
            message,
        }
    }

    /// Returns the sender; `None` if the embedder sent the message.
    pub fn from(&self) -> Option<&Pid> {
        self.from.as_ref()
    }

    /// Returns the topic.
    pub fn topic(&self) -> &str {
        self.message.topic()
    }

    /// Returns the values: a tuple of as many, or `()` for none.
    ///
    /// # Errors
    ///
    /// The values differ in number or type.
    pub fn get<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        values::from_values(self.message.payload()).map_err(CallError::value("a message"))
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
///
/// ```
/// use warren::{Context, Error, native::Received};
///
/// async fn next_topic(context: &mut Context) -> Result<Option<String>, Error> {
///     Ok(match context.next().await? {
///         Received::Message(message) => Some(message.topic().to_owned()),
///         Received::Event(_) => None,
///     })
/// }
/// ```
#[derive(Debug)]
pub enum Received {
    /// A message that no [`Topic`] takes.
    Message(Message),
    /// An event of another process, or a request to end.
    Event(Event),
}

/// The messages of one topic; see [`Context::listen`](super::Context::listen).
///
/// ```
/// use warren::{CallError, Context};
///
/// async fn first_price(context: &mut Context) -> Result<f64, CallError> {
///     let prices = context.listen("price")?;
///     let message = context.message_on(&prices).await?;
///     context.unlisten(prices);
///     message.get()
/// }
/// ```
#[derive(Debug)]
pub struct Topic(pub(super) Subscription);
