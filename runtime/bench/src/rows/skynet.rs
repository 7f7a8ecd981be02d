//! A tree of processes that sums the numbers of its leaves.

use std::rc::Rc;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::name;
use super::repeated::{Repeated, time};
use crate::bench::Bench;
use crate::guests::Arguments;
use crate::max_map_count::Raised;
use crate::measure::{Metric, Row};
use crate::node::{BenchNode, Setup};

pub(super) const DEPTH_FIRST: &str = "skynet";
pub(super) const CLASSIC: &str = "skynet-classic";
pub(super) const MILLION: &str = "skynet-1m";

const METRICS: &[Metric] = &[time("each process of the tree")];

/// Measures a tree of 100,000 leaves, a thousand of them at once.
pub(super) fn prepare(bench: &Bench) -> Result<Row<'_>> {
    let size = bench.amount(100_000, 100);
    tree(bench, DEPTH_FIRST, size, bench.amount(1_000, 10), 2)
}

/// Measures the usual tree: all leaves at once.
pub(super) fn prepare_classic(bench: &Bench) -> Result<Row<'_>> {
    let size = bench.amount(100_000, 100);
    tree(bench, CLASSIC, size, size, 2)
}

/// Measures a million leaves, a thousand at once.
pub(super) fn prepare_million(bench: &Bench) -> Result<Row<'_>> {
    let size = bench.amount(1_000_000, 100);
    tree(bench, MILLION, size, bench.amount(1_000, 10), 1)
}

fn tree<'a>(
    bench: &'a Bench,
    name: &'static str,
    size: u32,
    at_once: u32,
    rounds: usize,
) -> Result<Row<'a>> {
    // 1 + 10 + 100 + ... + size
    let processes = (size * 10 - 1) / 9;
    // Includes the processes on the way to the leaves.
    let live = at_once + at_once / 5 + 1_000;
    let setup = Setup {
        max_processes: live.max(10_000) as usize,
        ..Setup::default()
    };
    let node = Rc::new(BenchNode::set_up(&bench.cache(), setup)?);
    // If the setting cannot be raised, the sum is wrong, and the row says so.
    let raised = Rc::new(Raised::for_processes(live).ok());
    let arguments = Arguments::new().number(0).number(size).number(at_once);
    let program = |definition: &'static str| {
        let (arguments, raised) = (arguments.clone().text(""), Rc::clone(&raised));
        move |node: &BenchNode| -> Result<Duration> {
            let _: &Option<Raised> = &raised;
            let run = node.run(definition, &arguments)?;
            let expected = i64::from(size) * (i64::from(size) - 1) / 2;
            ensure!(
                run.integer()? == expected,
                "the machine or the host had no place for all processes: {} instead of {expected}",
                run.integer()?
            );
            Ok(run.elapsed)
        }
    };
    let mut row = Repeated::on(bench, node, processes)
        .sampled(name::FLAT, program("bench:flat/skynet"))
        .sampled(name::LUA, program("bench:skynet.lua"))
        .tokio(move |tasks| tasks.skynet(size.into(), at_once.into()))?
        .erlang_with(&["+P", "2000000"], format!("skynet {size} {at_once}"))?
        .row(name, METRICS, rounds);
    // A warm-up would take as long as a round.
    row.warm_ups = 0;
    Ok(row)
}
