//! The view of processes from outside.

use std::collections::BTreeSet;
use std::sync::Arc;

use warren_kernel::{
    Activity, Change, Error, Monotonic, Origin, Outcome, Process, QueueLabel, Relation, Spawn,
    Subscription, Totals,
};
use warren_values::Pid;

use crate::setup::{Setup, failure, moment, nothing};

#[test]
fn a_view_shows_queues_with_the_age_of_their_oldest_message() {
    let setup = Setup::new();
    let process = setup.process();
    let listener = process.listen("t").unwrap();
    for (at, topic) in [(10, "u"), (20, "t"), (30, "t")] {
        setup.kernel.set_clock(Monotonic(at));
        setup.send(&process, &process, topic, "x");
    }
    let queues = || {
        let view = process.view(10).unwrap();
        view.queues
            .iter()
            .map(|queue| {
                let oldest = queue.oldest.map(|at| at.0);
                (queue.label.clone(), queue.messages, oldest)
            })
            .collect::<Vec<_>>()
    };
    let topic = QueueLabel::Topic("t".into());
    assert_eq!(
        queues(),
        [
            (QueueLabel::Unclaimed, 1, Some(10)),
            (topic.clone(), 2, Some(20))
        ]
    );
    assert_eq!(process.summary().unwrap().oldest, Some(Monotonic(10)));
    let inbox = process.inbox();
    process.try_receive(&[inbox]);
    process.try_receive(&[listener]);
    assert_eq!(
        queues(),
        [(QueueLabel::Inbox, 0, None), (topic, 1, Some(30))]
    );
    assert_eq!(process.view(1).unwrap().queues.len(), 1);
}

#[test]
fn messages_of_one_moment_keep_their_order_and_their_age() {
    let setup = Setup::new();
    let process = setup.process();
    setup.kernel.set_clock(Monotonic(1_000));
    let listener = process.listen("t").unwrap();
    for payload in ["1", "2", "3"] {
        setup.send(&process, &process, "t", payload);
        setup.send(&process, &process, "u", payload);
    }
    process.unlisten(listener);
    let inbox = process.inbox();
    assert_eq!(
        crate::setup::payloads(&process, inbox),
        ["1", "1", "2", "2", "3", "3"]
    );
}

#[test]
fn a_view_tells_origin_parent_names_ties_and_the_last_error() {
    let setup = Setup::new();
    let parent = setup.process();
    setup.kernel.set_clock(Monotonic(7));
    let origin = Origin {
        definition: "app:worker".into(),
        frame: "app:main#1".into(),
        actor: Some("somebody".into()),
    };
    let spawned = setup.spawn(Spawn {
        parent: Some(&parent),
        relation: Relation {
            monitored: true,
            linked: true,
        },
        name: Some("worker"),
        origin: Some(&origin),
        ..Spawn::default()
    });
    let child = spawned.unwrap().process;
    child.set_last_error(&Error::not_found("nobody"));
    child.usage().change_memory(0, 100);
    let view = child.view(10).unwrap();
    assert_eq!(view.origin, Some(origin));
    assert_eq!(view.parent, Some(parent.pid()));
    assert_eq!(view.started, Monotonic(7));
    assert_eq!(view.names, ["worker".into()]);
    assert_eq!(view.peers.links, [parent.pid()]);
    assert_eq!(view.peers.monitored_by, [parent.pid()]);
    assert_eq!(view.last_error, Some(Error::not_found("nobody")));
    assert_eq!(view.summary.memory, 100);
    let text = child.text().to_string();
    for mentioned in ["worker", "app:worker", &text] {
        assert!(child.mentions(mentioned), "{mentioned}");
    }
    assert!(!child.mentions("somebody"));
    assert_eq!(parent.view(10).unwrap().peers.monitors, [child.pid()]);
}

#[test]
fn a_process_waits_while_it_receives() {
    let setup = Setup::new();
    let process = setup.process();
    let activity = || process.summary().unwrap().activity;
    let inbox = process.inbox();
    assert_eq!(activity(), Activity::Active);
    process.poll_receive(&[inbox]);
    assert_eq!(activity(), Activity::Waiting);
    setup.send(&process, &process, "t", "x");
    assert_eq!(activity(), Activity::Active);
    // The process waits for time alone.
    process.poll_receive(&[]);
    assert_eq!(activity(), Activity::Waiting);
    process.clear_interest();
    process.usage().set_blocked(true);
    assert_eq!(activity(), Activity::Blocked);
    setup.kernel.terminate(&process).unwrap();
    assert_eq!(activity(), Activity::Ending);
    setup.reap(&process);
    assert_eq!(process.summary(), None);
    assert_eq!(process.view(10), None);
}

