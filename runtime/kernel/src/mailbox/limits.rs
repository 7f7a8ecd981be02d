//! The capacity of a mailbox, and the error of a full one.

use crate::host::{HostConfig, QueueLimits};
use crate::queue::QueueLimit;

/// Capacity of a mailbox.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MailboxLimits {
    /// Limits of each queue.
    pub(super) queue: QueueLimits,
    /// Limits of all queues together: the sum of as many full queues as a
    /// process may have. Without this limit, a process that listens and
    /// unlistens in turn could pile up messages in a queue that only refuses
    /// new ones.
    pub(super) total: QueueLimits,
}

impl MailboxLimits {
    pub(crate) fn of(config: &HostConfig) -> Self {
        // The inbox and the unclaimed messages are queues too.
        let queues = config.max_subscriptions.saturating_add(2);
        MailboxLimits {
            queue: config.queue,
            total: QueueLimits {
                messages: config.queue.messages.saturating_mul(queues),
                bytes: config.queue.bytes.saturating_mul(queues),
            },
        }
    }
}

/// The error of a full queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full {
    pub(crate) queue: QueueName,
    pub(crate) limit: QueueLimit,
}

impl Full {
    #[cold]
    pub(super) fn of(queue: QueueName, limit: QueueLimit) -> Full {
        Full { queue, limit }
    }
}

/// The queue that is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QueueName {
    Inbox,
    Unclaimed,
    /// The listener of the message's topic.
    Topic,
    /// All queues of the process together.
    All,
}
