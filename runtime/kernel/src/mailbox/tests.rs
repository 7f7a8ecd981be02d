use super::feeds::FEED;
use super::*;
use crate::host::{HostConfig, QueueLimits};
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
fn a_feed_of_few_bytes_holds_fewer_items() {
    let mut mailbox = Mailbox::default();
    mailbox.open_feed("@news", Subscription(3));
    let limits = FeedLimits {
        queue: QueueLimits {
            messages: usize::MAX,
            bytes: 1_000,
        },
        spare: false,
    };
    let item = || Message::new(None, "@news", &[0; 100]);
    let now = Monotonic::default();
    let fed = (0..)
        .take_while(|_| mailbox.feed(Subscription(3), item(), limits, now))
        .count();
    assert!((1..10).contains(&fed), "{fed}");
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
