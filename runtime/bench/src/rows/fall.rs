//! Linked processes that fall with one of them: the cost of many, and its ratio
//! to the cost of few.

use std::rc::Rc;
use std::time::Duration;

use anyhow::Result;

use super::name;
use crate::bench::Bench;
use crate::erlang::{self, Erlang};
use crate::links::Shape;
use crate::measure::{Contender, Metric, Row};
use crate::node::BenchNode;

pub(super) const CHAIN: &str = "fall-chain";
pub(super) const STAR: &str = "fall-star";
pub(super) const MESH: &str = "fall-mesh";

const METRICS: &[Metric] = &[
    Metric {
        name: "10,000 processes",
        unit: "ms",
        compared: true,
    },
    Metric {
        name: "times 1,000",
        unit: "x",
        compared: false,
    },
];

const MESH_METRICS: &[Metric] = &[
    Metric {
        name: "100 processes",
        unit: "ms",
        compared: true,
    },
    Metric {
        name: "times 30",
        unit: "x",
        compared: false,
    },
];

pub(super) fn prepare_chain(bench: &Bench) -> Result<Row<'_>> {
    let sizes = bench.amount((1_000, 10_000), (10, 20));
    prepare(bench, CHAIN, METRICS, Shape::Chain, sizes)
}

pub(super) fn prepare_star(bench: &Bench) -> Result<Row<'_>> {
    let sizes = bench.amount((1_000, 10_000), (10, 20));
    prepare(bench, STAR, METRICS, Shape::Star, sizes)
}

pub(super) fn prepare_mesh(bench: &Bench) -> Result<Row<'_>> {
    let sizes = bench.amount((30, 100), (3, 5));
    prepare(bench, MESH, MESH_METRICS, Shape::Mesh, sizes)
}

fn prepare<'a>(
    bench: &'a Bench,
    name: &'static str,
    metrics: &'static [Metric],
    shape: Shape,
    (few, many): (usize, usize),
) -> Result<Row<'a>> {
    let node = Rc::new(BenchNode::start(&bench.cache())?);
    let fall = move |count| node.fall("bench:parked.wat", count, shape.links(count));
    let contenders = vec![
        Contender::ready(name::FLAT, move || figures(few, many, &fall)),
        match Erlang::start(bench.scratch(), &[])? {
            Some(mut erlang) => Contender::ready(name::ERLANG, move || {
                figures(few, many, |count| erlang.fall(shape, count))
            }),
            None => Contender::missing(name::ERLANG, erlang::MISSING),
        },
    ];
    Ok(Row {
        name,
        metrics,
        contenders,
        baselines: &[name::ERLANG],
        warm_ups: 1,
        rounds: bench.amount(11, 1),
    })
}

/// Returns the time of the fall of many, in ms, and its ratio to that of few.
/// Few fall repeatedly, for about as long as many, so that the machine's other
/// work is in both.
fn figures(
    few: usize,
    many: usize,
    mut fall: impl FnMut(usize) -> Result<Duration>,
) -> Result<Vec<f64>> {
    const TIMES: u32 = 10;
    let mut falls_of_few = Duration::ZERO;
    for _ in 0..TIMES {
        falls_of_few += fall(few)?;
    }
    let many = fall(many)?.as_secs_f64();
    let few = (falls_of_few / TIMES).as_secs_f64();
    Ok(vec![many * 1e3, many / few])
}
