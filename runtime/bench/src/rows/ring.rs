//! A token that goes around 503 processes.

use anyhow::Result;

use super::name;
use super::repeated::{Repeated, time};
use crate::bench::Bench;
use crate::guests::arguments;
use crate::measure::{Metric, Row};

pub(super) const NAME: &str = "ring";

const METRICS: &[Metric] = &[time("from one to the next")];

const MEMBERS: u32 = 503;

pub(super) fn prepare(bench: &Bench) -> Result<Row<'_>> {
    let laps: u32 = bench.amount(100, 2);
    Ok(Repeated::new(bench, laps * MEMBERS)?
        .stopwatch(
            name::FLAT,
            "bench:flat/ring",
            arguments(laps, "bench:flat/ring-member"),
        )
        .stopwatch(
            name::LUA,
            "bench:ring.lua",
            arguments(laps, "bench:ring-member.lua"),
        )
        .tokio(move |tasks| tasks.ring(laps))?
        .erlang(format!("ring {laps}"))?
        .row(NAME, METRICS, 7))
}
