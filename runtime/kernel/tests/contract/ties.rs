use warren_kernel::{HostConfig, Kind};

use crate::setup::{Setup, events, failure, message_of, nothing};

#[test]
fn monitoring_twice_is_one_exit() {
    let setup = Setup::new();
    let (watcher, target) = (setup.process(), setup.process());
    setup.kernel.monitor(&watcher, &target).unwrap();
    setup.kernel.monitor(&watcher, &target).unwrap();
    setup.end(&target, nothing());
    assert_eq!(events(&watcher), [("exit", target.text().to_string())]);
}

#[test]
fn a_process_cannot_monitor_or_link_itself() {
    let setup = Setup::new();
    let process = setup.process();
    let kernel = &setup.kernel;
    for refused in [
        kernel.monitor(&process, &process),
        kernel.link(&process, &process),
    ] {
        assert_eq!(refused.unwrap_err().kind, Kind::Invalid);
    }
    kernel.unmonitor(&process, process.pid());
    kernel.unlink(&process, process.pid());
}

#[test]
fn link_down_comes_before_exit() {
    let setup = Setup::new();
    let (watcher, target) = (setup.process(), setup.process());
    watcher.set_trap_links(true);
    setup.kernel.monitor(&watcher, &target).unwrap();
    setup.kernel.link(&target, &watcher).unwrap();
    setup.end(&target, failure("boom"));
    let from = target.text().to_string();
    assert_eq!(
        events(&watcher),
        [("link down", from.clone()), ("exit", from)]
    );
}

#[test]
fn a_normal_exit_dissolves_links_silently() {
    let setup = Setup::new();
    let (one, other) = (setup.process(), setup.process());
    setup.kernel.link(&one, &other).unwrap();
    setup.end(&other, nothing());
    assert!(!one.is_doomed());
    assert_eq!(events(&one), []);
    assert_eq!(one.counts(), Default::default());
}

#[test]
fn being_terminated_is_a_failure_for_links() {
    let setup = Setup::new();
    let (one, other) = (setup.process(), setup.process());
    setup.kernel.link(&one, &other).unwrap();
    setup.kernel.terminate(&other).unwrap();
    setup.kernel.terminate(&other).unwrap();
    setup.reap(&other);
    let doom = one.doomed_to().unwrap();
    assert_eq!(
        message_of(&doom),
        "linked process failed: process terminated"
    );
}

#[test]
fn after_unlink_and_unmonitor_nothing_of_that_peer_is_read() {
    let setup = Setup::new();
    let (watcher, target, other) = (setup.process(), setup.process(), setup.process());
    watcher.set_trap_links(true);
    for peer in [&target, &other] {
        setup.kernel.monitor(&watcher, peer).unwrap();
        setup.kernel.link(&watcher, peer).unwrap();
        setup.end(peer, failure("boom"));
    }
    setup.kernel.unmonitor(&watcher, target.pid());
    setup.kernel.unlink(&watcher, target.pid());
    let from = other.text().to_string();
    assert_eq!(
        events(&watcher),
        [("link down", from.clone()), ("exit", from)]
    );
}

#[test]
fn unlink_works_from_either_side() {
    let setup = Setup::new();
    let (one, other) = (setup.process(), setup.process());
    setup.kernel.link(&one, &other).unwrap();
    setup.kernel.unlink(&other, one.pid());
    setup.end(&other, failure("boom"));
    assert!(!one.is_doomed());
}

#[test]
fn unread_news_counts_against_the_limit() {
    let setup = Setup::with(HostConfig {
        max_monitors: 1,
        ..HostConfig::default()
    });
    let (watcher, target, next) = (setup.process(), setup.process(), setup.process());
    setup.kernel.monitor(&watcher, &target).unwrap();
    setup.end(&target, nothing());
    let refused = setup.kernel.monitor(&watcher, &next).unwrap_err();
    assert_eq!(refused.kind, Kind::RateLimited);
    assert_eq!(events(&watcher).len(), 1);
    setup.kernel.monitor(&watcher, &next).unwrap();
}

#[test]
fn links_are_limited_on_both_sides() {
    let setup = Setup::with(HostConfig {
        max_links: 1,
        ..HostConfig::default()
    });
    let (one, other, third) = (setup.process(), setup.process(), setup.process());
    setup.kernel.link(&one, &other).unwrap();
    setup.kernel.link(&other, &one).unwrap();
    for (who, target) in [(&one, &third), (&third, &one)] {
        let refused = setup.kernel.link(who, target).unwrap_err();
        assert_eq!(refused.kind, Kind::RateLimited);
    }
    assert_eq!(third.counts(), Default::default());
    setup.kernel.unlink(&one, other.pid());
    setup.kernel.link(&third, &one).unwrap();
}

#[test]
fn a_failure_falls_along_ten_thousand_links_and_stays_one_error() {
    let setup = Setup::new();
    let chain: Vec<_> = (0..10_000).map(|_| setup.process()).collect();
    for pair in chain.windows(2) {
        setup.kernel.link(&pair[0], &pair[1]).unwrap();
    }
    setup.end(&chain[0], failure("boom"));
    let first = chain[1].doomed_to().unwrap();
    assert_eq!(message_of(&first), "linked process failed: boom");
    for process in &chain[1..] {
        let doom = process.doomed_to().unwrap();
        assert!(std::sync::Arc::ptr_eq(&doom, &first));
        setup.reap(process);
    }
    setup.assert_empty();
}

#[test]
fn a_trapping_process_stops_the_fall() {
    let setup = Setup::new();
    let (one, trapping, beyond) = (setup.process(), setup.process(), setup.process());
    trapping.set_trap_links(true);
    setup.kernel.link(&one, &trapping).unwrap();
    setup.kernel.link(&trapping, &beyond).unwrap();
    setup.end(&one, failure("boom"));
    assert!(!trapping.is_doomed());
    assert!(!beyond.is_doomed());
    assert_eq!(events(&trapping), [("link down", one.text().to_string())]);
}
