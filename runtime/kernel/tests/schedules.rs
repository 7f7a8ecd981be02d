//! Races, each run under thousands of schedules that a randomized scheduler
//! draws; a failing schedule is printed and can be replayed. Built only with
//! shuttle's locks in place of the operating system's:
//!
//! ```text
//! RUSTFLAGS="--cfg shuttle" cargo test -p warren-kernel --test schedules --target-dir target/shuttle
//! ```

#![cfg(shuttle)]
#![allow(clippy::unwrap_used, reason = "this is test code")]

mod setup;

use std::task::{Wake, Waker};

use shuttle::sync::Arc;
use shuttle::thread;
use warren_kernel::{Delivery, HostConfig, Kind, Outcome, Process, Relation, Spawn, Subscription};

use setup::{Setup, events, failure, message_of, moment, nothing};

/// Runs a race under random schedules: half are uniform, half favour few,
/// well-placed switches.
fn check(race: fn()) {
    shuttle::check_random(race, 5_000);
    shuttle::check_pct(race, 5_000, 3);
}

#[test]
fn a_monitor_against_the_exit() {
    check(|| {
        let setup = Arc::new(Setup::new());
        let (watcher, target) = (setup.process(), setup.process());
        let exit = {
            let (setup, target) = (Arc::clone(&setup), Arc::clone(&target));
            thread::spawn(move || setup.end(&target, nothing()))
        };
        let first = setup.kernel.monitor(&watcher, &target).is_ok();
        setup.kernel.unmonitor(&watcher, target.pid());
        let told_before = events(&watcher).len();
        let second = setup.kernel.monitor(&watcher, &target).is_ok();
        exit.join().unwrap();
        assert!(first || !second);
        assert_eq!(told_before, 0);
        assert_eq!(events(&watcher).len(), usize::from(second));
        assert_eq!(watcher.counts(), Default::default());
    });
}

#[test]
fn a_link_from_both_ends_against_the_failure_of_one() {
    check(|| {
        let setup = Arc::new(Setup::new());
        let (one, other) = (setup.process(), setup.process());
        one.set_trap_links(true);
        let ends = {
            let (setup, one, other) = (Arc::clone(&setup), Arc::clone(&one), Arc::clone(&other));
            thread::spawn(move || {
                let linked = setup.kernel.link(&other, &one).is_ok();
                setup.end(&other, failure("boom"));
                linked
            })
        };
        // Linked, or refused because the other has ended meanwhile.
        let _ = setup.kernel.link(&one, &other);
        assert!(ends.join().unwrap(), "neither had ended then");
        assert_eq!(events(&one).len(), 1);
        assert_eq!(one.counts(), Default::default());
    });
}

#[test]
fn linking_against_unlinking_leaves_no_half_link() {
    check(|| {
        let setup = Arc::new(Setup::new());
        let (one, other) = (setup.process(), setup.process());
        setup.kernel.link(&one, &other).unwrap();
        let toggles = {
            let (setup, one, other) = (Arc::clone(&setup), Arc::clone(&one), Arc::clone(&other));
            thread::spawn(move || {
                setup.kernel.unlink(&other, one.pid());
                setup.kernel.link(&other, &one).unwrap();
            })
        };
        setup.kernel.link(&one, &other).unwrap();
        setup.kernel.unlink(&one, other.pid());
        toggles.join().unwrap();
        let linked = one.counts().links == 1;
        assert_eq!(one.counts(), other.counts());
        setup.end(&one, failure("boom"));
        assert_eq!(other.is_doomed(), linked);
    });
}

#[test]
fn two_failures_at_once_along_a_chain() {
    check(|| {
        let setup = Arc::new(Setup::new());
        let chain = [setup.process(), setup.process(), setup.process()];
        setup.kernel.link(&chain[0], &chain[1]).unwrap();
        setup.kernel.link(&chain[1], &chain[2]).unwrap();
        setup.kernel.monitor(&chain[1], &chain[2]).unwrap();
        let fails = {
            let (setup, last) = (Arc::clone(&setup), Arc::clone(&chain[2]));
            thread::spawn(move || setup.end(&last, failure("last")))
        };
        setup.end(&chain[0], failure("first"));
        fails.join().unwrap();
        let doom = chain[1].doomed_to().unwrap();
        assert!(message_of(&doom).starts_with("linked process failed: "));
        assert_eq!(events(&chain[1]).len(), 1);
        setup.reap(&chain[1]);
        setup.assert_empty();
    });
}

