use std::sync::Arc;

use warren_kernel::{Spawn, Subscription, Timestamp};

use crate::setup::{Setup, events, message_of, moment, nothing, payloads};

#[test]
fn messages_are_unclaimed_again_in_order_and_events_stay() {
    let setup = Setup::new();
    let (sender, process) = (setup.process(), setup.process());
    let old = process.listen("a").unwrap();
    process.inbox();
    setup.kernel.monitor(&process, &sender).unwrap();
    for (topic, payload) in [("a", "1"), ("b", "2"), ("a", "3"), ("c", "4")] {
        setup.send(&sender, &process, topic, payload);
    }
    setup.end(&sender, nothing());
    process.begin_upgrade();
    assert!(!process.has_opened_events());
    assert!(process.try_receive(&[old, process_inbox()]).is_none());
    let inbox = process.inbox();
    assert_eq!(payloads(&process, inbox), ["1", "2", "3", "4"]);
    assert_eq!(events(&process), [("exit", sender.text().to_string())]);
}

#[test]
fn a_process_that_has_opened_its_events_can_notice_a_cancel_after_an_upgrade() {
    let setup = Setup::new();
    let process = setup.process();
    process.events();
    process.begin_upgrade();
    assert!(process.has_opened_events());
    let kernel = &setup.kernel;
    let canceled = kernel.cancel(None, &process, None, false, moment(7));
    canceled.unwrap();
    // The subscription has ended: the new code opens it anew.
    let subscription = Subscription::EVENTS;
    assert!(process.try_receive(&[subscription]).is_none());
    process.events();
    assert!(process.try_receive(&[subscription]).is_some());
}

#[test]
fn an_unread_outdated_is_of_the_old_code() {
    let setup = Setup::new();
    let process = setup.process();
    let tell = |ids: &[&str]| {
        let ids: Vec<_> = ids.iter().map(|id| Arc::from(*id)).collect();
        drop(process.tell_outdated(Timestamp(7), &ids));
    };
    let before = process.counts();
    tell(&["a:b"]);
    tell(&["a:c", "a:b"]);
    process.begin_upgrade();
    assert_eq!(process.counts(), before);
    assert!(events(&process).is_empty());
    tell(&["a:b"]);
    tell(&["a:c", "a:b"]);
    assert_eq!(events(&process), [("outdated", "a:b a:c".to_owned())]);
    setup.end(&process, nothing());
    tell(&["a:b"]);
}

#[test]
fn links_monitors_names_and_options_stay() {
    let setup = Setup::new();
    let (peer, process) = (setup.process(), setup.process());
    setup.kernel.link(&process, &peer).unwrap();
    setup.kernel.monitor(&process, &peer).unwrap();
    setup.kernel.register("name", &process).unwrap();
    process.set_trap_links(true);
    let before = process.counts();
    process.begin_upgrade();
    assert_eq!(process.counts(), before);
    assert!(process.trap_links());
}

#[test]
fn callees_of_pending_execs_are_terminated_and_heard_of_no_more() {
    let setup = Setup::new();
    let process = setup.process();
    let spawned = setup.spawn(Spawn {
        parent: Some(&process),
        exec: true,
        ..Spawn::default()
    });
    let spawned = spawned.unwrap();
    process.begin_upgrade();
    let doom = spawned.process.doomed_to().unwrap();
    assert_eq!(message_of(&doom), "process terminated");
    setup.reap(&spawned.process);
    let exec = spawned.exec.unwrap();
    assert!(process.try_receive(&[exec]).is_none());
    assert_ne!(process.listen("t"), Ok(exec));
}

fn process_inbox() -> warren_kernel::Subscription {
    warren_kernel::Subscription::INBOX
}
