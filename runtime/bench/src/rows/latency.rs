//! The waiting time of an answering process beside computing ones.

use std::rc::Rc;

use anyhow::{Context, Result};

use super::name;
use crate::bench::Bench;
use crate::erlang::{self, Erlang};
use crate::guests::arguments;
use crate::latencies::{decode, percentiles};
use crate::measure::{Contender, Metric, Row};
use crate::node::BenchNode;

pub(super) const NAME: &str = "latency";

const METRICS: &[Metric] = &[
    Metric {
        name: "too late, p50",
        unit: "ms",
        compared: true,
    },
    Metric {
        name: "too late, p99",
        unit: "ms",
        compared: true,
    },
];

const ALONE: &str = "flat, alone";

/// Number of computing processes.
const BUSY: usize = 8;

pub(super) fn prepare(bench: &Bench) -> Result<Row<'_>> {
    let sleeps: u32 = bench.amount(400, 10);
    let node = Rc::new(BenchNode::start(&bench.cache())?);
    let sleeper = |name, sleeper, busy, number| {
        let node = Rc::clone(&node);
        Contender::ready(name, move || {
            let run = node.run_beside(busy, number, sleeper, &arguments(sleeps, ""))?;
            percentiles(decode(&run.value.context("the sleeper returned nothing")?)?)
        })
    };
    let contenders = vec![
        sleeper(ALONE, "bench:flat/sleeper", "bench:flat/busy", 0),
        sleeper(name::FLAT, "bench:flat/sleeper", "bench:flat/busy", BUSY),
        sleeper(name::LUA, "bench:sleeper.lua", "bench:busy.lua", BUSY),
        match Erlang::start(bench.scratch(), &[])? {
            Some(mut erlang) => Contender::ready(name::ERLANG, move || {
                percentiles(erlang.sleeps(sleeps, BUSY)?)
            }),
            None => Contender::missing(name::ERLANG, erlang::MISSING),
        },
    ];
    Ok(Row {
        name: NAME,
        metrics: METRICS,
        contenders,
        baselines: &[ALONE, name::ERLANG],
        warm_ups: 1,
        rounds: bench.amount(5, 1),
    })
}
