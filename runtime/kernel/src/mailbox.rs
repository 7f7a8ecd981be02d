//! The messages a process has not read, and where each goes when it arrives.

use std::collections::HashMap;

use crate::host::{HostConfig, QueueLimits};
use crate::introspection::{QueueLabel, QueueView};
use crate::message::Message;
use crate::moment::Monotonic;
use crate::queue::{Queue, QueueLimit};
use crate::subscription::Subscription;
use crate::sync::Arc;

/// The message queues of one process. A message goes to the listener of exactly
/// its topic, else to the inbox if that is open, else it waits unclaimed.
#[derive(Debug, Default)]
pub(crate) struct Mailbox {
    /// When the last message arrived, on the kernel's clock, which stands still
    /// for a while at a time: each message is at least a nanosecond later than
    /// the one before, so that it also says their order.
    last_arrival: u64,
    /// Messages in all queues, and their bytes.
    messages: usize,
    bytes: usize,
    unclaimed: Queue,
    inbox: Option<Queue>,
    /// Sorted by number.
    listeners: Vec<Listener>,
    topics: HashMap<Arc<str>, Subscription>,
}

/// So few listeners are looked through faster than a topic is hashed.
const FEW: usize = 8;

#[derive(Debug)]
struct Listener {
    subscription: Subscription,
    topic: Arc<str>,
    queue: Queue,
}

/// How much a mailbox may hold.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MailboxLimits {
    /// Each of its queues.
    queue: QueueLimits,
    /// All of them together: what so many full queues as there can be hold.
    /// Without it, a process that listens and unlistens in turn could pile up
    /// messages in a queue that only refuses new ones.
    total: QueueLimits,
}

impl MailboxLimits {
    pub(crate) fn of(config: &HostConfig) -> Self {
        // The inbox and what waits unclaimed are queues too.
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

/// A queue is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full {
    pub(crate) queue: QueueName,
    pub(crate) limit: QueueLimit,
}

/// Which queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QueueName {
    Inbox,
    Unclaimed,
    /// The listener of the message's topic.
    Topic,
    /// All queues of the process together.
    All,
}

