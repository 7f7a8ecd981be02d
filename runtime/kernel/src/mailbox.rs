//! The unread messages of a process, and the routing of new ones.

use std::collections::HashMap;

use crate::host::{HostConfig, QueueLimits};
use crate::message::Message;
use crate::moment::Monotonic;
use crate::queue::{Queue, QueueLimit};
use crate::readable::Readable;
use crate::subscription::{Subscription, SubscriptionMap};
use crate::sync::Arc;
use crate::unclaimed::Unclaimed;
use crate::view::{QueueLabel, QueueView};

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

/// Number of items that every feed holds, however short the queues of the host.
const FEED: usize = 64;

/// Bytes of an item for which a feed can leave room.
const SPARE_BYTES: usize = 128;

/// Capacity of a feed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FeedLimits {
    /// Limits of each queue.
    pub(crate) queue: QueueLimits,
    /// True if room is left for one small item.
    pub(crate) spare: bool,
}

impl FeedLimits {
    fn limits(self) -> QueueLimits {
        let (items, bytes) = match self.spare {
            true => (1, SPARE_BYTES),
            false => (0, 0),
        };
        QueueLimits {
            messages: self.queue.messages.max(FEED) - items,
            bytes: self.queue.bytes.saturating_sub(bytes),
        }
    }
}

