//! Subscriptions of processes without guests.

use std::time::Instant;

use warren_kernel::{Delivery, Error, HostConfig, Kernel, Kind, QueueLimits, Subscription};
use warren_tests::growth;
use warren_values::Value;

use super::Events;
use crate::test::{Tester, of};
use warren_engine::capability::{Caller, Capability};
use warren_engine::remote::FarEvent;

fn integer(value: &Value) -> i64 {
    match value {
        Value::Integer(number) => *number,
        other => panic!("no integer: {other:?}"),
    }
}

fn subscribe(
    events: &Events,
    tester: &mut Tester,
    system: &str,
    kind: &str,
) -> Result<Subscription, Error> {
    let number = tester.call(events, "subscribe", &[of(system), of(kind)])?;
    Ok(Subscription(u32::try_from(integer(&number)).unwrap()))
}

fn send(
    events: &Events,
    tester: &mut Tester,
    [system, kind, path]: [&str; 3],
) -> Result<Value, Error> {
    tester.call(
        events,
        "send",
        &[of(system), of(kind), of(path), Value::from(7)],
    )
}

/// The paths of the events that wait in a subscription, and those missed before each.
fn read(tester: &Tester, subscription: Subscription) -> Vec<(String, i64)> {
    let items = std::iter::from_fn(|| tester.process().try_receive(&[subscription]));
    items
        .map(|(_, delivery)| {
            let Delivery::Message(message) = delivery else {
                panic!("no message");
            };
            let values: Value = warren_values::from_value(message.payload()).unwrap();
            let Value::Array(values) = values else {
                panic!("no values: {values:?}");
            };
            let event = &values[0];
            assert_eq!(event.get("data"), Some(&Value::from(7)));
            let missed = event.get("missed").map_or(0, integer);
            {
                let Some(Value::String(path)) = event.get("path") else {
                    panic!("no path: {event:?}");
                };
                (path.clone(), missed)
            }
        })
        .collect()
}

fn paths(tester: &Tester, subscription: Subscription) -> Vec<String> {
    read(tester, subscription)
        .into_iter()
        .map(|(path, _)| path)
        .collect()
}

fn small() -> HostConfig {
    HostConfig {
        queue: QueueLimits {
            messages: 1,
            bytes: 1 << 20,
        },
        max_subscriptions: 5,
        ..HostConfig::default()
    }
}

#[test]
fn an_event_reaches_every_matching_subscription_in_order() {
    let (kernel, events) = (Kernel::new(), Events::default());
    let mut one = Tester::new(&kernel, HostConfig::default());
    let mut other = Tester::new(&kernel, HostConfig::default());
    let all = subscribe(&events, &mut one, "*", "").unwrap();
    let exact = subscribe(&events, &mut other, "shop.orders", "created").unwrap();
    let prefix = subscribe(&events, &mut other, "shop.*", "c*").unwrap();
    for (system, kind, path) in [
        ("shop.orders", "created", "1"),
        ("shop.orders", "closed", "2"),
        ("shop.bills", "created", "3"),
        ("shop", "created", "4"),
    ] {
        assert_eq!(
            send(&events, &mut one, [system, kind, path]),
            Ok(Value::from(true))
        );
    }
    assert_eq!(paths(&one, all), ["1", "2", "3", "4"]);
    assert_eq!(paths(&other, exact), ["1"]);
    assert_eq!(paths(&other, prefix), ["1", "2", "3"]);
}

#[test]
fn a_full_subscription_loses_events_and_says_how_many() {
    let (kernel, events) = (Kernel::new(), Events::default());
    let mut slow = Tester::new(&kernel, small());
    let subscription = subscribe(&events, &mut slow, "s", "").unwrap();
    for number in 0..100 {
        send(&events, &mut slow, ["s", "k", &number.to_string()]).unwrap();
    }
    let first = read(&slow, subscription);
    assert_eq!(first.len(), 64);
    assert!(first.iter().all(|(_, missed)| *missed == 0));
    for path in ["next", "last"] {
        send(&events, &mut slow, ["s", "k", path]).unwrap();
    }
    let next = [("next".to_owned(), 36), ("last".to_owned(), 0)];
    assert_eq!(read(&slow, subscription), next);
}

