//! Calls of the operations on metrics.

use warren_kernel::{Error, HostConfig, Kernel, Kind};
use warren_values::Value;

use super::*;
use crate::test::{Tester, of};

fn labels(pairs: &[(&str, &str)]) -> Value {
    let pairs = pairs.iter().map(|(name, value)| (of(name), of(value)));
    Value::Map(pairs.collect())
}

fn number(metrics: &Metrics, name: &str) -> Vec<MetricValue> {
    let families = metrics.families();
    let family = families.into_iter().find(|family| family.name == name);
    let samples = family.expect("the metric is there").samples;
    samples.into_iter().map(|sample| sample.value).collect()
}

fn refused(result: Result<Value, Error>, kind: Kind) -> Error {
    let error = result.unwrap_err();
    assert_eq!(error.kind, kind, "{error}");
    error
}

#[test]
fn calls_change_their_series() {
    let (kernel, metrics) = (Kernel::new(), Metrics::default());
    let mut tester = Tester::new(&kernel, HostConfig::default());
    let mut call = |operation: &str, arguments: &[Value]| {
        let done = tester.call(&metrics, operation, arguments);
        assert_eq!(done, Ok(Value::Boolean(true)));
    };
    call("counter_inc", &[of("jobs.done")]);
    call("counter_add", &[of("jobs_done_total"), Value::Float(1.5)]);
    call("counter_inc", &[of("jobs.done"), labels(&[("queue", "a")])]);
    for _ in 0..3 {
        call("gauge_inc", &[of("open")]);
    }
    call("gauge_dec", &[of("open"), Value::Nil]);
    call("gauge_set", &[of("load"), Value::Integer(-7)]);
    call("histogram", &[of("took"), Value::Float(0.2)]);
    assert_eq!(
        number(&metrics, "jobs_done"),
        [MetricValue::Number(2.5), MetricValue::Number(1.0)]
    );
    assert_eq!(number(&metrics, "open"), [MetricValue::Number(2.0)]);
    assert_eq!(number(&metrics, "load"), [MetricValue::Number(-7.0)]);
    let families = metrics.families();
    let names: Vec<_> = families.iter().map(|family| &*family.name).collect();
    assert_eq!(names, ["jobs_done", "load", "open", "took"]);
    let sample = &families[0].samples[1];
    assert_eq!((&*sample.definition, &*sample.host), ("t:main", "t:0"));
    assert_eq!(sample.labels, [("queue".to_owned(), "a".to_owned())]);
}

#[test]
fn numbers_are_finite_and_counters_do_not_fall() {
    let (kernel, metrics) = (Kernel::new(), Metrics::default());
    let mut tester = Tester::new(&kernel, HostConfig::default());
    for operation in ["counter_add", "gauge_set", "histogram"] {
        for n in [
            Value::Float(f64::NAN),
            Value::Float(f64::INFINITY),
            Value::Float(f64::NEG_INFINITY),
            Value::Nil,
            of("1"),
        ] {
            let called = tester.call(&metrics, operation, &[of("m"), n]);
            refused(called, Kind::Invalid);
        }
    }
    for n in [Value::Integer(-1), Value::Float(-0.5)] {
        let called = tester.call(&metrics, "counter_add", &[of("m"), n]);
        refused(called, Kind::Invalid);
    }
    let huge = [of("m"), Value::Float(f64::MAX)];
    tester.call(&metrics, "counter_add", &huge).unwrap();
    refused(tester.call(&metrics, "counter_add", &huge), Kind::Invalid);
    assert_eq!(number(&metrics, "m"), [MetricValue::Number(f64::MAX)]);
}

#[test]
fn a_name_has_one_type_also_as_it_is_shown() {
    let (kernel, metrics) = (Kernel::new(), Metrics::default());
    let mut tester = Tester::new(&kernel, HostConfig::default());
    let one = Value::Integer(1);
    tester.call(&metrics, "counter_inc", &[of("a")]).unwrap();
    tester
        .call(&metrics, "histogram", &[of("h"), one.clone()])
        .unwrap();
    for (operation, name) in [
        ("gauge_set", "a"),
        ("histogram", "a"),
        ("gauge_set", "a.total"),
        ("gauge_set", "h_sum"),
        ("gauge_set", "h_bucket"),
        ("counter_add", "h"),
    ] {
        let called = tester.call(&metrics, operation, &[of(name), one.clone()]);
        let error = refused(called, Kind::Conflict);
        assert!(error.message.contains("already"), "{error}");
    }
    // Refused names take no room.
    assert_eq!(metrics.families().len(), 2);
    let says = tester.call(&metrics, "gauge_inc", &[of("a.total")]);
    assert_eq!(
        says.unwrap_err().message,
        "the gauge a_total would be shown as app_a_total, as the counter a is already"
    );
}