/// Capacity of a mailbox.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MailboxLimits {
    /// Limits of each queue.
    queue: QueueLimits,
    /// Limits of all queues together: the sum of as many full queues as a
    /// process may have. Without this limit, a process that listens and
    /// unlistens in turn could pile up messages in a queue that only refuses
    /// new ones.
    total: QueueLimits,
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
    fn of(queue: QueueName, limit: QueueLimit) -> Full {
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

    /// Opens a feed: a queue whose items are delivered by its number. The caller has
    /// checked that the number is free.
    pub(crate) fn open_feed(&mut self, label: &str, subscription: Subscription) {
        let feed = Listener {
            topic: label.into(),
            queue: Queue::default(),
            is_feed: true,
        };
        self.listeners.insert(subscription, feed);
    }

    /// Adds an item to a feed. Returns false if there is no such feed, or if the feed
    /// is full.
    pub(crate) fn feed(
        &mut self,
        subscription: Subscription,
        message: Message,
        limits: FeedLimits,
        now: Monotonic,
    ) -> bool {
        let listener = self.listeners.get_mut(&subscription);
        let Some(feed) = listener.filter(|listener| listener.is_feed) else {
            return false;
        };
        let bytes = message.wire().len();
        if feed.queue.admits(bytes, limits.limits()).is_err() {
            return false;
        }
        if feed.queue.is_empty() {
            self.readable.add(subscription);
        }
        self.last_arrival = now.0.max(self.last_arrival + 1);
        feed.queue.push(self.last_arrival, message);
        true
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

    /// Returns the number of messages in all queues, and their bytes.
    pub(crate) fn depth(&self) -> (usize, usize) {
        let (messages, bytes) = self.depth_of_feeds();
        (self.messages + messages, self.bytes + bytes)
    }

    /// Returns the number of items in all feeds, and their bytes. Feeds have their own
    /// limits: a process that does not read them still gets messages.
    pub(crate) fn depth_of_feeds(&self) -> (usize, usize) {
        let readable = self.readable.iter();
        let feeds = readable
            .filter_map(|subscription| self.listeners.get(&subscription))
            .filter(|listener| listener.is_feed);
        feeds.fold((0, 0), |(messages, bytes), feed| {
            (messages + feed.queue.len(), bytes + feed.queue.bytes())
        })
    }

    /// Returns the number of items in a feed, and their bytes; zero for any other
    /// number.
    pub(crate) fn depth_of_feed(&self, subscription: Subscription) -> (usize, usize) {
        let listener = self.listeners.get(&subscription);
        match listener.filter(|listener| listener.is_feed) {
            Some(feed) => (feed.queue.len(), feed.queue.bytes()),
            None => (0, 0),
        }
    }

    /// Returns the arrival of the oldest message of all queues.
    pub(crate) fn oldest(&self) -> Option<Monotonic> {
        if self.depth().0 == 0 {
            return None;
        }
        let inbox = self.inbox.as_ref().and_then(Queue::oldest);
        let listeners = self.readable.iter().filter_map(|subscription| {
            let listener = self.listeners.get(&subscription)?;
            listener.queue.oldest()
        });
        listeners.chain(inbox).chain(self.unclaimed.oldest()).min()
    }

    /// Returns views of the first `limit` queues, listeners by number. The
    /// unclaimed messages count as a queue if there are any.
    pub(crate) fn views(&self, limit: usize) -> Vec<QueueView> {
        let view = |label, queue: &Queue| QueueView {
            label,
            messages: queue.len(),
            bytes: queue.bytes(),
            oldest: queue.oldest(),
        };
        let mut views: Vec<QueueView> = Vec::new();
        views.extend(
            self.inbox
                .iter()
                .map(|queue| view(QueueLabel::Inbox, queue)),
        );
        if self.unclaimed.len() > 0 {
            views.push(QueueView {
                label: QueueLabel::Unclaimed,
                messages: self.unclaimed.len(),
                bytes: self.unclaimed.bytes(),
                oldest: self.unclaimed.oldest(),
            });
        }
        let mut listeners: Vec<_> = self.listeners.iter().collect();
        listeners.sort_unstable_by_key(|(subscription, _)| **subscription);
        let listeners = listeners.into_iter().map(|(_, listener)| {
            view(
                QueueLabel::Topic(Arc::clone(&listener.topic)),
                &listener.queue,
            )
        });
        views.extend(listeners.take(limit.saturating_sub(views.len())));
        views.truncate(limit);
        views
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work;

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

    fn feed(mailbox: &mut Mailbox, subscription: Subscription, payload: &str) -> bool {
        let message = Message::new(None, "@news", payload.as_bytes());
        let limits = FeedLimits {
            queue: limits().queue,
            spare: false,
        };
        mailbox.feed(subscription, message, limits, Monotonic::default())
    }

    #[test]
    fn a_feed_has_its_own_limits_and_loses_its_items_with_it() {
        let mut mailbox = Mailbox::default();
        mailbox.open_feed("@news", Subscription(3));
        mailbox.listen("t", Subscription(4));
        // The limits of the test are 3 messages and 1,000 bytes.
        let fitting = (0..)
            .take_while(|_| feed(&mut mailbox, Subscription(3), "x"))
            .count();
        assert_eq!(fitting, 1000 / (12 + 5 + 1));
        assert!(!feed(&mut mailbox, Subscription(4), "x"), "it is no feed");
        assert!(!feed(&mut mailbox, Subscription(5), "x"), "there is none");
        // Messages have their room still, and cannot reach the feed by its label.
        for payload in ["1", "2", "3"] {
            assert_eq!(send(&mut mailbox, "t", payload), Some(Subscription(4)));
            assert_eq!(mailbox.take(Subscription(3)).unwrap().topic(), "@news");
        }
        assert_eq!(mailbox.depth().0, fitting);
        assert_eq!(mailbox.depth_of_feed(Subscription(3)).0, fitting - 3);
        assert!(!mailbox.unlisten(Subscription(3)));
        assert_eq!(mailbox.depth().0, 3);
        mailbox.open_feed("@news", Subscription(6));
        assert!(feed(&mut mailbox, Subscription(6), "x"));
        mailbox.close_all();
        assert_eq!(mailbox.depth().0, 3);
        mailbox.open_inbox();
        assert_eq!(drain(&mut mailbox, Subscription::INBOX), "123");
        assert_eq!(mailbox.depth(), (0, 0));
    }

    #[test]
    fn a_feed_holds_more_items_than_a_short_queue() {
        let mut mailbox = Mailbox::default();
        mailbox.open_feed("@news", Subscription(3));
        let short = |spare| FeedLimits {
            queue: QueueLimits {
                messages: 1,
                bytes: usize::MAX,
            },
            spare,
        };
        let item = || Message::new(None, "@news", b"");
        let now = Monotonic::default();
        let fed = (0..)
            .take_while(|_| mailbox.feed(Subscription(3), item(), short(true), now))
            .count();
        assert_eq!(fed, FEED - 1);
        assert!(mailbox.feed(Subscription(3), item(), short(false), now));
        assert!(!mailbox.feed(Subscription(3), item(), short(false), now));
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
    fn unlisten_returns_unread_messages_in_order_of_arrival() {
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
    fn messages_of_unlisten_may_exceed_the_limit_and_new_ones_may_not() {
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

    #[test]
    fn listening_touches_only_messages_of_its_topic() {
        let unlimited = MailboxLimits::of(&HostConfig {
            queue: QueueLimits {
                messages: usize::MAX,
                bytes: usize::MAX,
            },
            ..HostConfig::default()
        });
        let deliver = |mailbox: &mut Mailbox, topic: &str| {
            let message = Message::new(None, topic, b"x");
            let delivered = mailbox.deliver(topic, message, &unlimited, Monotonic::default());
            delivered.unwrap();
        };
        // Cost of one request: a listener for the reply, one that is read and
        // one that is not.
        let request = |backlog: u32, others: u32, inbox: bool| {
            let mut mailbox = Mailbox::default();
            for number in 0..others {
                mailbox.listen(&format!("other {number}"), Subscription(10 + number));
            }
            for number in 0..backlog {
                deliver(&mut mailbox, &(number % 10).to_string());
            }
            if inbox {
                mailbox.open_inbox();
            }
            let steps = work::of(|| {
                mailbox.listen("reply", Subscription(3));
                deliver(&mut mailbox, "reply");
                deliver(&mut mailbox, "reply");
                assert_eq!(mailbox.readable().iter().count(), 1);
                assert!(mailbox.take(Subscription(3)).is_some());
                mailbox.unlisten(Subscription(3));
                assert_eq!(mailbox.readable().iter().count(), 0);
            });
            assert_eq!(mailbox.depth().0, backlog as usize + 1);
            steps
        };
        for inbox in [false, true] {
            let few = request(10, 1, inbox);
            assert!(few > 0);
            assert_eq!(request(10_000, 1, inbox), few);
            assert_eq!(request(10, 1000, inbox), few);
        }
    }
}
