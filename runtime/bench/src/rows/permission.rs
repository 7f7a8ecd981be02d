//! The cost of a permission that is known to be given.

use std::rc::Rc;

use anyhow::Result;

use super::name;
use super::repeated::{Repeated, time};
use super::round_trip::{PAIRS, ping_arguments};
use crate::bench::Bench;
use crate::measure::{Metric, Row};
use crate::node::{BenchNode, Setup};
use crate::payload::Payload;

pub(super) const NAME: &str = "round-trip-judged";

const METRICS: &[Metric] = &[time("there and back")];

/// Measures each pair beside the same pair on a node that judges each send: two
/// sends make one round trip.
pub(super) fn prepare(bench: &Bench) -> Result<Row<'_>> {
    let count: u32 = bench.amount(60_000, 100);
    let setup = Setup {
        judged: true,
        ..Setup::default()
    };
    let judged = Rc::new(BenchNode::set_up(&bench.cache(), setup)?);
    let mut row = Repeated::new(bench, count)?;
    for ((contender, ping, echo), name) in PAIRS.into_iter().zip(name::JUDGED) {
        let arguments = ping_arguments(count, echo, Payload::Bytes64);
        let (node, same) = (Rc::clone(&judged), arguments.clone());
        row = row
            .program(contender, ping, arguments)
            .sampled(name, move |_| Ok(node.run(ping, &same)?.elapsed));
    }
    let tasks = move |tasks: &crate::tasks::Tasks| tasks.round_trips(count, 1, 64);
    Ok(row.tokio(tasks)?.row(NAME, METRICS, 9))
}
