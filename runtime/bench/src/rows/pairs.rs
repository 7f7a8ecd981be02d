//! Sixteen pairs at once: the scaling of messages with workers.

use std::time::Duration;

use anyhow::Result;

use super::name;
use super::repeated::{microseconds, time};
use super::round_trip::{PAIRS, ping_arguments};
use crate::bench::Bench;
use crate::erlang::{self, Erlang};
use crate::measure::{Contender, Metric, Row};
use crate::node::{BenchNode, Setup};
use crate::payload::Payload;
use crate::tasks::Tasks;

pub(super) const BYTES: &str = "pairs";
pub(super) const KIB: &str = "pairs-1k";
pub(super) const TABLE: &str = "pairs-table";

const PAIRS_AT_ONCE: usize = 16;

const METRICS: &[Metric] = &[
    time("there and back, on 2 workers"),
    time("there and back, on 1 worker"),
    Metric {
        name: "messages on 2 workers for each on 1",
        unit: "x",
        compared: false,
    },
];

pub(super) fn prepare<'a>(
    bench: &'a Bench,
    name: &'static str,
    payload: Payload,
) -> Result<Row<'a>> {
    let count: u32 = bench.amount(4_000, 10);
    let size = payload.encoded().len();
    let nodes = std::rc::Rc::new(on_two_and_one(|workers| {
        let setup = Setup {
            workers: std::num::NonZeroUsize::new(workers),
            ..Setup::default()
        };
        BenchNode::set_up(&bench.cache(), setup)
    })?);
    let mut contenders = Vec::new();
    for (contender, ping, echo) in PAIRS {
        let nodes = std::rc::Rc::clone(&nodes);
        contenders.push(Contender::ready(contender, move || {
            let arguments = ping_arguments(count, echo, payload);
            let [two, one] = &*nodes;
            let run = |node: &BenchNode| {
                let run = node.run_many(ping, &arguments, PAIRS_AT_ONCE)?;
                anyhow::Ok(run.elapsed)
            };
            Ok(figures(run(two)?, run(one)?, count))
        }));
    }
    let [two, one] = on_two_and_one(Tasks::on)?;
    contenders.push(Contender::ready(name::TOKIO, move || {
        let run = |tasks: &Tasks| tasks.round_trips(count, PAIRS_AT_ONCE, size);
        Ok(figures(run(&two)?, run(&one)?, count))
    }));
    let erlangs = on_two_and_one(|workers| {
        let workers = workers.to_string();
        Erlang::start(bench.scratch(), &["+S", &workers])
    })?;
    contenders.push(match erlangs {
        [Some(mut two), Some(mut one)] => Contender::ready(name::ERLANG, move || {
            let command = format!("round_trip {count} {PAIRS_AT_ONCE} {}", payload.in_erlang());
            let run = |erlang: &mut Erlang| {
                let nanoseconds = erlang.nanoseconds(&command)?;
                anyhow::Ok(Duration::from_secs_f64(nanoseconds / 1e9))
            };
            Ok(figures(run(&mut two)?, run(&mut one)?, count))
        }),
        _ => Contender::missing(name::ERLANG, erlang::MISSING),
    });
    Ok(Row {
        name,
        metrics: METRICS,
        contenders,
        baselines: &[name::TOKIO, name::ERLANG],
        warm_ups: 1,
        rounds: bench.amount(7, 1),
    })
}

fn on_two_and_one<T>(mut make: impl FnMut(usize) -> Result<T>) -> Result<[T; 2]> {
    Ok([make(2)?, make(1)?])
}

fn figures(on_two: Duration, on_one: Duration, count: u32) -> Vec<f64> {
    let all = f64::from(count) * PAIRS_AT_ONCE as f64;
    vec![
        microseconds(on_two) / all,
        microseconds(on_one) / all,
        on_one.as_secs_f64() / on_two.as_secs_f64(),
    ]
}
