use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Wake, Waker};

use warren_kernel::{Delivery, Event, Host, HostConfig, Kind, Outcome, Spawn, Subscription};

use crate::setup::{Setup, events, failure, message_of, moment, nothing};

#[test]
fn name_and_place_are_free_before_anyone_is_told() {
    let setup = Setup::with(HostConfig {
        max_processes: 2,
        ..HostConfig::default()
    });
    let (watcher, target) = (setup.process(), setup.process());
    setup.kernel.monitor(&watcher, &target).unwrap();
    setup.kernel.register("name", &target).unwrap();
    let exiting = setup.kernel.exit(&target, nothing());
    assert_eq!(setup.kernel.name_count(), 0);
    assert_eq!(setup.host.reserve().unwrap_err().kind, Kind::RateLimited);
    assert_eq!(events(&watcher), []);
    exiting.finish(moment(7));
    setup.kernel.register("name", &watcher).unwrap();
    assert!(setup.host.reserve().is_ok());
    let (_, delivery) = watcher.try_receive(&[Subscription::EVENTS]).unwrap();
    let Delivery::Event(Event::Exit { at, .. }) = delivery else {
        panic!("it exited");
    };
    assert_eq!(at, moment(7).wall);
}

#[test]
fn the_place_is_free_when_a_watcher_is_woken() {
    /// A waker that counts the places taken when it is woken.
    struct Census(Arc<Host>, AtomicUsize);
    impl Wake for Census {
        fn wake(self: Arc<Self>) {
            self.1.store(self.0.live(), Ordering::Relaxed);
        }
    }
    let setup = Setup::new();
    let (watcher, target) = (setup.process(), setup.process());
    setup.kernel.monitor(&watcher, &target).unwrap();
    let census = Arc::new(Census(Arc::clone(&setup.host), AtomicUsize::new(0)));
    watcher.set_waker(&Waker::from(Arc::clone(&census)));
    let events = watcher.events();
    assert!(watcher.poll_receive(&[events]).is_none());
    setup.end(&target, nothing());
    assert_eq!(census.1.load(Ordering::Relaxed), 1);
}

#[test]
fn the_first_decision_is_the_outcome() {
    let setup = Setup::new();
    let (peer, process) = (setup.process(), setup.process());
    setup.kernel.link(&peer, &process).unwrap();
    setup.end(&peer, failure("first"));
    setup.kernel.terminate(&process).unwrap();
    let exiting = setup.kernel.exit(&process, nothing());
    let outcome = exiting
        .outcome()
        .map(|outcome| message_of(outcome).to_owned());
    assert_eq!(outcome.as_deref(), Some("linked process failed: first"));
    exiting.finish(moment(0));
}

#[test]
fn a_result_over_max_message_is_an_error() {
    let setup = Setup::with(HostConfig {
        max_message: 4,
        ..HostConfig::default()
    });
    let result: Arc<[u8]> = Arc::from([0; 5]);
    let exiting = setup
        .kernel
        .exit(&setup.process(), Outcome::Returned(Some(result)));
    assert_eq!(
        exiting.outcome().map(|outcome| message_of(outcome)),
        Some("result too large")
    );
    exiting.finish(moment(0));
}

#[test]
fn when_an_exit_can_be_read_so_can_every_earlier_message() {
    let setup = Setup::new();
    let (watcher, target) = (setup.process(), setup.process());
    setup.kernel.monitor(&watcher, &target).unwrap();
    setup.send(&target, &watcher, "t", "last words");
    setup.end(&target, nothing());
    assert_eq!(events(&watcher).len(), 1);
    assert_eq!(watcher.depth().messages, 1);
}

#[test]
fn an_exited_process_leaves_no_trace_in_its_peers() {
    let setup = Setup::new();
    let hub = setup.process();
    for _ in 0..1000 {
        let peer = setup.process();
        setup.kernel.monitor(&peer, &hub).unwrap();
        setup.kernel.link(&peer, &hub).unwrap();
        setup.end(&peer, nothing());
    }
    assert_eq!(hub.counts(), Default::default());
    setup.end(&hub, nothing());
    setup.assert_empty();
}

#[test]
fn the_callees_of_an_exited_process_are_terminated() {
    let setup = Setup::new();
    let caller = setup.process();
    let spawned = setup.spawn(Spawn {
        parent: Some(&caller),
        exec: true,
        ..Spawn::default()
    });
    let callee = spawned.unwrap().process;
    setup.end(&caller, nothing());
    assert_eq!(
        message_of(&callee.doomed_to().unwrap()),
        "process terminated"
    );
    setup.reap(&callee);
    setup.assert_empty();
}
