//! Many threads at once. The interleaving differs from run to run; the result
//! may not.

#![allow(clippy::unwrap_used, reason = "this is test code")]

mod setup;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::task::{Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use warren_kernel::{
    Delivery, HostConfig, Kind, Process, QueueLimits, Relation, Spawn, Subscription,
};

use setup::{Setup, events, failure, moment, nothing};

/// Far longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// Wakes the thread that drives a process.
struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Blocks this thread in a receive, as a task would be.
fn receive(process: &Process, wanted: &[Subscription]) -> Delivery {
    process.set_waker(&Waker::from(Arc::new(Unpark(thread::current()))));
    let begin = Instant::now();
    loop {
        if let Some((_, delivery)) = process.poll_receive(wanted) {
            return delivery;
        }
        assert!(begin.elapsed() < PATIENCE, "nothing woke {process:?}");
        thread::park_timeout(PATIENCE);
    }
}

/// Every receiver gets every message of every sender, each sender's in order,
/// although it listens, unlistens and upgrades in between.
#[test]
fn messages_of_one_sender_stay_in_order_and_none_is_lost() {
    const SENDERS: u64 = 4;
    const MESSAGES: u64 = 2_000;
    let setup = Setup::with(HostConfig {
        queue: QueueLimits {
            messages: 100,
            bytes: 1 << 20,
        },
        ..HostConfig::default()
    });
    let receiver = setup.process();
    thread::scope(|scope| {
        for _ in 0..SENDERS {
            scope.spawn(|| {
                let sender = setup.process();
                for number in 0..MESSAGES {
                    let topic = if number % 3 == 0 { "t" } else { "u" };
                    let payload = number.to_le_bytes();
                    while let Err(error) =
                        setup.kernel.send(Some(&sender), &receiver, topic, &payload)
                    {
                        // The queue is full: its reader catches up.
                        assert_eq!(error.kind, Kind::RateLimited);
                        thread::yield_now();
                    }
                }
                setup.end(&sender, nothing());
            });
        }
        scope.spawn(|| {
            let mut next: HashMap<String, u64> = HashMap::new();
            for round in 0..SENDERS * MESSAGES {
                // The order across two queues is shown elsewhere: here all
                // messages go through the inbox in the end.
                if round % 7 == 0 {
                    let listened = receiver.listen("t").unwrap();
                    receiver.unlisten(listened);
                }
                if round % 11 == 0 {
                    receiver.begin_upgrade();
                }
                let inbox = receiver.inbox();
                let Delivery::Message(message) = receive(&receiver, &[inbox]) else {
                    panic!("an inbox has messages only");
                };
                let number = u64::from_le_bytes(message.payload().try_into().unwrap());
                let next = next
                    .entry(message.sender().unwrap().to_owned())
                    .or_default();
                assert_eq!(number, *next);
                *next += 1;
            }
        });
    });
    assert_eq!(receiver.depth(), Default::default());
    setup.end(&receiver, nothing());
    setup.assert_empty();
}

/// A monitor and a link set while the target exits: refused, or one event.
#[test]
fn a_tie_that_races_with_the_exit_is_refused_or_told_exactly_once() {
    const ROUNDS: usize = 3_000;
    let setup = Setup::new();
    for _ in 0..ROUNDS {
        let (watcher, target) = (setup.process(), setup.process());
        watcher.set_trap_links(true);
        let start = Barrier::new(2);
        let (monitored, linked) = thread::scope(|scope| {
            let ties = scope.spawn(|| {
                start.wait();
                let monitored = setup.kernel.monitor(&watcher, &target).is_ok();
                let linked = setup.kernel.link(&watcher, &target).is_ok();
                // Again, in the other direction, without an effect.
                let _ = setup.kernel.link(&target, &watcher);
                let _ = setup.kernel.monitor(&watcher, &target);
                (monitored, linked)
            });
            start.wait();
            setup.end(&target, failure("boom"));
            ties.join().unwrap()
        });
        let told = events(&watcher);
        let count = |wanted| told.iter().filter(|(kind, _)| *kind == wanted).count();
        assert_eq!(count("exit"), usize::from(monitored));
        assert_eq!(count("link down"), usize::from(linked));
        assert_eq!(watcher.counts(), Default::default());
        setup.end(&watcher, nothing());
    }
    setup.assert_empty();
}

/// Both ends link and unlink at once: in the end both see a link, or neither.
#[test]
fn a_link_is_never_half() {
    const ROUNDS: usize = 300;
    let setup = Setup::new();
    for _ in 0..ROUNDS {
        let (one, other) = (setup.process(), setup.process());
        let start = Barrier::new(2);
        let toggle = |who: &Process, whom: &Process| {
            start.wait();
            for _ in 0..50 {
                setup.kernel.link(who, whom).unwrap();
                setup.kernel.unlink(who, whom.pid());
            }
            setup.kernel.link(who, whom).unwrap();
            setup.kernel.unlink(who, whom.pid());
            setup.kernel.link(who, whom).unwrap();
        };
        thread::scope(|scope| {
            scope.spawn(|| toggle(&one, &other));
            scope.spawn(|| {
                toggle(&other, &one);
                setup.kernel.unlink(&other, one.pid());
            });
        });
        let linked = one.counts().links == 1;
        assert_eq!(one.counts(), other.counts());
        setup.end(&one, failure("boom"));
        assert_eq!(other.is_doomed(), linked);
        setup.end(&other, nothing());
    }
    setup.assert_empty();
}

/// One of several processes that claim a name at once gets it; the rest are
/// told the holder.
#[test]
fn one_claim_of_a_name_wins() {
    const ROUNDS: usize = 500;
    const CLAIMANTS: usize = 4;
    let setup = Setup::new();
    let start = Barrier::new(CLAIMANTS);
    let winners = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..CLAIMANTS {
            scope.spawn(|| {
                for _ in 0..ROUNDS {
                    start.wait();
                    let spawned = setup.spawn(Spawn {
                        name: Some("leader"),
                        ..Spawn::default()
                    });
                    start.wait();
                    let holder = setup.kernel.lookup("leader").unwrap();
                    start.wait();
                    match spawned {
                        Ok(spawned) => {
                            assert!(Arc::ptr_eq(&spawned.process, &holder));
                            winners.fetch_add(1, Ordering::Relaxed);
                            setup.end(&spawned.process, nothing());
                        }
                        Err(error) => {
                            assert_eq!(error.kind, Kind::AlreadyExists);
                            assert_eq!(setup::detail(&error, "pid"), **holder.text());
                        }
                    }
                }
            });
        }
    });
    assert_eq!(winners.load(Ordering::Relaxed), ROUNDS);
    setup.assert_empty();
}

