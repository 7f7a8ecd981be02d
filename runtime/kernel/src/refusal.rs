//! The reason why a process's state refuses a signal. The reason becomes an
//! error with a message only after the process's lock is released.

use crate::budget::Spent;
use crate::error::Error;
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
            Refusal::TooMany(limit, value) => Error::rate_limited(format!(
                "process {target} has reached {limit} = {value} of host {host}"
            ))
            .with("host", host)
            .with("limit", limit)
            .with("value", value as u64),
            Refusal::Spent(spent) => spent.error(host, &format!("process {target}")),
            Refusal::Full(Full { queue, limit }) => {
                let queue = match queue {
                    QueueName::Inbox => "inbox",
                    QueueName::Unclaimed => "unclaimed",
                    QueueName::Topic => topic,
                    QueueName::All => "all",
                };
                let (unit, value) = match limit {
                    QueueLimit::Messages(messages) => ("messages", messages),
                    QueueLimit::Bytes(bytes) => ("bytes", bytes),
                };
                let limit = format!("{unit}: {value}");
                Error::rate_limited(format!(
                    "queue {queue} of process {target} is full: max_queue.{unit} = {value} of \
                     host {host}"
                ))
                .with("host", host)
                .with("queue", queue)
                .with("limit", limit)
            }
        }
    }
}
