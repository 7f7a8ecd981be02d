//! Processes that end at once.

use std::rc::Rc;
use std::time::Instant;

use anyhow::{Context, Result};

use super::name;
use crate::bench::Bench;
use crate::erlang::{self, Erlang};
use crate::guests::arguments;
use crate::measure::{Contender, Metric, Row};
use crate::node::BenchNode;

pub(super) const NAME: &str = "spawn";

const METRICS: &[Metric] = &[Metric {
    name: "spawn to observed exit",
    unit: "us",
    compared: true,
}];

pub(super) fn prepare(bench: &Bench) -> Result<Row<'_>> {
    let count: u32 = bench.amount(10_000, 50);
    let node = Rc::new(BenchNode::start(&bench.cache())?);
    let program = |name, spawner, spawned| {
        let node = Rc::clone(&node);
        Contender::ready(name, move || {
            let run = node.run(spawner, &arguments(count, spawned))?;
            Ok(vec![run.elapsed.as_secs_f64() * 1e6 / f64::from(count)])
        })
    };
    let contenders = vec![
        program(name::FLAT, "bench:spawner.wat", "bench:empty-flat.wat"),
        program(
            name::COMPONENT,
            "bench:spawner.wat",
            "bench:empty-component.wat",
        ),
        program(name::LUA, "bench:spawner.lua", "bench:empty.lua"),
        tasks(count)?,
        match Erlang::start(bench.scratch())? {
            Some(mut erlang) => Contender::ready(name::ERLANG, move || {
                Ok(vec![erlang.spawns(count)? / 1e3 / f64::from(count)])
            }),
            None => Contender::missing(name::ERLANG, erlang::MISSING),
        },
    ];
    Ok(Row {
        name: NAME,
        metrics: METRICS,
        contenders,
        baselines: &[name::TOKIO, name::ERLANG],
        warm_ups: 1,
        rounds: bench.amount(11, 1),
    })
}

fn tasks(count: u32) -> Result<Contender<'static>> {
    let threads = tokio::runtime::Runtime::new().context("no threads")?;
    Ok(Contender::ready(name::TOKIO, move || {
        let began = Instant::now();
        let spawner = threads.spawn(async move {
            for _ in 0..count {
                tokio::spawn(async {}).await?;
            }
            anyhow::Ok(())
        });
        threads.block_on(spawner).context("a task panicked")??;
        Ok(vec![began.elapsed().as_secs_f64() * 1e6 / f64::from(count)])
    }))
}
