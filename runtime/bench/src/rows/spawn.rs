//! Processes that end at once.

use anyhow::Result;

use super::name;
use super::repeated::{Repeated, nanoseconds, time};
use crate::bench::Bench;
use crate::guests::arguments;
use crate::measure::{Metric, Row};
use crate::node::BenchNode;

pub(super) const WARM: &str = "spawn";
pub(super) const COLD: &str = "spawn-cold";

const METRICS: &[Metric] = &[time("spawn to observed exit")];

pub(super) fn prepare_warm(bench: &Bench) -> Result<Row<'_>> {
    let count: u32 = bench.amount(5_000, 50);
    Ok(Repeated::new(bench, count)?
        .program(
            name::FLAT,
            "bench:flat/spawner",
            arguments(count, "bench:flat/empty"),
        )
        .program(
            name::COMPONENT,
            "bench:flat/spawner",
            arguments(count, "bench:empty-component.wat"),
        )
        .program(
            name::LUA,
            "bench:spawner.lua",
            arguments(count, "bench:empty.lua"),
        )
        .tokio(move |tasks| tasks.spawns(count))?
        .erlang(format!("spawn {count}"))?
        .row(WARM, METRICS, 9))
}

/// Measures never used slots of a pool: all processes live at once, in a new
/// node.
pub(super) fn prepare_cold(bench: &Bench) -> Result<Row<'_>> {
    let count: u32 = bench.amount(901, 11);
    let program = |definition, member| {
        move |_: &BenchNode| {
            let node = BenchNode::start(&bench.cache())?;
            nanoseconds(&node.run(definition, &arguments(count, member))?)
        }
    };
    Ok(Repeated::new(bench, count - 1)?
        .sampled(name::FLAT, program("bench:flat/herd", "bench:flat/once"))
        .sampled(name::LUA, program("bench:herd.lua", "bench:once.lua"))
        .tokio(move |tasks| tasks.herd(count - 1))?
        .erlang(format!("herd {}", count - 1))?
        .row(COLD, METRICS, 7))
}
