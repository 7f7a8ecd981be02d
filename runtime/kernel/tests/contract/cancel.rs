use warren_kernel::{Delivery, Event, Kind, MAX_REASON_BYTES, Monotonic, Subscription, Timestamp};

use crate::setup::{Setup, moment};

#[test]
fn one_cancel_waits_with_the_earliest_deadline() {
    let setup = Setup::new();
    let (first, second, target) = (setup.process(), setup.process(), setup.process());
    let cancel = |from: &std::sync::Arc<_>, deadline: Option<u64>, at| {
        let deadline = deadline.map(moment);
        let asked = setup
            .kernel
            .cancel(Some(from), &target, deadline, false, moment(at));
        asked.unwrap();
    };
    cancel(&first, Some(90), 1);
    cancel(&second, Some(50), 2);
    cancel(&first, None, 3);
    target.events();
    let (_, delivery) = target.try_receive(&[Subscription::EVENTS]).unwrap();
    let Delivery::Event(Event::Cancel {
        from, at, deadline, ..
    }) = delivery
    else {
        panic!("it was cancelled");
    };
    assert_eq!(from.unwrap(), **second.text());
    assert_eq!((at, deadline), (Timestamp(2), Some(Timestamp(50))));
    assert!(target.try_receive(&[Subscription::EVENTS]).is_none());
}

#[test]
fn only_an_enforced_deadline_is_kept_and_it_outlives_canceller_and_upgrade() {
    let setup = Setup::new();
    let (canceller, target) = (setup.process(), setup.process());
    let cancel = |deadline, enforce| {
        let deadline = Some(moment(deadline));
        let asked = setup
            .kernel
            .cancel(Some(&canceller), &target, deadline, enforce, moment(0));
        asked.unwrap();
    };
    cancel(10, false);
    assert_eq!(target.cancel_deadline(), None);
    cancel(40, true);
    cancel(60, true);
    setup.end(&canceller, crate::setup::nothing());
    target.begin_upgrade();
    assert_eq!(target.cancel_deadline(), Some(Monotonic(40)));
}

#[test]
fn a_cancel_tells_its_reason_and_a_long_one_is_refused() {
    let setup = Setup::new();
    let target = setup.process();
    let cancel = |reason: &str| {
        let kernel = &setup.kernel;
        kernel.cancel_because(None, &target, (None, false), Some(reason), moment(0))
    };
    let before = target.footprint();
    let long = cancel(&"x".repeat(MAX_REASON_BYTES + 1)).unwrap_err();
    assert_eq!(long.kind, Kind::Invalid);
    assert_eq!(target.depth().events, 0);
    cancel(&"x".repeat(MAX_REASON_BYTES)).unwrap();
    let held = target.footprint() - before;
    assert!(held >= MAX_REASON_BYTES as u64, "{held}");
    let (_, delivery) = target.try_receive(&[target.events()]).unwrap();
    let Delivery::Event(Event::Cancel { reason, .. }) = delivery else {
        panic!("a cancel");
    };
    assert_eq!(reason.map(|reason| reason.len()), Some(MAX_REASON_BYTES));
    assert_eq!(target.footprint(), before);
}