#[test]
fn subscriptions_are_bounded_and_end_with_their_code() {
    let (kernel, events) = (Kernel::new(), Events::default());
    let mut tester = Tester::new(&kernel, small());
    let open: Vec<_> = (0..5)
        .map(|_| subscribe(&events, &mut tester, "s", "k").unwrap())
        .collect();
    let error = subscribe(&events, &mut tester, "s", "k").unwrap_err();
    assert_eq!(error.kind, Kind::RateLimited);
    // A guest that closes the feed alone gains nothing.
    tester.process().unlisten(open[0]);
    let error = subscribe(&events, &mut tester, "s", "k").unwrap_err();
    assert!(error.message.contains("max_subscriptions = 5"), "{error}");
    let close = |tester: &mut Tester, Subscription(number)| {
        let number = Value::from(i64::from(number));
        assert_eq!(
            tester.call(&events, "close", &[number]),
            Ok(Value::from(true))
        );
    };
    close(&mut tester, open[1]);
    close(&mut tester, open[1]);
    close(&mut tester, Subscription(1));
    subscribe(&events, &mut tester, "s", "k").unwrap();
    assert!(!events.0.is_empty());
    tester.end_code();
    assert!(events.0.is_empty());
    send(&events, &mut tester, ["s", "k", "p"]).unwrap();
    assert!(tester.process().try_receive(&open).is_none());
}

#[test]
fn the_subscriptions_of_a_host_are_bounded() {
    let (kernel, events) = (Kernel::new(), Events::default());
    let config = HostConfig {
        max_subscriptions: 20_000,
        ..HostConfig::default()
    };
    let mut many = Tester::new(&kernel, config);
    let error = (0..20_000)
        .find_map(|number| subscribe(&events, &mut many, &format!("s{number}"), "").err());
    let error = error.unwrap();
    assert_eq!(error.kind, Kind::RateLimited);
    assert!(
        error.message.contains("have 16384 subscriptions"),
        "{error}"
    );
    // The other host has its own.
    let mut other = Tester::new(&kernel, config);
    subscribe(&events, &mut other, "s", "").unwrap();
}

#[test]
fn wrong_texts_and_denied_actions_have_no_effect() {
    let (kernel, events) = (Kernel::new(), Events::default());
    let mut tester = Tester::new(&kernel, HostConfig::default());
    let long = "x".repeat(1025);
    for [system, kind, path] in [
        ["", "k", "p"],
        ["s", "", "p"],
        ["s", "k", ""],
        [&long, "k", "p"],
        ["warren.processes", "k", "p"],
    ] {
        let error = send(&events, &mut tester, [system, kind, path]).unwrap_err();
        assert_eq!(error.kind, Kind::Invalid, "{system} {kind} {path}");
    }
    for (system, kind) in [("", "k"), (&*long, "k"), ("s", &*long)] {
        let error = subscribe(&events, &mut tester, system, kind).unwrap_err();
        assert_eq!(error.kind, Kind::Invalid, "{system} {kind}");
    }
    let mut terse = Tester::new(
        &kernel,
        HostConfig {
            max_message: 1000,
            ..HostConfig::default()
        },
    );
    let large = Value::from("x".repeat(1000).as_str());
    let error = terse
        .call(&events, "send", &[of("s"), of("k"), of("p"), large])
        .unwrap_err();
    assert!(error.message.contains("max_message"), "{error}");
    tester.denied = vec!["events.subscribe", "events.send"];
    let error = subscribe(&events, &mut tester, "s.*", "").unwrap_err();
    assert_eq!(error.message, "not allowed: events.subscribe on s.*");
    let error = send(&events, &mut tester, ["s", "k", "p"]).unwrap_err();
    assert_eq!(error.message, "not allowed: events.send on s");
    assert!(events.0.is_empty());
    assert_eq!(kernel.processes().len(), 2);
}

