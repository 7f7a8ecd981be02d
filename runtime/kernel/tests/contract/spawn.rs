use std::sync::Arc;

use warren_kernel::{Delivery, HostConfig, Kind, Outcome, QueueLimits, Relation, Spawn};

use crate::setup::{Setup, detail, events, failure, message_of, nothing, payloads};

fn message(topic: &str, payload: &[u8]) -> (String, Arc<[u8]>) {
    (topic.to_owned(), payload.into())
}

#[test]
fn first_messages_come_first_and_from_the_parent() {
    let setup = Setup::new();
    let parent = setup.process();
    let spawned = setup.spawn(Spawn {
        parent: Some(&parent),
        messages: &[message("t", b"1"), message("u", b"2")],
        ..Spawn::default()
    });
    let child = spawned.unwrap().process;
    setup.send(&parent, &child, "t", "3");
    let t = child.listen("t").unwrap();
    let (_, delivery) = child.try_receive(&[t]).unwrap();
    let Delivery::Message(message) = delivery else {
        panic!("a message was queued");
    };
    assert_eq!(message.sender(), Some(&**parent.text()));
    assert_eq!(message.payload(), b"1");
    assert_eq!(payloads(&child, t), ["3"]);
}

#[test]
fn monitor_and_link_are_in_place_before_it_runs() {
    let setup = Setup::new();
    let parent = setup.process();
    parent.set_trap_links(true);
    let spawned = setup.spawn(Spawn {
        parent: Some(&parent),
        relation: Relation {
            monitored: true,
            linked: true,
        },
        ..Spawn::default()
    });
    let child = spawned.unwrap().process;
    setup.end(&child, failure("at once"));
    let from = child.text().to_string();
    assert_eq!(
        events(&parent),
        [("link down", from.clone()), ("exit", from)]
    );
}

#[test]
fn a_taken_name_leaves_nothing_behind_and_names_the_holder() {
    let setup = Setup::new();
    let (parent, holder) = (setup.process(), setup.process());
    setup.kernel.register("name", &holder).unwrap();
    let refused = setup.spawn(Spawn {
        parent: Some(&parent),
        relation: Relation {
            monitored: true,
            linked: true,
        },
        exec: true,
        name: Some("name"),
        messages: &[message("t", b"1")],
        ..Spawn::default()
    });
    let error = refused.unwrap_err();
    assert_eq!(error.kind, Kind::AlreadyExists);
    assert_eq!(detail(&error, "pid"), **holder.text());
    assert_eq!(parent.counts(), Default::default());
    assert_eq!((setup.kernel.live(), setup.host.live()), (2, 2));
}

#[test]
fn first_messages_that_do_not_fit_leave_nothing_behind() {
    let setup = Setup::with(HostConfig {
        queue: QueueLimits {
            messages: 1,
            bytes: 1000,
        },
        ..HostConfig::default()
    });
    let refused = setup.spawn(Spawn {
        name: Some("name"),
        messages: &[message("t", b"1"), message("t", b"2")],
        ..Spawn::default()
    });
    assert_eq!(refused.unwrap_err().kind, Kind::RateLimited);
    setup.assert_empty();
}

#[test]
fn an_exec_yields_the_outcome_once_and_no_event() {
    let setup = Setup::new();
    let caller = setup.process();
    let exec = || {
        let spawned = setup.spawn(Spawn {
            parent: Some(&caller),
            exec: true,
            ..Spawn::default()
        });
        let spawned = spawned.unwrap();
        (spawned.process, spawned.exec.unwrap())
    };
    let ((first, first_exec), (second, second_exec)) = (exec(), exec());
    assert_ne!(first_exec, second_exec);
    assert!(caller.try_receive(&[first_exec, second_exec]).is_none());
    setup.end(&second, failure("boom"));
    setup.end(&first, Outcome::Returned(None));
    let (from, delivery) = caller.try_receive(&[first_exec, second_exec]).unwrap();
    assert_eq!(from, first_exec);
    assert!(matches!(delivery, Delivery::Exec(outcome) if *outcome == nothing()));
    let (_, delivery) = caller.try_receive(&[first_exec, second_exec]).unwrap();
    assert!(matches!(delivery, Delivery::Exec(outcome) if message_of(&outcome) == "boom"));
    assert!(caller.try_receive(&[first_exec, second_exec]).is_none());
    assert_eq!(events(&caller), []);
    assert_eq!(caller.counts(), Default::default());
}

#[test]
fn a_relation_needs_a_parent() {
    let setup = Setup::new();
    let refused = setup.spawn(Spawn {
        relation: Relation {
            linked: true,
            ..Relation::default()
        },
        ..Spawn::default()
    });
    assert_eq!(refused.unwrap_err().kind, Kind::Invalid);
    setup.assert_empty();
}

#[test]
fn pending_execs_are_limited_those_not_read_included() {
    let setup = Setup::with(HostConfig {
        max_execs: 1,
        ..HostConfig::default()
    });
    let parent = setup.process();
    let exec = || {
        setup.spawn(Spawn {
            parent: Some(&parent),
            exec: true,
            ..Spawn::default()
        })
    };
    let first = exec().unwrap();
    assert_eq!(exec().unwrap_err().kind, Kind::RateLimited);
    setup.end(&first.process, nothing());
    assert_eq!(exec().unwrap_err().kind, Kind::RateLimited);
    assert!(parent.try_receive(&[first.exec.unwrap()]).is_some());
    assert!(exec().is_ok());
}
