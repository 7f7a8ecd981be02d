//! The number of Lua processes that live on this machine at once.

use std::rc::Rc;

use anyhow::Result;

use crate::bench::Bench;
use crate::crowd::{Crowd, Kind};
use crate::max_map_count::Raised;
use crate::measure::{Contender, Metric, Row};

pub(super) const NAME: &str = "density";

const METRICS: &[Metric] = &[
    Metric {
        name: "memory of all",
        unit: "GiB",
        compared: false,
    },
    Metric {
        name: "memory of each",
        unit: "KiB",
        compared: false,
    },
    Metric {
        name: "to start one and have its answer",
        unit: "us",
        compared: false,
    },
];

pub(super) fn prepare(bench: &Bench) -> Result<Row<'_>> {
    let sizes = [("100,000 Lua", 100_000), ("300,000 Lua", 300_000)];
    let contenders = sizes.map(|(name, processes)| {
        let processes = bench.amount(processes, 100);
        let crowd = Crowd {
            kind: Kind::Lua,
            processes,
            messages: 1,
            cache: bench.cache(),
            parks: false,
        };
        match Raised::for_processes(processes).map(Rc::new) {
            Ok(raised) => Contender::ready(name, move || {
                let _: &Raised = &raised;
                let held = crowd.measure()?;
                let each = held.share.pages + held.share.tables;
                let processes = f64::from(processes);
                Ok(vec![
                    each * processes / f64::from(1 << 30),
                    each / 1024.0,
                    held.elapsed.as_secs_f64() * 1e6 / processes,
                ])
            }),
            Err(reason) => Contender::missing(name, reason.to_string()),
        }
    });
    Ok(Row {
        name: NAME,
        metrics: METRICS,
        contenders: contenders.into(),
        baselines: &[],
        warm_ups: 0,
        rounds: 1,
    })
}