#[test]
fn events_of_other_nodes_reach_subscriptions_with_the_name_of_their_node() {
    let (kernel, events) = (Kernel::new(), Events::default());
    let mut tester = Tester::new(&kernel, HostConfig::default());
    let subscription = subscribe(&events, &mut tester, "*", "").unwrap();
    let long = "x".repeat(1025);
    let now = kernel.clock();
    for [system, kind, path] in [
        ["", "k", "p"],
        ["s", &long, "p"],
        ["s", "k", ""],
        ["warren.processes", "k", "p"],
        ["s", "k", "good"],
    ] {
        let event = FarEvent {
            system,
            kind,
            path,
            data: Some(&[7]),
        };
        events.far_event("b", &event, now);
    }
    let (_, delivery) = tester.process().try_receive(&[subscription]).unwrap();
    let Delivery::Message(message) = delivery else {
        panic!("no message");
    };
    let values: Value = warren_values::from_value(message.payload()).unwrap();
    let Value::Array(values) = values else {
        panic!("no values: {values:?}");
    };
    assert_eq!(values[0].get("path"), Some(&of("good")));
    assert_eq!(values[0].get("node"), Some(&of("b")));
    assert_eq!(values[0].get("data"), Some(&Value::from(7)));
    assert!(tester.process().try_receive(&[subscription]).is_none());
}

#[test]
fn an_event_has_a_scope_that_means_nothing_outside_a_cluster() {
    let (kernel, events) = (Kernel::new(), Events::default());
    let mut tester = Tester::new(&kernel, HostConfig::default());
    let subscription = subscribe(&events, &mut tester, "s", "").unwrap();
    let mut send_with = |options: Value| {
        let arguments = [of("s"), of("k"), of("p"), Value::from(7), options];
        tester.call(&events, "send", &arguments)
    };
    let scope = |scope: Value| Value::Map(vec![(of("scope"), scope)]);
    for options in [scope(of("cluster")), scope(of("local")), Value::Nil] {
        assert_eq!(send_with(options), Ok(Value::from(true)));
    }
    let unknown = Value::Map(vec![(of("scop"), of("cluster"))]);
    for options in [
        scope(of("moon")),
        scope(Value::from(1)),
        unknown,
        of("cluster"),
    ] {
        let error = send_with(options.clone()).unwrap_err();
        assert_eq!(error.kind, Kind::Invalid, "{options:?}");
    }
    assert_eq!(paths(&tester, subscription), ["p", "p", "p"]);
}

#[test]
fn the_events_of_the_runtime_need_a_policy() {
    let (kernel, events) = (Kernel::new(), Events::default());
    let mut tester = Tester::new(&kernel, HostConfig::default());
    subscribe(&events, &mut tester, "warren.*", "").unwrap();
    tester.judged = false;
    subscribe(&events, &mut tester, "s", "").unwrap();
    let error = subscribe(&events, &mut tester, "warren.*", "").unwrap_err();
    assert_eq!(error.kind, Kind::PermissionDenied);
    let says = "not allowed: events.subscribe on warren.*: no policy permits it";
    assert_eq!(error.message, says);
}

/// A send that looked at each subscription would take 128 times as long.
#[test]
fn a_send_costs_what_matches() {
    growth::is_below(
        4.0,
        "a send beside subscriptions",
        [128, 16_384],
        |others| {
            let (kernel, events) = (Kernel::new(), Events::default());
            let config = HostConfig {
                max_subscriptions: others,
                ..HostConfig::default()
            };
            let mut many = Tester::new(&kernel, config);
            for number in 0..others / 2 {
                subscribe(&events, &mut many, &format!("s{number}"), "").unwrap();
                subscribe(&events, &mut many, &format!("s{number}*"), "").unwrap();
            }
            let mut sender = Tester::new(&kernel, HostConfig::default());
            let own = subscribe(&events, &mut sender, "t", "").unwrap();
            let begun = Instant::now();
            for _ in 0..10_000 {
                send(&events, &mut sender, ["t", "k", "p"]).unwrap();
            }
            let took = begun.elapsed();
            assert_eq!(read(&sender, own).len(), 10_000);
            took
        },
    );
}
