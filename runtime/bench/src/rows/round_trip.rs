//! Messages there and back between two processes.

use std::rc::Rc;
use std::time::Instant;

use anyhow::{Context, Result};
use tokio::sync::mpsc;

use super::name;
use crate::bench::Bench;
use crate::erlang::{self, Erlang};
use crate::guests::arguments;
use crate::measure::{Contender, Metric, Row};
use crate::node::BenchNode;

pub(super) const NAME: &str = "round-trip";

const METRICS: &[Metric] = &[Metric {
    name: "64 bytes, there and back",
    unit: "us",
    compared: true,
}];

pub(super) fn prepare(bench: &Bench) -> Result<Row<'_>> {
    let count: u32 = bench.amount(200_000, 100);
    let node = Rc::new(BenchNode::start(&bench.cache())?);
    let pair = |name, ping, echo| {
        let node = Rc::clone(&node);
        Contender::ready(name, move || {
            let run = node.run(ping, &arguments(count, echo))?;
            Ok(vec![run.elapsed.as_secs_f64() * 1e6 / f64::from(count)])
        })
    };
    let contenders = vec![
        pair(name::FLAT, "bench:ping-flat.wat", "bench:echo-flat.wat"),
        pair(
            name::COMPONENT,
            "bench:ping-component.wat",
            "bench:echo-component.wat",
        ),
        pair(name::LUA, "bench:ping.lua", "bench:echo.lua"),
        tasks(count)?,
        match Erlang::start(bench.scratch())? {
            Some(mut erlang) => Contender::ready(name::ERLANG, move || {
                Ok(vec![erlang.round_trips(count)? / 1e3 / f64::from(count)])
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

/// Two tasks on a runtime as tokio makes it.
fn tasks(count: u32) -> Result<Contender<'static>> {
    let threads = tokio::runtime::Runtime::new().context("no threads")?;
    Ok(Contender::ready(name::TOKIO, move || {
        let began = Instant::now();
        let pair = threads.spawn(async move {
            let (to_echo, mut echo_inbox) = mpsc::unbounded_channel::<[u8; 64]>();
            let (to_ping, mut ping_inbox) = mpsc::unbounded_channel();
            tokio::spawn(async move {
                while let Some(message) = echo_inbox.recv().await {
                    if to_ping.send(message).is_err() {
                        return;
                    }
                }
            });
            for _ in 0..count {
                to_echo.send([1; 64]).context("the echo has ended")?;
                ping_inbox.recv().await.context("the echo has ended")?;
            }
            anyhow::Ok(())
        });
        threads.block_on(pair).context("a task panicked")??;
        Ok(vec![began.elapsed().as_secs_f64() * 1e6 / f64::from(count)])
    }))
}
