//! The memory of a parked process, and the time to wake one.

use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result};

use super::name;
use crate::bench::Bench;
use crate::crowd::{Crowd, Kind};
use crate::guests::arguments;
use crate::latencies::{decode, percentiles};
use crate::measure::{Contender, Metric, Row};
use crate::node::{BenchNode, Setup};

pub(super) const NAME: &str = "parked";
pub(super) const WAKE: &str = "wake";

const METRICS: &[Metric] = &[
    Metric {
        name: "all of it",
        unit: "KiB",
        compared: false,
    },
    Metric {
        name: "of that page tables",
        unit: "KiB",
        compared: false,
    },
];

/// Measures Lua processes that are parked, each after some messages. The limit of mappings
/// stays as it is: parked processes need none.
pub(super) fn prepare(bench: &Bench) -> Result<Row<'_>> {
    let sizes = [
        ("10,000 Lua", 10_000, 1),
        ("10,000 Lua, 1,000 messages", 10_000, 1_000),
        ("100,000 Lua", 100_000, 1),
    ];
    let contenders = sizes.map(|(name, processes, messages)| {
        let crowd = Crowd {
            kind: Kind::Lua,
            processes: bench.amount(processes, 20),
            messages: bench.amount(messages, 1),
            cache: bench.cache(),
            parks: true,
        };
        Contender::ready(name, move || {
            let share = crowd.measure()?.share;
            Ok(vec![
                (share.pages + share.tables) / 1024.0,
                share.tables / 1024.0,
            ])
        })
    });
    Ok(Row {
        name: NAME,
        metrics: METRICS,
        contenders: contenders.into(),
        baselines: &[],
        warm_ups: 0,
        rounds: 1,
    })
}

const WAKE_METRICS: &[Metric] = &[
    Metric {
        name: "to the answer, p50",
        unit: "ms",
        compared: true,
    },
    Metric {
        name: "to the answer, p99",
        unit: "ms",
        compared: true,
    },
];

/// Measures the time from a message to its answer by a process that had been quiet for
/// some milliseconds.
pub(super) fn prepare_wake(bench: &Bench) -> Result<Row<'_>> {
    let messages: u32 = bench.amount(200, 3);
    let node = |park_after| -> Result<Rc<BenchNode>> {
        let setup = Setup {
            park_after,
            ..Setup::default()
        };
        Ok(Rc::new(BenchNode::set_up(&bench.cache(), setup)?))
    };
    let waker = |name, node: Rc<BenchNode>| {
        Contender::ready(name, move || {
            let run = node.run("bench:waker.lua", &arguments(messages, "bench:echo.lua"))?;
            percentiles(decode(&run.value.context("the waker returned nothing")?)?)
        })
    };
    Ok(Row {
        name: WAKE,
        metrics: WAKE_METRICS,
        contenders: vec![
            waker(WAITING, node(None)?),
            waker(name::LUA, node(Some(Duration::ZERO))?),
        ],
        baselines: &[WAITING],
        warm_ups: 1,
        rounds: bench.amount(5, 1),
    })
}

const WAITING: &str = "Lua, not parked";