/// A process woken by an EXIT can have the room and the name at once.
#[test]
fn place_and_name_are_free_for_the_woken_watcher() {
    const ROUNDS: usize = 1_000;
    let setup = Setup::with(HostConfig {
        max_processes: 2,
        ..HostConfig::default()
    });
    let watcher = setup.process();
    let events = watcher.events();
    for _ in 0..ROUNDS {
        let child = setup.spawn(Spawn {
            parent: Some(&watcher),
            relation: Relation {
                monitored: true,
                ..Relation::default()
            },
            name: Some("worker"),
            ..Spawn::default()
        });
        let child = child.unwrap().process;
        thread::scope(|scope| {
            scope.spawn(|| setup.end(&child, nothing()));
            let Delivery::Event(_) = receive(&watcher, &[events]) else {
                panic!("events only");
            };
            assert!(setup.host.reserve().is_ok());
            setup.kernel.register("worker", &watcher).unwrap();
            setup.kernel.unregister("worker").unwrap();
        });
    }
    setup.end(&watcher, nothing());
    setup.assert_empty();
}

/// Random ties among processes that all fail, from several threads: every
/// process falls or ends, nothing is left.
#[test]
fn everything_falls_and_nothing_is_left() {
    const THREADS: usize = 4;
    const PROCESSES: usize = 400;
    let setup = Setup::new();
    let all: Vec<_> = (0..PROCESSES).map(|_| setup.process()).collect();
    let start = Barrier::new(THREADS);
    thread::scope(|scope| {
        for worker in 0..THREADS {
            let (setup, all, start) = (&setup, &all, &start);
            scope.spawn(move || {
                let mine = || all.iter().skip(worker).step_by(THREADS);
                start.wait();
                for (index, who) in mine().enumerate() {
                    for stride in [1, 7, 31] {
                        let peer = &all[(index * THREADS + worker + stride) % PROCESSES];
                        let _ = setup.kernel.link(who, peer);
                        let _ = setup.kernel.monitor(who, peer);
                        let _ = setup.kernel.send(Some(who), peer, "t", b"x");
                        if index % 5 == 0 {
                            setup.kernel.unlink(who, peer.pid());
                        }
                    }
                    if index % 9 == 0 {
                        setup.end(who, failure("boom"));
                    }
                }
                for who in mine().filter(|who| !who.has_exited()) {
                    setup.kernel.exit(who, failure("end")).finish(moment(1));
                }
            });
        }
    });
    for process in &all {
        assert_eq!(process.counts(), Default::default());
        assert_eq!(process.depth(), Default::default());
        assert_eq!(Arc::strong_count(process), 1);
    }
    setup.assert_empty();
}
