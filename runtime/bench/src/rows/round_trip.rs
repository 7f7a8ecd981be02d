//! Messages there and back between two processes.

use anyhow::Result;

use super::name;
use super::repeated::{Repeated, time};
use crate::bench::Bench;
use crate::guests::{Arguments, arguments};
use crate::measure::{Metric, Row};
use crate::payload::Payload;
use crate::rust_guests;

pub(super) const BYTES: &str = "round-trip";
pub(super) const KIB: &str = "round-trip-1k";
pub(super) const TABLE: &str = "round-trip-table";

/// The paired programs: the pair's name, the first sender, and the answering
/// program.
pub(super) const PAIRS: [(&str, &str, &str); 3] = [
    (name::FLAT, "bench:flat/ping", "bench:flat/echo"),
    (
        name::COMPONENT,
        "bench:ping-component.wat",
        "bench:echo-component.wat",
    ),
    (name::LUA, "bench:ping.lua", "bench:echo.lua"),
];

/// Pairs on the Rust SDK, which encodes and decodes typed values.
const RUST_PAIRS: [(&str, &str, &str); 2] = [
    (name::RUST_TO_RUST, "bench:rust/ping", "bench:rust/echo"),
    (name::RUST_TO_LUA, "bench:rust/ping", "bench:echo.lua"),
];

const METRICS: &[Metric] = &[time("there and back")];

pub(super) fn prepare<'a>(
    bench: &'a Bench,
    name: &'static str,
    payload: Payload,
) -> Result<Row<'a>> {
    let count: u32 = bench.amount(60_000, 100);
    let size = payload.encoded().len();
    let mut row = Repeated::new(bench, count)?;
    for (contender, ping, echo) in PAIRS {
        row = row.program(contender, ping, ping_arguments(count, echo, payload));
    }
    for (contender, ping, echo) in RUST_PAIRS {
        row = match rust_guests::directory() {
            Some(_) => row.program(contender, ping, ping_arguments(count, echo, payload)),
            None => row.missing(contender, rust_guests::MISSING),
        };
    }
    Ok(row
        .tokio(move |tasks| tasks.round_trips(count, 1, size))?
        .erlang(format!("round_trip {count} 1 {}", payload.in_erlang()))?
        .row(name, METRICS, 9))
}

/// Returns the arguments of every ping.
pub(super) fn ping_arguments(count: u32, echo: &str, payload: Payload) -> Arguments {
    arguments(count, echo).encoded(&payload.encoded())
}