#[test]
fn a_spawn_against_the_end_of_its_parent() {
    check(|| {
        let setup = Arc::new(Setup::new());
        let parent = setup.process();
        let ends = {
            let (setup, parent) = (Arc::clone(&setup), Arc::clone(&parent));
            thread::spawn(move || setup.end(&parent, failure("boom")))
        };
        let linked = setup.spawn(Spawn {
            parent: Some(&parent),
            relation: Relation {
                linked: true,
                ..Relation::default()
            },
            name: Some("child"),
            ..Spawn::default()
        });
        let callee = setup.spawn(Spawn {
            parent: Some(&parent),
            exec: true,
            ..Spawn::default()
        });
        ends.join().unwrap();
        for spawned in [linked, callee] {
            match spawned {
                Ok(spawned) => setup.reap(&spawned.process),
                Err(error) => assert_eq!(error.kind, Kind::NotFound),
            }
        }
        setup.assert_empty();
    });
}

#[test]
fn an_exec_against_the_upgrade_of_its_caller() {
    check(|| {
        let setup = Arc::new(Setup::new());
        let caller = setup.process();
        let spawned = setup.spawn(Spawn {
            parent: Some(&caller),
            exec: true,
            ..Spawn::default()
        });
        let spawned = spawned.unwrap();
        let ends = {
            let (setup, callee) = (Arc::clone(&setup), Arc::clone(&spawned.process));
            thread::spawn(move || setup.end(&callee, Outcome::Returned(None)))
        };
        caller.begin_upgrade();
        ends.join().unwrap();
        assert!(caller.try_receive(&[spawned.exec.unwrap()]).is_none());
        assert_eq!(caller.counts(), Default::default());
    });
}

#[test]
fn a_name_against_the_end_of_its_holder() {
    check(|| {
        let setup = Arc::new(Setup::new());
        let (holder, other) = (setup.process(), setup.process());
        setup.kernel.register("one", &holder).unwrap();
        let ends = {
            let (setup, holder) = (Arc::clone(&setup), Arc::clone(&holder));
            thread::spawn(move || {
                let exiting = setup.kernel.exit(&holder, nothing());
                // From here on both names are free, or the other process's.
                let held = |name| {
                    setup
                        .kernel
                        .lookup(name)
                        .is_ok_and(|p| p.pid() == holder.pid())
                };
                assert!(!held("one") && !held("two"));
                exiting.finish(moment(1));
            })
        };
        let _ = setup.kernel.register("two", &holder);
        let _ = setup.kernel.register("one", &other);
        let _ = setup.kernel.unregister("two");
        ends.join().unwrap();
        setup.kernel.register("one", &other).unwrap();
        setup.end(&other, nothing());
        setup.assert_empty();
    });
}

#[test]
fn a_spawn_against_the_removal_of_its_host() {
    check(|| {
        let setup = Arc::new(Setup::new());
        let removes = {
            let setup = Arc::clone(&setup);
            thread::spawn(move || {
                let removed = setup.kernel.put_hosts(&[], &["app:processes"]);
                assert!(removed[0].is_removed());
                // All that there are, for whoever ends them.
                for process in setup.kernel.processes() {
                    let _ = setup.kernel.terminate(&process);
                }
            })
        };
        let spawned = setup.spawn(Spawn::default());
        removes.join().unwrap();
        match spawned {
            Ok(spawned) => setup.reap(&spawned.process),
            Err(error) => assert_eq!(error.kind, Kind::NotFound),
        }
        setup.assert_empty();
    });
}

/// Wakes a thread of shuttle's scheduler.
struct Unpark(thread::Thread);

impl Wake for Unpark {
    fn wake(self: std::sync::Arc<Self>) {
        self.0.unpark();
    }
}

/// Blocks in a receive; a lost wake is a deadlock, which shuttle reports.
fn receive(process: &Process, wanted: &[Subscription]) -> Delivery {
    process.set_waker(&Waker::from(std::sync::Arc::new(Unpark(thread::current()))));
    loop {
        if let Some((_, delivery)) = process.poll_receive(wanted) {
            return delivery;
        }
        thread::park();
    }
}

#[test]
fn no_wake_is_lost_and_place_and_name_are_free_for_who_is_told() {
    check(|| {
        let setup = Arc::new(Setup::with(HostConfig {
            max_processes: 2,
            ..HostConfig::default()
        }));
        let (watcher, target) = (setup.process(), setup.process());
        setup.kernel.monitor(&watcher, &target).unwrap();
        setup.kernel.register("name", &target).unwrap();
        let ends = {
            let (setup, target, watcher) = (
                Arc::clone(&setup),
                Arc::clone(&target),
                Arc::clone(&watcher),
            );
            thread::spawn(move || {
                setup.send(&target, &watcher, "t", "last words");
                setup.end(&target, nothing());
            })
        };
        let (topic, all) = (watcher.listen("t").unwrap(), watcher.events());
        let Delivery::Event(_) = receive(&watcher, &[all]) else {
            panic!("events only");
        };
        assert!(setup.host.reserve().is_ok());
        setup.kernel.register("name", &watcher).unwrap();
        assert!(watcher.try_receive(&[topic]).is_some());
        ends.join().unwrap();
    });
}
