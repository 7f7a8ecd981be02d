//! Tenants that come and go beside a thousand others: the time of the changes, and the
//! memory that is left of them.

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Result, ensure};

use super::name;
use crate::bar::Bar;
use crate::bench::Bench;
use crate::measure::{Contender, Metric, Row};
use crate::resident::Resident;
use crate::tenants::{Code, Tenants};

pub(super) const NAME: &str = "apply";
pub(super) const MANY: &str = "apply-100k";

/// Bytes that may be left after all the tenants of [`MANY`]: the allocator's, which does
/// not give back each page.
const LEFT: f64 = 16.0 * 1024.0 * 1024.0;

/// Tenants that come and go before the memory is looked at.
const FIRST: usize = 500;

/// Milliseconds in which a tenant comes whose code is in the code cache.
pub(super) const BARS: &[Bar] = &[
    Bar::of_figure(name::FLAT, ADD, 5.0),
    Bar::of_figure(name::LUA, ADD, 5.0),
];

const ADD: &str = "add a tenant of 20 definitions";

const METRICS: &[Metric] = &[
    Metric {
        name: ADD,
        unit: "ms",
        compared: false,
    },
    Metric {
        name: "remove it",
        unit: "ms",
        compared: false,
    },
    Metric {
        name: "left of it",
        unit: "bytes",
        compared: false,
    },
];

/// Measures some hundred tenants of each kind.
pub(super) fn prepare(bench: &Bench) -> Result<Row<'_>> {
    let kinds = [
        (name::FLAT, Code::Flat),
        (name::LUA, Code::Lua),
        (name::NEW_LUA, Code::NewLua),
    ];
    row(
        bench,
        NAME,
        &kinds,
        bench.amount(200, 2),
        bench.amount(5, 1),
    )
}

/// Measures 100,000 tenants, and fails if memory grows with them.
pub(super) fn prepare_many(bench: &Bench) -> Result<Row<'_>> {
    let kinds = [(name::NEW_LUA, Code::NewLua)];
    row(bench, MANY, &kinds, bench.amount(100_000, 2), 1)
}

fn row<'a>(
    bench: &'a Bench,
    name: &'static str,
    kinds: &[(&'static str, Code)],
    cycles: usize,
    rounds: usize,
) -> Result<Row<'a>> {
    let tenants = Tenants::start(&bench.cache(), bench.amount(1_000, 3))?;
    let tenants = Rc::new(RefCell::new(tenants));
    let first = bench.amount(FIRST, 1);
    let contenders = kinds.iter().map(|(contender, code)| {
        let (tenants, code) = (Rc::clone(&tenants), *code);
        Contender::ready(contender, move || {
            let mut tenants = tenants.borrow_mut();
            if name == MANY {
                measured(&mut tenants, code, first)?;
            }
            let (figures, left) = measured(&mut tenants, code, cycles)?;
            ensure!(
                name != MANY || left <= LEFT,
                "{left} bytes are left of {cycles} tenants"
            );
            Ok(figures)
        })
    });
    Ok(Row {
        name,
        metrics: METRICS,
        contenders: contenders.collect(),
        baselines: &[],
        warm_ups: usize::from(name == NAME),
        rounds,
    })
}

/// Returns the figures of some tenants, and the bytes that are left of all of them.
fn measured(tenants: &mut Tenants, code: Code, cycles: usize) -> Result<(Vec<f64>, f64)> {
    let before = Resident::of(std::process::id())?;
    let (mut added, mut removed) = (Duration::ZERO, Duration::ZERO);
    for _ in 0..cycles {
        let cycle = tenants.cycle(code)?;
        added += cycle.added;
        removed += cycle.removed;
    }
    let after = Resident::of(std::process::id())?;
    let left = after.pages as f64 - before.pages as f64;
    let each = |time: Duration| time.as_secs_f64() * 1e3 / cycles as f64;
    let figures = vec![each(added), each(removed), left / cycles as f64];
    Ok((figures, left))
}
