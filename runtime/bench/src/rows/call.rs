//! Calls of a server in Lua, beside bare messages there and back.

use anyhow::Result;

use super::name;
use super::repeated::{Repeated, time};
use super::round_trip::ping_arguments;
use crate::bench::Bench;
use crate::measure::{Metric, Row};
use crate::payload::Payload;

pub(super) const NAME: &str = "call";

const METRICS: &[Metric] = &[time("there and back")];

pub(super) fn prepare(bench: &Bench) -> Result<Row<'_>> {
    let count: u32 = bench.amount(60_000, 100);
    let pairs = [
        (name::CALL, "bench:calls.lua", "bench:called.lua"),
        (name::LUA, "bench:ping.lua", "bench:echo.lua"),
    ];
    let mut row = Repeated::new(bench, count)?;
    for (contender, first, second) in pairs {
        let arguments = ping_arguments(count, second, Payload::Bytes64);
        row = row.program(contender, first, arguments);
    }
    let mut row = row.row(NAME, METRICS, 9);
    row.baselines = &[name::LUA];
    Ok(row)
}
