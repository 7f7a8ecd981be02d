//! Stores in memory, for processes without guests.

use std::sync::Arc;

use warren_engine::Uses;
use warren_engine::capability::{Caller as _, StoreSettings};
use warren_kernel::{Delivery, Error, HostConfig, Kernel, Kind, QueueLimits, Subscription};
use warren_values::Value;

use super::Stores;
use super::watch::Watchers;
use crate::test::{Tester, of};

fn stores() -> Stores {
    Stores::open(vec![StoreSettings::new("app:s")], None).unwrap()
}

fn watchers(stores: &Stores) -> Arc<Watchers> {
    Arc::clone(&stores.0["app:s"].watchers)
}

fn tester(kernel: &Arc<Kernel>, config: HostConfig) -> Tester {
    let mut tester = Tester::new(kernel, config);
    tester.grants.uses = Uses::default().with("store", "app:s");
    tester
}

fn watch(stores: &Stores, tester: &mut Tester, prefix: &str) -> Result<Subscription, Error> {
    match tester.call(stores, "watch", &[of("s"), of(prefix)])? {
        Value::Integer(number) => Ok(Subscription(u32::try_from(number).unwrap())),
        other => panic!("no number: {other:?}"),
    }
}

fn set(stores: &Stores, tester: &mut Tester, key: &str) -> Result<Value, Error> {
    tester.call(stores, "set", &[of("s"), of(key), Value::from(7)])
}

/// The keys of the changes that wait in a subscription, and those missed before each.
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
            let missed = match values[0].get("missed") {
                Some(Value::Integer(missed)) => *missed,
                _ => 0,
            };
            match values[0].get("key") {
                Some(Value::String(key)) => (key.clone(), missed),
                other => panic!("no key: {other:?}"),
            }
        })
        .collect()
}

#[test]
fn a_watch_yields_the_keys_of_its_prefix_and_counts_what_it_misses() {
    let (kernel, stores) = (Kernel::new(), stores());
    let config = HostConfig {
        queue: QueueLimits {
            messages: 64,
            bytes: 1 << 20,
        },
        ..HostConfig::default()
    };
    let mut tester = tester(&kernel, config);
    let (some, all) = (
        watch(&stores, &mut tester, "a/").unwrap(),
        watch(&stores, &mut tester, "").unwrap(),
    );
    for n in 0..70 {
        set(&stores, &mut tester, &format!("b/{n}")).unwrap();
    }
    set(&stores, &mut tester, "a/1").unwrap();
    assert_eq!(read(&tester, some), [("a/1".to_owned(), 0)]);
    assert_eq!(read(&tester, all).len(), 64);
    set(&stores, &mut tester, "a/2").unwrap();
    assert_eq!(read(&tester, all), [("a/2".to_owned(), 7)]);
    // A refused change is none.
    tester.denied = vec!["store.write"];
    set(&stores, &mut tester, "a/3").unwrap_err();
    assert_eq!(read(&tester, some), [("a/2".to_owned(), 0)]);
}

#[test]
fn a_watch_ends_with_its_process() {
    let (kernel, stores) = (Kernel::new(), stores());
    let mut tester = tester(&kernel, HostConfig::default());
    let first = watch(&stores, &mut tester, "a").unwrap();
    watch(&stores, &mut tester, "b").unwrap();
    let Subscription(number) = first;
    let closed = tester.call(&stores, "unwatch", &[Value::from(i64::from(number))]);
    assert_eq!(closed, Ok(Value::Boolean(true)));
    assert!(!watchers(&stores).is_empty());
    tester.end_code();
    assert!(watchers(&stores).is_empty());
}

#[test]
fn watches_are_bounded_for_a_process_and_its_host() {
    let (kernel, stores) = (Kernel::new(), stores());
    let config = HostConfig {
        max_subscriptions: 3,
        ..HostConfig::default()
    };
    let mut few = tester(&kernel, config);
    for _ in 0..3 {
        watch(&stores, &mut few, "").unwrap();
    }
    let error = watch(&stores, &mut few, "").unwrap_err();
    assert!(error.message.contains("max_subscriptions = 3"), "{error}");
    let mut many = tester(&kernel, HostConfig::default());
    for _ in 0..256 {
        watch(&stores, &mut many, "").unwrap();
    }
    let error = watch(&stores, &mut many, "").unwrap_err();
    assert_eq!(error.kind, Kind::RateLimited);
    assert!(error.message.contains("256 times"), "{error}");
    few.end_code();
    many.end_code();
    assert!(watchers(&stores).is_empty());
}

#[test]
fn an_operation_asks_for_the_grant_before_the_permission() {
    let (kernel, stores) = (Kernel::new(), stores());
    let mut stranger = Tester::new(&kernel, HostConfig::default());
    stranger.denied = vec!["store.read", "store.write"];
    for id in ["s", "none"] {
        for operation in [
            "open", "get", "has", "entry", "list", "info", "set", "put", "incr", "delete", "watch",
        ] {
            let arguments = [of(id), of("k"), Value::from(1)];
            let error = stranger.call(&stores, operation, &arguments).unwrap_err();
            assert_eq!(error.kind, Kind::NotFound, "{operation}");
            let expected = format!(
                "store not found: app:{id}; declare it by [stores.\"app:{id}\"], and grant it by \
                 store = [\"app:{id}\"] in [grants.\"{}\"], or by --store app:{id}",
                stranger.definition
            );
            assert_eq!(error.message, expected);
        }
    }
}
