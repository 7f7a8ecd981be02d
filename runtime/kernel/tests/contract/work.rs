//! Work of the embedder, whose outcome a process waits for.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use warren_kernel::{Delivery, HostConfig, Kind, Outcome, Work};

use crate::setup::{Setup, nothing};

#[derive(Debug, Default)]
struct Digging(AtomicBool);

impl Work for Digging {
    fn stop(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn weak(work: &Arc<Digging>) -> Weak<dyn Work> {
    let work: Weak<Digging> = Arc::downgrade(work);
    work
}

fn is_stopped(work: &Digging) -> bool {
    work.0.load(Ordering::Relaxed)
}

#[test]
fn an_outcome_is_received_once_and_charged_until_then() {
    let setup = Setup::new();
    let process = setup.process();
    let idle = process.footprint();
    let work = Arc::new(Digging::default());
    let begun = process.begin_work(weak(&work), 1_000).unwrap();
    process.grow_work(begun, 500).unwrap();
    assert!(process.footprint() >= idle + 1_500);
    assert!(process.try_receive(&[begun]).is_none());
    let outcome = Arc::new(Outcome::Returned(None));
    process.finish_work(begun, &outcome);
    process.finish_work(begun, &outcome);
    match process.try_receive(&[begun]) {
        Some((subscription, Delivery::Exec(received))) => {
            assert_eq!((subscription, received), (begun, outcome));
        }
        other => panic!("no outcome: {other:?}"),
    }
    assert!(process.try_receive(&[begun]).is_none());
    assert_eq!(process.footprint(), idle);
    assert!(!is_stopped(&work));
}

#[test]
fn only_work_wakes_a_process_from_outside() {
    let setup = Setup::new();
    let process = setup.process();
    let (work, watch) = (Arc::new(Digging::default()), Arc::new(Digging::default()));
    let watched = process.begin_watch(weak(&watch)).unwrap();
    assert!(process.poll_receive(&[watched]).is_none());
    assert!(process.waits_for_others(), "a watch is told by a process");
    let begun = process.begin_work(weak(&work), 0).unwrap();
    assert!(!process.waits_for_others());
    process.abandon_exec(begun);
    assert!(process.waits_for_others());
    process.finish_work(watched, &Arc::new(Outcome::Returned(None)));
    assert!(process.try_receive(&[watched]).is_some());
    let watched = process.begin_watch(weak(&watch)).unwrap();
    process.abandon_exec(watched);
    assert!(is_stopped(&watch));
}

#[test]
fn work_is_stopped_when_nobody_waits_for_it() {
    let setup = Setup::new();
    let process = setup.process();
    let works: Vec<_> = (0..3).map(|_| Arc::new(Digging::default())).collect();
    let begin = |work: &Arc<Digging>| process.begin_work(weak(work), 0).unwrap();
    let first = begin(&works[0]);
    process.abandon_exec(first);
    assert!(is_stopped(&works[0]));
    begin(&works[1]);
    process.begin_upgrade();
    assert!(is_stopped(&works[1]));
    let last = begin(&works[2]);
    setup.end(&process, nothing());
    assert!(is_stopped(&works[2]));
    process.finish_work(last, &Arc::new(Outcome::Returned(None)));
    let late = process.begin_work(weak(&works[0]), 0).unwrap_err();
    assert_eq!(late.kind, Kind::NotFound);
}

#[test]
fn work_counts_as_an_exec() {
    let setup = Setup::with(HostConfig {
        max_execs: 1,
        ..HostConfig::default()
    });
    let process = setup.process();
    let work = Arc::new(Digging::default());
    process.begin_work(weak(&work), 0).unwrap();
    let refused = process.begin_work(weak(&work), 0).unwrap_err();
    assert_eq!(refused.kind, Kind::RateLimited);
    assert!(refused.message.contains("max_execs = 1"), "{refused}");
}
