//! The unread messages of a process, and the routing of new ones.

mod feeds;
mod limits;
#[cfg(test)]
mod tests;
mod views;

use std::collections::HashMap;

use crate::message::Message;
use crate::moment::Monotonic;
use crate::queue::{Queue, QueueLimit};
use crate::readable::Readable;
use crate::subscription::{Subscription, SubscriptionMap};
use crate::sync::Arc;
use crate::unclaimed::Unclaimed;

pub(crate) use feeds::FeedLimits;
pub(crate) use limits::{Full, MailboxLimits, QueueName};

/// The message queues of one process. A message goes to the listener of exactly
/// its topic, else to the inbox if that is open, else to the unclaimed
/// messages.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    /// Arrival of the last message, in nanoseconds of the kernel's clock. That
    /// clock stands still for a while at a time, so each message is dated at
    /// least a nanosecond after the one before: arrivals also give the order of
    /// messages.
    last_arrival: u64,
    /// Number of messages in all queues, and their bytes.
    messages: usize,
    bytes: usize,
    unclaimed: Unclaimed,
    inbox: Option<Queue>,
    listeners: SubscriptionMap<Listener>,
    topics: HashMap<Arc<str>, Subscription>,
    /// The listeners with messages.
    readable: Readable,
}

/// Number of listeners up to which a scan is faster than hashing a topic.
const FEW: usize = 8;

#[derive(Debug)]
struct Listener {
    topic: Arc<str>,
    queue: Queue,
    /// True for a feed: its items come by its number and not by the topic, which is
    /// a label that no message can have. They are lost with the feed.
    is_feed: bool,
}

impl Mailbox {
    /// Adds a message to the queue of its topic. Returns the subscription that
    /// can read the message now, if there is one.
    #[inline]
    pub(crate) fn deliver(
        &mut self,
        topic: &str,
        message: Message,
        limits: &MailboxLimits,
        now: Monotonic,
    ) -> Result<Option<Subscription>, Full> {
        let arrival = now.0.max(self.last_arrival + 1);
        let bytes = message.wire().len();
        self.admits(bytes, limits)?;
        let queue_limits = limits.queue;
        let subscription = if let Some(subscription) = self.listener(topic)
            && let Some(listener) = self.listeners.get_mut(&subscription)
        {
            let queue = &mut listener.queue;
            let admitted = queue.admits(bytes, queue_limits);
            admitted.map_err(|limit| Full::of(QueueName::Topic, limit))?;
            if queue.is_empty() {
                self.readable.add(subscription);
            }
            queue.push(arrival, message);
            Some(subscription)
        } else if let Some(inbox) = &mut self.inbox {
            let admitted = inbox.admits(bytes, queue_limits);
            admitted.map_err(|limit| Full::of(QueueName::Inbox, limit))?;
            inbox.push(arrival, message);
            Some(Subscription::INBOX)
        } else {
            let admitted = self.unclaimed.admits(bytes, queue_limits);
            admitted.map_err(|limit| Full::of(QueueName::Unclaimed, limit))?;
            self.unclaimed.push(topic, arrival, message);
            None
        };
        self.last_arrival = arrival;
        self.messages += 1;
        self.bytes += bytes;
        Ok(subscription)
    }

    /// Takes the oldest message of a subscription.
    #[inline]
    pub(crate) fn take(&mut self, subscription: Subscription) -> Option<Message> {
        let (mut message, is_feed) = if subscription == Subscription::INBOX {
            (self.inbox.as_mut()?.pop()?, false)
        } else {
            let listener = self.listeners.get_mut(&subscription)?;
            let message = listener.queue.pop()?;
            if listener.queue.is_empty() {
                self.readable.remove(subscription);
            }
            (message, listener.is_feed)
        };
        if !is_feed {
            self.messages -= 1;
            self.bytes -= message.wire().len();
        }
        message.set_subscription(subscription);
        Some(message)
    }

