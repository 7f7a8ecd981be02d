//! Calls of a server in Lua, beside bare messages there and back.

use anyhow::Result;

use super::name;
use super::repeated::{Repeated, time};
use super::round_trip::ping_arguments;
use crate::bar::Bar;
use crate::bench::Bench;
use crate::measure::{Metric, Row};
use crate::payload::Payload;

pub(super) const NAME: &str = "call";

const THERE_AND_BACK: &str = "there and back";

const METRICS: &[Metric] = &[time(THERE_AND_BACK)];

/// A call is a request and its answer: little more than the two messages.
pub(super) const BARS: &[Bar] = &[Bar::of_ratio(name::CALL, THERE_AND_BACK, name::LUA, 1.3)];

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
