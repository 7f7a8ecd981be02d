//! The items taken from the queues of a process.

use crate::event::Event;
use crate::message::Message;
use crate::outcome::Outcome;
use crate::sync::Arc;

/// An item taken from a queue.
#[derive(Debug)]
pub enum Delivery {
    /// A message, from the inbox or a listener.
    Message(Message),
    /// An event, from [`Subscription::EVENTS`](crate::Subscription::EVENTS).
    Event(Event),
    /// The outcome of a process started by exec. The subscription ends with it.
    Exec(Arc<Outcome>),
}