#[test]
fn a_scan_meets_every_process_once() {
    let setup = Setup::new();
    let processes: Vec<_> = (0..1_000).map(|_| setup.process()).collect();
    let (ended, live) = processes.split_at(300);
    for process in ended {
        setup.end(process, nothing());
    }
    let scanned: Vec<_> = setup.kernel.scan().map(|process| process.pid()).collect();
    let expected: BTreeSet<_> = live.iter().map(|process| process.pid()).collect();
    assert_eq!(scanned.len(), live.len());
    assert_eq!(scanned.into_iter().collect::<BTreeSet<_>>(), expected);
}

#[test]
fn processes_may_come_and_go_during_a_scan() {
    let setup = Setup::new();
    let processes: Vec<_> = (0..1_000).map(|_| setup.process()).collect();
    let mut scan = setup.kernel.scan();
    assert!(scan.next().is_some());
    for process in &processes {
        setup.end(process, nothing());
        setup.process();
    }
    let mut seen = BTreeSet::new();
    assert!(scan.all(|process| seen.insert(process.pid())));
}

#[test]
fn totals_count_each_end_by_its_cause() {
    let setup = Setup::new();
    let [returns, fails, terminated, linked] = [(); 4].map(|()| setup.process());
    setup.kernel.link(&fails, &linked).unwrap();
    setup.end(&returns, nothing());
    setup.end(&fails, failure("boom"));
    setup.reap(&linked);
    setup.kernel.terminate(&terminated).unwrap();
    setup.reap(&terminated);
    assert_eq!(
        setup.kernel.totals(),
        Totals {
            spawned: 4,
            returned: 1,
            failed: 1,
            terminated: 1,
            linked: 1
        }
    );
}

#[test]
fn an_observer_reads_what_happens_in_order() {
    let setup = Setup::new();
    let before = setup.process();
    let mut observer = setup.kernel.observe(100);
    let spawned = setup.spawn(Spawn {
        parent: Some(&before),
        ..Spawn::default()
    });
    let process = spawned.unwrap().process;
    let (pid, text) = (process.pid(), Pid::from(process.text()));
    setup.kernel.register("name", &process).unwrap();
    setup.kernel.unregister("name").unwrap();
    setup.kernel.unregister("name").unwrap();
    setup.kernel.link(&before, &process).unwrap();
    setup.kernel.link(&before, &process).unwrap();
    setup.kernel.unlink(&before, pid);
    setup.kernel.unlink(&before, pid);
    setup.kernel.set_definition(&process, &"app:other".into());
    setup.end(&process, nothing());
    let linker = Pid::from(before.text());
    let expected = [
        Change::Started {
            pid: text.clone(),
            parent: Some(linker.clone()),
            definition: None,
        },
        Change::Named {
            pid: text.clone(),
            name: "name".into(),
        },
        Change::Unnamed {
            name: "name".into(),
        },
        Change::Linked {
            pid: linker.clone(),
            peer: text.clone(),
        },
        Change::Unlinked {
            pid: linker,
            peer: text.clone(),
        },
        Change::Upgraded {
            pid: text.clone(),
            definition: "app:other".into(),
        },
        Change::Ended {
            pid: text,
            outcome: Arc::new(Outcome::Returned(None)),
        },
    ];
    let seen: Vec<_> = std::iter::from_fn(|| observer.try_next()).collect();
    assert_eq!(seen, expected);
}

#[test]
fn a_slow_observer_holds_nobody_up() {
    let setup = Setup::new();
    let mut observer = setup.kernel.observe(1);
    for _ in 0..3 {
        setup.process();
    }
    assert!(matches!(observer.try_next(), Some(Change::Started { .. })));
    assert_eq!(observer.try_next(), Some(Change::Missed(2)));
    assert_eq!(observer.try_next(), None);
    // Shows only that the kernel works on.
    let process = setup.process();
    assert_eq!(process.inbox(), Subscription::INBOX);
}