    /// Opens the inbox, which takes over all unclaimed messages.
    pub(crate) fn open_inbox(&mut self) {
        if self.inbox.is_none() {
            self.inbox = Some(std::mem::take(&mut self.unclaimed).into_queue());
        }
    }

    /// Returns the listener of a topic, if there is one.
    #[inline]
    pub(crate) fn listener(&self, topic: &str) -> Option<Subscription> {
        if self.listeners.is_empty() {
            return None;
        }
        if self.listeners.len() <= FEW {
            let mut listeners = self.listeners.iter();
            let (subscription, _) = listeners.find(|(_, listener)| *listener.topic == *topic)?;
            return Some(*subscription);
        }
        self.topics.get(topic).copied()
    }

    /// Returns whether the inbox is open and has messages.
    pub(crate) fn inbox_is_readable(&self) -> bool {
        self.inbox.as_ref().is_some_and(|inbox| !inbox.is_empty())
    }

    /// Returns the listeners with messages.
    pub(crate) fn readable(&self) -> &Readable {
        &self.readable
    }

    /// Returns the number of open listeners.
    pub(crate) fn listeners(&self) -> usize {
        self.listeners.len()
    }

    /// Returns whether a listener has this number.
    pub(crate) fn is_listener(&self, subscription: Subscription) -> bool {
        self.listeners.contains_key(&subscription)
    }

    /// Opens a listener, which takes over the unclaimed messages of its topic.
    /// The caller has checked that the topic has no listener and that the
    /// number is free.
    pub(crate) fn listen(&mut self, topic: &str, subscription: Subscription) {
        let topic: Arc<str> = topic.into();
        let listener = Listener {
            queue: self.unclaimed.claim(&topic),
            topic: Arc::clone(&topic),
            is_feed: false,
        };
        if !listener.queue.is_empty() {
            self.readable.add(subscription);
        }
        self.listeners.insert(subscription, listener);
        self.topics.insert(topic, subscription);
    }

    /// Closes a listener. Its unread messages go, in order of arrival, to the
    /// inbox, or become unclaimed. Returns whether the inbox got any. The unread items
    /// of a feed are lost; the caller charges them back.
    pub(crate) fn unlisten(&mut self, subscription: Subscription) -> bool {
        let Some(listener) = self.listeners.remove(&subscription) else {
            return false;
        };
        let Listener {
            topic,
            queue,
            is_feed,
        } = listener;
        if is_feed {
            self.readable.remove(subscription);
            return false;
        }
        self.topics.remove(&topic);
        if queue.is_empty() {
            return false;
        }
        self.readable.remove(subscription);
        match &mut self.inbox {
            Some(inbox) => inbox.take_back(queue),
            None => self.unclaimed.take_back(topic, queue),
        }
        self.inbox.is_some()
    }

    /// Closes everything; all messages are unclaimed again, in order of arrival, and the
    /// items of feeds are lost.
    pub(crate) fn close_all(&mut self) {
        for listener in std::mem::take(&mut self.listeners).into_values() {
            if !listener.is_feed {
                self.unclaimed.take_back(listener.topic, listener.queue);
            }
        }
        self.topics.clear();
        self.readable = Readable::default();
        if let Some(inbox) = self.inbox.take() {
            let unclaimed = std::mem::take(&mut self.unclaimed).into_queue();
            for (arrival, message) in Queue::joined([inbox, unclaimed]).into_messages() {
                let topic = message.topic().to_owned();
                self.unclaimed.push(&topic, arrival, message);
            }
        }
    }

    /// Returns whether the process as a whole has room for `bytes` more.
    #[inline]
    fn admits(&self, bytes: usize, limits: &MailboxLimits) -> Result<(), Full> {
        let limit = if self.messages >= limits.total.messages {
            QueueLimit::Messages(limits.total.messages)
        } else if self.bytes.saturating_add(bytes) > limits.total.bytes {
            QueueLimit::Bytes(limits.total.bytes)
        } else {
            return Ok(());
        };
        Err(Full {
            queue: QueueName::All,
            limit,
        })
    }
}
