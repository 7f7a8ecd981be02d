//! The growth of an operation's cost with the number of unrelated things around
//! it. The row fails if the cost follows that number.

use std::rc::Rc;

use anyhow::{Result, ensure};

use crate::bench::Bench;
use crate::guests::Arguments;
use crate::measure::{Contender, Metric, Row};
use crate::node::BenchNode;

pub(super) const NAME: &str = "growth";

const GUEST: &str = "bench:growth.lua";

/// Numbers of things around an operation, unless stated otherwise.
const SIZES: [u32; 4] = [100, 200, 400, 800];

/// The largest exponent of an operation's cost. Caches, and trees that become
/// deeper, cost up to 0.3; a walk over everything is 1.
const BOUND: f64 = 0.5;

/// Attempts to measure all sizes while the exponent is over the bound: a
/// disturbance of the fastest batch of one size does not recur every time.
const ATTEMPTS: usize = 20;

const METRICS: &[Metric] = &[
    nanoseconds("beside 100"),
    nanoseconds("beside 200"),
    nanoseconds("beside 400"),
    nanoseconds("beside 800"),
    Metric {
        name: "exponent",
        unit: "",
        compared: false,
    },
];

/// The situations of the guest.
const SITUATIONS: &[&str] = &[
    "buffered_values",
    "bytes_of_a_message",
    "cases_of_a_select",
    "cases_of_the_mailbox",
    "causes_of_an_error",
    "children",
    "context_values_one_by_one",
    "coroutines_that_come_and_go",
    "coroutines_that_sleep",
    "coroutines_that_take_turns",
    "coroutines_that_wait",
    "groups",
    "kept_coroutines",
    "kept_messages",
    "links_and_monitors",
    "listeners",
    "listeners_that_are_waited_for",
    "listeners_with_messages",
    "members_of_a_group",
    "messages_of_a_spawner",
    "names",
    "pending_calls",
    "pending_execs",
    "selects_on_one_channel",
    "senders_that_wait",
    "subscriptions_of_events",
    "timeouts_that_did_not_come",
    "timers",
    "unclaimed_messages",
    "unclaimed_topics",
    "unread_exits",
    "unread_inbox",
    "unread_replies",
    "values_of_a_message",
    "values_of_the_context",
    "waiters_of_one_timer",
];

pub(super) fn prepare(bench: &Bench) -> Result<Row<'_>> {
    let node = Rc::new(BenchNode::start(&bench.cache())?);
    let contenders = SITUATIONS.iter().map(|situation| {
        let node = Rc::clone(&node);
        Contender::ready(situation, move || {
            let (costs, exponent) = grown(|size| measured(&node, situation, size))?;
            ensure!(
                exponent <= BOUND,
                "an operation takes {costs:.0?} ns beside {SIZES:?} others: the cost grows with \
                 the power {exponent:.2} of their number, more than {BOUND}"
            );
            Ok(costs.into_iter().chain([exponent]).collect())
        })
    });
    Ok(Row {
        name: NAME,
        metrics: METRICS,
        contenders: contenders.collect(),
        baselines: &[],
        warm_ups: 0,
        rounds: bench.amount(3, 1),
    })
}

/// Returns the nanoseconds of an operation beside `size` other things.
fn measured(node: &BenchNode, situation: &str, size: u32) -> Result<f64> {
    let arguments = Arguments::new().text(GUEST).text(situation).number(size);
    let picoseconds = node.run(GUEST, &arguments)?.integer()?;
    Ok(picoseconds as f64 / 1000.0)
}

/// Returns the least cost of each size, and the exponent with which it grows.
fn grown(mut cost: impl FnMut(u32) -> Result<f64>) -> Result<([f64; SIZES.len()], f64)> {
    let mut least = [f64::INFINITY; SIZES.len()];
    for _ in 0..ATTEMPTS {
        for (size, least) in SIZES.into_iter().zip(&mut least) {
            *least = least.min(cost(size)?);
        }
        if exponent(least) <= BOUND {
            break;
        }
    }
    Ok((least, exponent(least)))
}

/// Returns the slope of the line of best fit through the costs, both on
/// logarithmic scales.
fn exponent(costs: [f64; SIZES.len()]) -> f64 {
    let points = SIZES
        .map(|size| f64::from(size).ln())
        .into_iter()
        // A cost below a picosecond counts as a picosecond.
        .zip(costs.map(|cost| cost.max(0.001).ln()));
    let count = SIZES.len() as f64;
    let (x, y) = points
        .clone()
        .fold((0.0, 0.0), |(x, y), point| (x + point.0, y + point.1));
    let (x, y) = (x / count, y / count);
    let (covariance, variance) = points.fold((0.0, 0.0), |(covariance, variance), point| {
        let (dx, dy) = (point.0 - x, point.1 - y);
        (covariance + dx * dy, variance + dx * dx)
    });
    covariance / variance
}

const fn nanoseconds(name: &'static str) -> Metric {
    Metric {
        name,
        unit: "ns",
        compared: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn costs(of: fn(f64) -> f64) -> [f64; SIZES.len()] {
        SIZES.map(|size| of(f64::from(size)))
    }

    #[test]
    fn the_exponent_is_that_of_the_power() {
        for (of, expected) in [
            ((|_| 7.0) as fn(f64) -> f64, 0.0),
            (|n| 3.0 * n, 1.0),
            (|n| n * n, 2.0),
            (|n| 5.0 / n, -1.0),
        ] {
            let exponent = exponent(costs(of));
            assert!((exponent - expected).abs() < 1e-9, "{exponent}");
        }
        assert!(exponent(costs(|n| 1000.0 + n)) < BOUND);
        assert!(exponent(costs(|n| 50.0 + n)) > BOUND);
    }

    #[test]
    fn a_disturbed_batch_is_measured_again_and_growth_is_not_forgiven() {
        let mut calls = 0;
        let disturbed = grown(|_| {
            calls += 1;
            Ok(if calls == SIZES.len() { 900.0 } else { 100.0 })
        });
        assert!(disturbed.unwrap().1 <= BOUND);
        assert_eq!(calls, 2 * SIZES.len());
        assert!(grown(|size| Ok(f64::from(size))).unwrap().1 > BOUND);
    }

    #[test]
    fn every_situation_of_the_guest_is_measured() {
        let bench = Bench::new(true).unwrap();
        let node = BenchNode::start(&bench.cache()).unwrap();
        let run = node.run(GUEST, &Arguments::new().text(GUEST)).unwrap();
        let value = run.value.expect("the guest returns its situations");
        let value = rmpv::decode::read_value(&mut &value[..]).unwrap();
        assert_eq!(value.as_str(), Some(SITUATIONS.join(" ").as_str()));
    }
}