#[test]
fn a_wait_that_only_others_end_is_known() {
    let setup = Setup::new();
    let process = setup.process();
    let (inbox, events) = (process.inbox(), process.events());
    assert!(!process.waits_for_others(), "it runs");
    assert!(process.poll_receive(&[inbox]).is_none());
    assert!(process.waits_for_others());
    process.usage().set_timed(true);
    assert!(!process.waits_for_others(), "it waits for a time");
    process.usage().set_timed(false);
    process.usage().set_blocked(true);
    assert!(!process.waits_for_others(), "it waits for the embedder");
    process.usage().set_blocked(false);
    process.usage().set_follows_others(true);
    assert!(
        !process.waits_for_others(),
        "another program may send to it"
    );
    process.usage().set_follows_others(false);
    assert!(!process.waits_for_events());
    assert!(process.poll_receive(&[inbox, events]).is_none());
    assert!(process.waits_for_others());
    assert!(process.waits_for_events(), "the embedder may ask it to end");
    assert!(process.poll_receive(&[]).is_none());
    assert!(process.waits_for_others());
    assert!(process.poll_receive(&[inbox]).is_none());
    setup.send(&process, &process, "t", "x");
    assert!(!process.waits_for_others(), "it was woken");
}

#[test]
fn the_callees_of_a_process_are_known_until_they_end() {
    let setup = Setup::new();
    let caller = setup.process();
    let begin = || {
        let exec = Spawn {
            parent: Some(&caller),
            exec: true,
            ..Spawn::default()
        };
        setup.spawn(exec).unwrap()
    };
    assert!(caller.callees().is_empty());
    let (first, second) = (begin(), begin());
    assert_eq!(
        caller.callees(),
        [first.process.pid(), second.process.pid()]
    );
    setup.end(&first.process, nothing());
    assert_eq!(caller.callees(), [second.process.pid()]);
    caller.abandon_exec(second.exec.unwrap());
    assert!(caller.callees().is_empty());
}

#[test]
fn messages_that_waited_and_were_never_read_are_counted() {
    let setup = Setup::new();
    let [sender, reads, unclaimed, back] = [(); 4].map(|()| setup.process());
    let inbox = reads.inbox();
    let (listener, _) = (back.listen("t").unwrap(), back.inbox());
    setup.send(&sender, &back, "u", "before");
    for _ in 0..3 {
        for to in [&reads, &unclaimed, &back] {
            setup.send(&sender, to, "t", "x");
        }
    }
    setup.end(&setup.process(), nothing());
    setup.kernel.count_unread();
    for _ in 0..2 {
        assert!(reads.try_receive(&[inbox]).is_some());
    }
    back.unlisten(listener);
    // Messages that come later do not count.
    for to in [&reads, &back, &sender] {
        setup.send(&sender, to, "t", "late");
    }
    assert!(setup.kernel.unread().is_empty());
    for process in [&unclaimed, &sender, &back, &reads] {
        setup.end(process, nothing());
    }
    let text = |process: &Arc<Process>| Arc::clone(process.text());
    assert_eq!(
        setup.kernel.unread(),
        [(text(&reads), 1), (text(&unclaimed), 3), (text(&back), 4)]
    );
    setup.kernel.count_unread();
    assert!(setup.kernel.unread().is_empty());
}

#[test]
fn a_process_that_was_asked_to_end_waits_for_others_as_before() {
    let setup = Setup::new();
    let process = setup.process();
    let (inbox, events) = (process.inbox(), process.events());
    let (now, deadline) = (moment(0), Some(moment(5)));
    let asked = setup.kernel.cancel(None, &process, deadline, true, now);
    asked.unwrap();
    assert!(!process.waits_for_others_at_end(), "it runs");
    assert!(process.poll_receive(&[inbox]).is_none());
    assert!(!process.waits_for_others(), "its deadline ends the wait");
    assert!(process.waits_for_others_at_end());
    process.usage().set_timed(true);
    assert!(
        !process.waits_for_others_at_end(),
        "it waits for another time"
    );
    process.usage().set_timed(false);
    assert!(process.poll_receive(&[inbox, events]).is_some());
    assert!(!process.waits_for_others_at_end(), "it has the CANCEL");
    assert!(process.poll_receive(&[inbox, events]).is_none());
    assert!(process.waits_for_others_at_end());
}
