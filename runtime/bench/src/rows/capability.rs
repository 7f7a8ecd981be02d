//! Calls of operations, beside bare messages there and back.

use anyhow::Result;

use super::name;
use super::repeated::{Repeated, time};
use super::round_trip::ping_arguments;
use crate::bench::Bench;
use crate::guests::Arguments;
use crate::measure::{Metric, Row};
use crate::payload::Payload;
use crate::rust_guests;

pub(super) const NAME: &str = "capability";

const METRICS: &[Metric] = &[time("call, or there and back")];

/// The contenders, and the operation that each calls.
const IN_LUA: [(&str, &str); 3] = [
    ("Lua, done at once", "bench.done"),
    ("Lua, computes", "bench.compute"),
    ("Lua, waits", "bench.wait"),
];
const IN_RUST: [(&str, &str); 3] = [
    ("Rust, done at once", "bench.done"),
    ("Rust, computes", "bench.compute"),
    ("Rust, waits", "bench.wait"),
];

pub(super) fn prepare(bench: &Bench) -> Result<Row<'_>> {
    let count: u32 = bench.amount(30_000, 100);
    let value = Payload::Bytes64.encoded();
    let arguments = |operation: &str| {
        let arguments = Arguments::new().number(count).text(operation);
        arguments.encoded(&value)
    };
    let mut row = Repeated::new(bench, count)?;
    for (contender, operation) in IN_LUA {
        row = row.program(contender, "bench:operations.lua", arguments(operation));
    }
    for (contender, operation) in IN_RUST {
        row = match rust_guests::directory() {
            Some(_) => row.program(contender, "bench:rust/operations", arguments(operation)),
            None => row.missing(contender, rust_guests::MISSING),
        };
    }
    let ping = ping_arguments(count, "bench:echo.lua", Payload::Bytes64);
    let mut row = row
        .program(name::LUA, "bench:ping.lua", ping)
        .row(NAME, METRICS, 9);
    row.baselines = &[name::LUA];
    Ok(row)
}