impl Mailbox {
    /// Adds a message to the queue its topic goes to; returns the subscription
    /// that can read it now, if one can.
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
        let (queue, name, subscription) = self.route(topic);
        if let Err(limit) = queue.admits(bytes, limits.queue) {
            return Err(Full { queue: name, limit });
        }
        queue.push(arrival, message);
        self.last_arrival = arrival;
        self.messages += 1;
        self.bytes += bytes;
        Ok(subscription)
    }

    /// Takes the oldest message of a subscription.
    #[inline]
    pub(crate) fn take(&mut self, subscription: Subscription) -> Option<Message> {
        let queue = if subscription == Subscription::INBOX {
            self.inbox.as_mut()?
        } else {
            let index = self.position(subscription).ok()?;
            &mut self.listeners.get_mut(index)?.queue
        };
        let mut message = queue.pop()?;
        self.messages -= 1;
        self.bytes -= message.wire().len();
        message.set_subscription(subscription);
        Some(message)
    }

    /// Opens the inbox, which takes over all that is unclaimed.
    pub(crate) fn open_inbox(&mut self) {
        if self.inbox.is_none() {
            self.inbox = Some(std::mem::take(&mut self.unclaimed));
        }
    }

    /// The listener of a topic, if there is one.
    pub(crate) fn listener(&self, topic: &str) -> Option<Subscription> {
        let index = self.listening(topic)?;
        Some(self.listeners.get(index)?.subscription)
    }

    /// Listeners open at present.
    pub(crate) fn listeners(&self) -> usize {
        self.listeners.len()
    }

    /// Whether a listener has this number.
    pub(crate) fn is_listener(&self, subscription: Subscription) -> bool {
        self.position(subscription).is_ok()
    }

    /// Opens a listener, which takes over the unclaimed messages of its topic.
    /// The topic has none yet and the number is free.
    pub(crate) fn listen(&mut self, topic: &str, subscription: Subscription) {
        let topic: Arc<str> = topic.into();
        let listener = Listener {
            subscription,
            queue: self.unclaimed.split_off_topic(&topic),
            topic: Arc::clone(&topic),
        };
        let index = self.position(subscription).unwrap_or_else(|index| index);
        self.listeners.insert(index, listener);
        self.topics.insert(topic, subscription);
    }

    /// Closes a listener; what was unread there goes, in order of arrival, to
    /// the inbox, or waits unclaimed. Returns whether the inbox got something.
    pub(crate) fn unlisten(&mut self, subscription: Subscription) -> bool {
        let Ok(index) = self.position(subscription) else {
            return false;
        };
        let listener = self.listeners.remove(index);
        self.topics.remove(&listener.topic);
        let unread = listener.queue.len() > 0;
        match &mut self.inbox {
            Some(inbox) => inbox.join([listener.queue]),
            None => self.unclaimed.join([listener.queue]),
        }
        unread && self.inbox.is_some()
    }

    /// Closes everything; all messages are unclaimed again, in order of arrival.
    pub(crate) fn close_all(&mut self) {
        let listeners = std::mem::take(&mut self.listeners).into_iter();
        let queues = listeners.map(|listener| listener.queue);
        self.unclaimed.join(queues.chain(self.inbox.take()));
        self.topics.clear();
    }

    /// Messages in all queues, and their bytes.
    pub(crate) fn depth(&self) -> (usize, usize) {
        (self.messages, self.bytes)
    }

    /// When the oldest message of all queues came.
    pub(crate) fn oldest(&self) -> Option<Monotonic> {
        if self.messages == 0 {
            return None;
        }
        self.queues().filter_map(|(_, queue)| queue.oldest()).min()
    }

    /// Its first few queues. What is unclaimed is one where there is any.
    pub(crate) fn views(&self, limit: usize) -> Vec<QueueView> {
        self.queues()
            .filter(|(label, queue)| *label != QueueLabel::Unclaimed || queue.len() > 0)
            .take(limit)
            .map(|(label, queue)| QueueView {
                label,
                messages: queue.len(),
                bytes: queue.bytes(),
                oldest: queue.oldest(),
            })
            .collect()
    }

    fn queues(&self) -> impl Iterator<Item = (QueueLabel, &Queue)> {
        let inbox = self.inbox.iter().map(|queue| (QueueLabel::Inbox, queue));
        let listeners = self.listeners.iter().map(|listener| {
            let topic = Arc::clone(&listener.topic);
            (QueueLabel::Topic(topic), &listener.queue)
        });
        inbox
            .chain([(QueueLabel::Unclaimed, &self.unclaimed)])
            .chain(listeners)
    }

    /// Whether the process as a whole may be sent so many bytes more.
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

    #[inline]
    fn route(&mut self, topic: &str) -> (&mut Queue, QueueName, Option<Subscription>) {
        if let Some(index) = self.listening(topic) {
            let listener = &mut self.listeners[index];
            let subscription = Some(listener.subscription);
            return (&mut listener.queue, QueueName::Topic, subscription);
        }
        match &mut self.inbox {
            Some(inbox) => (inbox, QueueName::Inbox, Some(Subscription::INBOX)),
            None => (&mut self.unclaimed, QueueName::Unclaimed, None),
        }
    }

    /// Where the listener of a topic is.
    #[inline]
    fn listening(&self, topic: &str) -> Option<usize> {
        if self.listeners.len() <= FEW {
            return self
                .listeners
                .iter()
                .position(|listener| *listener.topic == *topic);
        }
        self.position(*self.topics.get(topic)?).ok()
    }

    fn position(&self, subscription: Subscription) -> Result<usize, usize> {
        self.listeners
            .binary_search_by_key(&subscription, |listener| listener.subscription)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn limits() -> MailboxLimits {
        MailboxLimits::of(&HostConfig {
            queue: QueueLimits {
                messages: 3,
                bytes: 1000,
            },
            max_subscriptions: 2,
            ..HostConfig::default()
        })
    }

    fn send(mailbox: &mut Mailbox, topic: &str, payload: &str) -> Option<Subscription> {
        try_send(mailbox, topic, payload).unwrap()
    }

    fn try_send(
        mailbox: &mut Mailbox,
        topic: &str,
        payload: &str,
    ) -> Result<Option<Subscription>, Full> {
        let message = Message::new(None, topic, payload.as_bytes());
        mailbox.deliver(topic, message, &limits(), Monotonic::default())
    }

    fn drain(mailbox: &mut Mailbox, subscription: Subscription) -> String {
        std::iter::from_fn(|| mailbox.take(subscription))
            .map(|message| String::from_utf8_lossy(message.payload()).into_owned())
            .collect()
    }

    #[test]
    fn a_message_goes_to_its_listener_else_the_inbox_else_waits() {
        let mut mailbox = Mailbox::default();
        assert_eq!(send(&mut mailbox, "t", "1"), None);
        assert_eq!(send(&mut mailbox, "u", "2"), None);
        mailbox.listen("t", Subscription(3));
        assert_eq!(send(&mut mailbox, "t", "3"), Some(Subscription(3)));
        assert_eq!(mailbox.take(Subscription::INBOX), None);
        mailbox.open_inbox();
        mailbox.open_inbox();
        assert_eq!(send(&mut mailbox, "v", "4"), Some(Subscription::INBOX));
        assert_eq!(drain(&mut mailbox, Subscription(3)), "13");
        assert_eq!(drain(&mut mailbox, Subscription::INBOX), "24");
    }

    #[test]
    fn many_listeners_are_found_like_few() {
        let mut mailbox = Mailbox::default();
        for number in 0..3 * FEW as u32 {
            let (topic, subscription) = (number.to_string(), Subscription(3 + number));
            assert_eq!(mailbox.listener(&topic), None);
            mailbox.listen(&topic, subscription);
            assert_eq!(mailbox.listener(&topic), Some(subscription));
            assert_eq!(send(&mut mailbox, &topic, "x"), Some(subscription));
            assert_eq!(drain(&mut mailbox, subscription), "x");
        }
        assert_eq!(send(&mut mailbox, "other", "x"), None);
    }

    #[test]
    fn unlisten_returns_what_is_unread_in_order_of_arrival() {
        let mut mailbox = Mailbox::default();
        mailbox.listen("t", Subscription(3));
        for (topic, payload) in [("t", "1"), ("u", "2"), ("t", "3")] {
            send(&mut mailbox, topic, payload);
        }
        assert!(!mailbox.unlisten(Subscription(3)));
        assert!(!mailbox.unlisten(Subscription(3)));
        mailbox.listen("t", Subscription(4));
        mailbox.open_inbox();
        assert!(mailbox.unlisten(Subscription(4)));
        assert_eq!(drain(&mut mailbox, Subscription::INBOX), "123");
    }

    #[test]
    fn what_unlisten_returns_may_exceed_the_limit_but_nothing_new_may() {
        let mut mailbox = Mailbox::default();
        mailbox.open_inbox();
        mailbox.listen("t", Subscription(3));
        for payload in ["1", "2", "3"] {
            send(&mut mailbox, "t", payload);
            send(&mut mailbox, "other", payload);
        }
        let full = |queue| {
            Err(Full {
                queue,
                limit: QueueLimit::Messages(3),
            })
        };
        assert_eq!(try_send(&mut mailbox, "t", "4"), full(QueueName::Topic));
        mailbox.unlisten(Subscription(3));
        assert_eq!(try_send(&mut mailbox, "t", "4"), full(QueueName::Inbox));
        assert_eq!(drain(&mut mailbox, Subscription::INBOX), "112233");
        assert!(try_send(&mut mailbox, "t", "4").is_ok());
    }

    #[test]
    fn listening_and_unlistening_in_turn_does_not_pile_up_messages_without_end() {
        let mut mailbox = Mailbox::default();
        let mut accepted = 0;
        for round in 0..10 {
            let number = Subscription(3 + round);
            mailbox.listen("t", number);
            for _ in 0..3 {
                accepted += usize::from(try_send(&mut mailbox, "u", "x").is_ok());
                accepted += usize::from(try_send(&mut mailbox, "t", "x").is_ok());
            }
            mailbox.unlisten(number);
            mailbox.listen("u", number);
            mailbox.listen("t", Subscription(100));
            for _ in 0..3 {
                accepted += usize::from(try_send(&mut mailbox, "v", "x").is_ok());
            }
            mailbox.unlisten(number);
            mailbox.unlisten(Subscription(100));
            mailbox.listen("v", number);
            mailbox.unlisten(number);
        }
        assert_eq!(mailbox.depth().0, accepted);
        assert!(accepted <= 4 * 3, "{accepted}");
    }

    #[test]
    fn a_full_queue_refuses_its_own_topics_only() {
        let mut mailbox = Mailbox::default();
        mailbox.listen("t", Subscription(3));
        for _ in 0..3 {
            send(&mut mailbox, "t", "x");
        }
        assert!(try_send(&mut mailbox, "t", "x").is_err());
        assert!(try_send(&mut mailbox, "u", "x").is_ok());
        assert_eq!(mailbox.depth().0, 4);
    }

    #[test]
    fn after_closing_everything_all_is_unclaimed_in_order_of_arrival() {
        let mut mailbox = Mailbox::default();
        mailbox.listen("t", Subscription(3));
        mailbox.listen("u", Subscription(4));
        mailbox.open_inbox();
        for (topic, payload) in [("u", "1"), ("x", "2"), ("t", "3"), ("u", "4")] {
            send(&mut mailbox, topic, payload);
        }
        mailbox.close_all();
        assert_eq!(mailbox.listeners(), 0);
        assert_eq!(mailbox.take(Subscription::INBOX), None);
        mailbox.open_inbox();
        assert_eq!(drain(&mut mailbox, Subscription::INBOX), "1234");
        assert_eq!(mailbox.depth(), (0, 0));
    }
}
