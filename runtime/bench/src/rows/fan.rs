//! One process and a thousand others.

use anyhow::Result;

use super::name;
use super::repeated::{Repeated, time};
use crate::bench::Bench;
use crate::guests::arguments;
use crate::measure::{Metric, Row};

pub(super) const OUT: &str = "fan-out";
pub(super) const IN: &str = "fan-in";

const METRICS: &[Metric] = &[time("each message")];

/// Number of other processes.
const MANY: u32 = 1_000;

pub(super) fn prepare_out(bench: &Bench) -> Result<Row<'_>> {
    let count: u32 = bench.amount(60, 1);
    Ok(Repeated::new(bench, count * MANY)?
        .stopwatch(
            name::FLAT,
            "bench:flat/fan-out",
            arguments(count, "bench:flat/sink"),
        )
        .stopwatch(
            name::LUA,
            "bench:fan-out.lua",
            arguments(count, "bench:sink.lua"),
        )
        .tokio(move |tasks| tasks.fan_out(count))?
        .erlang(format!("fan_out {count}"))?
        .row(OUT, METRICS, 7))
}

pub(super) fn prepare_in(bench: &Bench) -> Result<Row<'_>> {
    let count: u32 = bench.amount(60, 1);
    Ok(Repeated::new(bench, count * MANY)?
        .stopwatch(
            name::FLAT,
            "bench:flat/fan-in",
            arguments(count, "bench:flat/source"),
        )
        .stopwatch(
            name::LUA,
            "bench:fan-in.lua",
            arguments(count, "bench:source.lua"),
        )
        .tokio(move |tasks| tasks.fan_in(count))?
        .erlang(format!("fan_in {count}"))?
        .row(IN, METRICS, 7))
}
