//! The reason why a process's state refuses a signal. The reason becomes an
//! error with a message only after the process's lock is released.

use crate::budget::Spent;
use crate::error::{Error, Kind};
use crate::mailbox::{Full, QueueName};
use crate::queue::QueueLimit;

/// The reason why a signal had no effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The process has ended.
    Exited,
    /// The process has as many of something as its host allows: the setting,
    /// its value.
    TooMany(&'static str, usize),
    /// The queue of the message's topic is full.
    Full(Full),
    /// A budget of memory has no room.
    Spent(Spent),
}

impl From<Spent> for Refusal {
    fn from(spent: Spent) -> Self {
        Refusal::Spent(spent)
    }
}

impl Refusal {
    /// Returns the error for a signal to the process with the PID text `target`
    /// in `host`. `topic` is the topic of a message, else empty.
    pub(crate) fn into_error(self, target: &str, host: &str, topic: &str) -> Error {
        match self {
            Refusal::Exited => Error::not_found(format!("process not found: {target}")),
            Refusal::TooMany(limit, value) => {
                let message =
                    format!("process {target} has reached {limit} = {value} of host {host}");
                Error::at_limit(Kind::RateLimited, limit, value as u64, message).in_host(host)
            }
            Refusal::Spent(spent) => spent.error(host, &format!("process {target}")),
            Refusal::Full(Full { queue, limit }) => {
                let queue = match queue {
                    QueueName::Inbox => "inbox",
                    QueueName::Unclaimed => "unclaimed",
                    QueueName::Topic => topic,
                    QueueName::All => "all",
                };
                let (limit, value) = match limit {
                    QueueLimit::Messages(messages) => ("max_queue.messages", messages),
                    QueueLimit::Bytes(bytes) => ("max_queue.bytes", bytes),
                };
                let message = format!(
                    "queue {queue} of process {target} is full: {limit} = {value} of host {host}"
                );
                Error::at_limit(Kind::RateLimited, limit, value as u64, message)
                    .in_host(host)
                    .with("queue", queue)
            }
        }
    }
}