#[test]
fn a_definition_has_a_thousand_series_over_all_its_hosts() {
    let (kernel, metrics) = (Kernel::new(), Metrics::default());
    let mut testers = [(); 2].map(|()| Tester::new(&kernel, HostConfig::default()));
    for n in 0..500 {
        for tester in &mut testers {
            let labels = labels(&[("n", n.to_string().as_str())]);
            tester
                .call(&metrics, "counter_inc", &[of("m"), labels])
                .unwrap();
        }
    }
    for tester in &mut testers {
        let error = refused(
            tester.call(&metrics, "counter_inc", &[of("m")]),
            Kind::RateLimited,
        );
        assert!(error.message.contains("max_series = 1000"), "{error}");
        // Those that are there go on.
        let known = labels(&[("n", "7")]);
        tester
            .call(&metrics, "counter_inc", &[of("m"), known])
            .unwrap();
    }
    assert_eq!(metrics.families()[0].samples.len(), 1_000);
    testers[0].definition = "t:other".into();
    testers[0]
        .call(&metrics, "counter_inc", &[of("m")])
        .unwrap();
}

#[test]
fn definitions_without_end_leave_room_for_other_hosts() {
    let (kernel, metrics) = (Kernel::new(), Metrics::default());
    let mut flood = Tester::new(&kernel, HostConfig::default());
    let mut made = 0;
    let error = loop {
        flood.definition = format!("t:d{}", made / 1_000).into();
        let labels = labels(&[("n", made.to_string().as_str())]);
        match flood.call(&metrics, "counter_inc", &[of("m"), labels]) {
            Ok(_) => made += 1,
            Err(error) => break error,
        }
        assert!(made < 100_000, "no end");
    };
    assert_eq!(error.kind, Kind::RateLimited);
    assert!(error.message.contains("max_metrics_of_host"), "{error}");
    let mut other = Tester::new(&kernel, HostConfig::default());
    other.call(&metrics, "counter_inc", &[of("m")]).unwrap();
}

#[test]
fn hosts_that_come_and_go_leave_room_for_those_that_stay() {
    let (kernel, metrics) = (Kernel::new(), Metrics::default());
    let mut stays = Tester::new(&kernel, HostConfig::default());
    stays.call(&metrics, "counter_inc", &[of("m")]).unwrap();
    // All of one definition, and more than it may have.
    for _ in 0..4 {
        let mut goes = Tester::new(&kernel, HostConfig::default());
        for n in 0..500 {
            let labels = labels(&[("n", n.to_string().as_str())]);
            let called = goes.call(&metrics, "gauge_inc", &[of("g"), labels]);
            called.unwrap();
        }
        metrics.forget_host(goes.process().host().number());
        metrics.forget_host(usize::MAX);
    }
    let families = metrics.families();
    let names: Vec<_> = families.iter().map(|family| &*family.name).collect();
    assert_eq!((names, families[0].samples.len()), (vec!["m"], 1));
    // The name is another metric's now.
    stays.call(&metrics, "counter_inc", &[of("g")]).unwrap();
}

#[test]
fn a_host_that_comes_again_is_shown_in_place_of_the_one_that_goes() {
    let (kernel, metrics) = (Kernel::new(), Metrics::default());
    let mut goes = Tester::new(&kernel, HostConfig::default());
    let count = |tester: &mut Tester, n| {
        let counted = tester.call(&metrics, "counter_add", &[of("m"), Value::Integer(n)]);
        counted.unwrap();
    };
    count(&mut goes, 5);
    kernel.put_hosts(&[], &["t:0"]);
    let mut comes = Tester::new(&kernel, HostConfig::default());
    count(&mut comes, 7);
    count(&mut goes, 1);
    assert_eq!(number(&metrics, "m"), [MetricValue::Number(7.0)]);
    metrics.forget_host(goes.process().host().number());
    assert_eq!(number(&metrics, "m"), [MetricValue::Number(7.0)]);
}

#[test]
fn a_definition_that_is_gone_gives_back_its_room_and_its_names() {
    let (kernel, metrics) = (Kernel::new(), Metrics::default());
    let mut tester = Tester::new(&kernel, HostConfig::default());
    tester.call(&metrics, "counter_inc", &[of("m")]).unwrap();
    // More than the room of a host, were it not given back.
    for round in 0..30 {
        tester.definition = format!("t:gone{round}").into();
        for n in 0..1_000 {
            let labels = labels(&[("n", n.to_string().as_str())]);
            let called = tester.call(&metrics, "gauge_inc", &[of("g"), labels]);
            called.unwrap();
        }
        metrics.forget(&format!("t:gone{round}"));
        metrics.forget("t:never");
    }
    let families = metrics.families();
    let names: Vec<_> = families.iter().map(|family| &*family.name).collect();
    assert_eq!(names, ["m"]);
    // The name is another metric's now.
    tester.call(&metrics, "counter_inc", &[of("g")]).unwrap();
    let called = tester.call(&metrics, "gauge_inc", &[of("m")]);
    refused(called, Kind::Conflict);
}

#[test]
fn definitions_are_told_when_they_begin_and_when_they_begin_anew() {
    let (kernel, metrics) = (Kernel::new(), Metrics::default());
    let mut tester = Tester::new(&kernel, HostConfig::default());
    let mut count = |name: &str| {
        let counted = tester.call(&metrics, "counter_inc", &[of(name)]);
        counted.unwrap();
    };
    assert!(metrics.begun().is_empty());
    for name in ["a", "a", "b"] {
        count(name);
    }
    assert_eq!(metrics.begun(), [Arc::<str>::from("t:main")]);
    count("c");
    assert!(metrics.begun().is_empty());
    metrics.forget("t:main");
    count("a");
    assert_eq!(metrics.begun(), [Arc::<str>::from("t:main")]);
}
