//! Two ways in which an interpreter can go from one opcode to the next.

use anyhow::Result;

use super::repeated::{Repeated, time};
use crate::bench::Bench;
use crate::guests::Arguments;
use crate::measure::{Metric, Row};

pub(super) const NAME: &str = "dispatch";

const METRICS: &[Metric] = &[time("1,000 opcodes")];

/// Opcodes of `fib(27)` in the guests, in thousands.
const OPCODES: u32 = 2_860;

/// Measures the same small program in both interpreters.
pub(super) fn prepare(bench: &Bench) -> Result<Row<'_>> {
    let row = Repeated::new(bench, OPCODES)?
        .program(
            "one function",
            "bench:flat/dispatch-switch",
            Arguments::new(),
        )
        .program("tail calls", "bench:flat/dispatch-calls", Arguments::new());
    Ok(row.row(NAME, METRICS, 9))
}
