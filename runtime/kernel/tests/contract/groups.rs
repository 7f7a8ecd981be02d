use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Wake, Waker};

use warren_kernel::{Delivery, Host, Kernel, Kind, Process, Subscription, Watched};

use crate::setup::{Setup, nothing, payloads};

fn members(setup: &Setup, group: &str) -> Vec<String> {
    let members = setup.kernel.group_members(group, None, 100).unwrap();
    members
        .iter()
        .map(|member| member.text().to_string())
        .collect()
}

/// Monitors a group, and returns the feed.
fn monitor(setup: &Setup, group: &str, process: &Arc<Process>) -> Subscription {
    let watched = Watched::One(group);
    let feed = setup.kernel.monitor_groups(watched, process, 0).unwrap();
    let part = setup
        .kernel
        .read_group_monitor(watched, process.pid(), feed, 100);
    assert!(!part.has_more);
    feed
}

/// Takes the items of a feed. Returns the number of those about each kind.
fn told(process: &Process, feed: Subscription) -> (usize, usize) {
    let items = payloads(process, feed);
    let of = |kind: &str| items.iter().filter(|item| item.contains(kind)).count();
    assert_eq!(of("member.joined") + of("member.left"), items.len());
    (of("member.joined"), of("member.left"))
}

#[test]
fn a_process_leaves_as_often_as_it_joined() {
    let setup = Setup::new();
    let (watcher, process) = (setup.process(), setup.process());
    let feed = monitor(&setup, "g", &watcher);
    for _ in 0..3 {
        setup.kernel.join_group("g", &process).unwrap();
    }
    assert_eq!(members(&setup, "g"), [&**process.text()]);
    for _ in 0..2 {
        assert_eq!(setup.kernel.leave_group("g", &process), Ok(true));
    }
    assert_eq!(told(&watcher, feed), (1, 0));
    assert_eq!(setup.kernel.leave_group("g", &process), Ok(true));
    assert_eq!(setup.kernel.leave_group("g", &process), Ok(false));
    assert_eq!(told(&watcher, feed), (0, 1));
    assert!(members(&setup, "g").is_empty());
}

#[test]
fn the_end_of_a_process_is_one_leave_of_each_group() {
    let setup = Setup::new();
    let (watcher, process) = (setup.process(), setup.process());
    let feeds = ["a", "b"].map(|group| monitor(&setup, group, &watcher));
    for group in ["a", "a", "b"] {
        setup.kernel.join_group(group, &process).unwrap();
    }
    setup.end(&process, nothing());
    for feed in feeds {
        assert_eq!(told(&watcher, feed), (1, 1));
    }
    let refused = setup.kernel.join_group("a", &process).unwrap_err();
    assert_eq!(refused.kind, Kind::NotFound);
    for feed in feeds {
        watcher.unlisten(feed);
    }
    for group in ["a", "b"] {
        let kernel = &setup.kernel;
        for feed in feeds {
            kernel.unmonitor_groups(Watched::One(group), watcher.pid(), feed);
        }
    }
    setup.end(&watcher, nothing());
    setup.assert_empty();
}

#[test]
fn an_upgrade_keeps_memberships() {
    let setup = Setup::new();
    let process = setup.process();
    setup.kernel.join_group("g", &process).unwrap();
    process.begin_upgrade();
    assert_eq!(members(&setup, "g"), [&**process.text()]);
    assert_eq!(process.counts().groups, 1);
}

/// A waker that looks at the places taken in the host and at the members of a group.
struct Census(Arc<Kernel>, Arc<Host>, Mutex<Vec<(usize, usize)>>);

impl Wake for Census {
    fn wake(self: Arc<Self>) {
        let members = self.0.group_members("g", None, 100).unwrap().len();
        self.2.lock().unwrap().push((self.1.live(), members));
    }
}

#[test]
fn a_member_is_gone_and_its_place_free_when_anyone_is_told_of_its_end() {
    let setup = Setup::new();
    let census = || {
        let (kernel, host) = (Arc::clone(&setup.kernel), Arc::clone(&setup.host));
        Arc::new(Census(kernel, host, Mutex::default()))
    };
    let (of_group, of_process) = (census(), census());
    let (watcher, other, target) = (setup.process(), setup.process(), setup.process());
    setup.kernel.join_group("g", &target).unwrap();
    let feed = monitor(&setup, "g", &watcher);
    watcher.set_waker(&Waker::from(Arc::clone(&of_group)));
    assert!(watcher.poll_receive(&[feed]).is_none());
    setup.kernel.monitor(&other, &target).unwrap();
    other.set_waker(&Waker::from(Arc::clone(&of_process)));
    assert!(other.poll_receive(&[other.events()]).is_none());
    setup.end(&target, nothing());
    for census in [of_group, of_process] {
        assert_eq!(*census.2.lock().unwrap(), [(2, 0)]);
    }
}

#[test]
fn membership_counts_in_the_memory_of_the_process() {
    let setup = Setup::new();
    let process = setup.process();
    let before = process.footprint();
    setup
        .kernel
        .join_group(&"x".repeat(1000), &process)
        .unwrap();
    let joined = process.footprint() - before;
    assert!((1000..2000).contains(&joined), "{joined}");
    setup
        .kernel
        .leave_group(&"x".repeat(1000), &process)
        .unwrap();
    assert_eq!(process.footprint(), before);
}

#[test]
fn a_message_and_news_wake_a_member_and_a_monitor_once() {
    struct Count(AtomicUsize);
    impl Wake for Count {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }
    let setup = Setup::new();
    let (watcher, process) = (setup.process(), setup.process());
    let feed = monitor(&setup, "g", &watcher);
    let count = Arc::new(Count(AtomicUsize::new(0)));
    watcher.set_waker(&Waker::from(Arc::clone(&count)));
    assert!(watcher.poll_receive(&[feed]).is_none());
    setup.kernel.join_group("g", &process).unwrap();
    setup.kernel.leave_group("g", &process).unwrap();
    assert_eq!(count.0.load(Ordering::Relaxed), 1);
    let (_, delivery) = watcher.try_receive(&[feed]).unwrap();
    let Delivery::Message(item) = delivery else {
        panic!("an item");
    };
    assert_eq!(item.topic(), "@groups");
}
