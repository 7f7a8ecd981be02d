use warren_kernel::{HostConfig, Kind, QueueLimits, Subscription};

use crate::setup::{Setup, detail, nothing, payloads};

#[test]
fn messages_before_inbox_and_listen_are_kept() {
    let setup = Setup::new();
    let (sender, receiver) = (setup.process(), setup.process());
    for (topic, payload) in [("a", "1"), ("b", "2"), ("a", "3")] {
        setup.send(&sender, &receiver, topic, payload);
    }
    let a = receiver.listen("a").unwrap();
    let inbox = receiver.inbox();
    assert_eq!(payloads(&receiver, a), ["1", "3"]);
    assert_eq!(payloads(&receiver, inbox), ["2"]);
}

#[test]
fn the_same_topic_is_the_same_subscription() {
    let setup = Setup::new();
    let process = setup.process();
    let first = process.listen("t").unwrap();
    assert_eq!(process.listen("t"), Ok(first));
    assert_ne!(process.listen("u"), Ok(first));
    process.unlisten(first);
    assert_ne!(process.listen("t"), Ok(first));
}

#[test]
fn receive_prefers_the_first_wanted_and_says_which() {
    let setup = Setup::new();
    let (sender, receiver) = (setup.process(), setup.process());
    let (a, b) = (receiver.listen("a").unwrap(), receiver.listen("b").unwrap());
    setup.send(&sender, &receiver, "a", "older");
    setup.send(&sender, &receiver, "b", "newer");
    let (from, _) = receiver.try_receive(&[b, a]).unwrap();
    assert_eq!(from, b);
    let (from, delivery) = receiver.try_receive(&[b, a]).unwrap();
    assert_eq!(from, a);
    let warren_kernel::Delivery::Message(message) = delivery else {
        panic!("a message was sent");
    };
    assert_eq!(message.sender(), Some(&**sender.text()));
    assert_eq!(message.wire()[..4], a.0.to_le_bytes());
}

#[test]
fn topics_of_the_system_are_invalid() {
    let setup = Setup::new();
    let process = setup.process();
    for topic in ["", "@inbox", "@"] {
        let sent = setup.kernel.send(None, &process, topic, b"");
        assert_eq!(sent.unwrap_err().kind, Kind::Invalid);
        assert_eq!(process.listen(topic).unwrap_err().kind, Kind::Invalid);
    }
}

#[test]
fn a_full_queue_says_which_and_refuses_only_its_own_topics() {
    let setup = Setup::with(HostConfig {
        queue: QueueLimits {
            messages: 1,
            bytes: 1000,
        },
        ..HostConfig::default()
    });
    let process = setup.process();
    let refused = |topic: &str| {
        let error = setup.kernel.send(None, &process, topic, b"x").unwrap_err();
        assert_eq!(error.kind, Kind::RateLimited);
        assert_eq!(error.retryable, Some(true));
        assert_eq!(detail(&error, "host"), "app:processes");
        assert_eq!(detail(&error, "limit"), "max_queue.messages");
        detail(&error, "queue")
    };
    let accepted = |topic: &str| setup.kernel.send(None, &process, topic, b"x").unwrap();
    accepted("a");
    assert_eq!(refused("b"), "unclaimed");
    process.listen("a").unwrap();
    assert_eq!(refused("a"), "a");
    accepted("b");
    process.inbox();
    assert_eq!(refused("c"), "inbox");
    assert_eq!(payloads(&process, Subscription::INBOX), ["x"]);
    accepted("c");
}

#[test]
fn more_than_max_message_is_invalid_and_nothing_is_sent() {
    let setup = Setup::with(HostConfig {
        max_message: 10,
        ..HostConfig::default()
    });
    let process = setup.process();
    assert!(setup.kernel.send(None, &process, "t", &[0; 9]).is_ok());
    let error = setup.kernel.send(None, &process, "t", &[0; 10]);
    assert_eq!(error.unwrap_err().kind, Kind::Invalid);
    assert_eq!(process.depth().messages, 1);
}

#[test]
fn the_dead_are_not_found_by_anyone() {
    let setup = Setup::new();
    let (other, process) = (setup.process(), setup.process());
    let exiting = setup.kernel.exit(&process, nothing());
    let kernel = &setup.kernel;
    let now = crate::setup::moment(0);
    for refused in [
        kernel.send(Some(&other), &process, "t", b""),
        kernel.monitor(&other, &process),
        kernel.link(&other, &process),
        kernel.terminate(&process),
        kernel.cancel(Some(&other), &process, None, false, now),
        kernel.register("name", &process),
        kernel.resolve(process.text()).map(drop),
    ] {
        assert_eq!(refused.unwrap_err().kind, Kind::NotFound);
    }
    exiting.finish(now);
    assert_eq!(other.counts(), Default::default());
}
