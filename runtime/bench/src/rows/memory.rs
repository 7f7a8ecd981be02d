//! What a waiting process takes.

use anyhow::Result;

use super::name;
use crate::bench::Bench;
use crate::crowd::{Crowd, FIRST, Kind};
use crate::erlang::{self, Erlang};
use crate::measure::{Contender, Metric, Row};
use crate::resident::{Resident, Share};

pub(super) const NAME: &str = "memory";

const METRICS: &[Metric] = &[
    Metric {
        name: "all of it",
        unit: "KiB",
        compared: true,
    },
    Metric {
        name: "of that page tables",
        unit: "KiB",
        compared: false,
    },
];

pub(super) fn prepare(bench: &Bench) -> Result<Row<'_>> {
    let processes: u32 = bench.amount(10_000, 50);
    let crowd = |name, kind| {
        let crowd = Crowd {
            kind,
            processes,
            cache: bench.cache(),
        };
        Contender::ready(name, move || Ok(figures(crowd.measure()?)))
    };
    let contenders = vec![
        crowd(name::FLAT, Kind::Flat),
        crowd(name::COMPONENT, Kind::Component),
        crowd(name::LUA, Kind::Lua),
        crowd(name::TOKIO, Kind::Tokio),
        if Erlang::start(bench.scratch())?.is_some() {
            Contender::ready(name::ERLANG, move || {
                Ok(figures(in_erlang(bench, processes)?))
            })
        } else {
            Contender::missing(name::ERLANG, erlang::MISSING)
        },
    ];
    Ok(Row {
        name: NAME,
        metrics: METRICS,
        contenders,
        baselines: &[name::ERLANG],
        warm_ups: 0,
        rounds: bench.amount(3, 1),
    })
}

/// In a virtual machine of its own, measured from outside as all others are.
fn in_erlang(bench: &Bench, processes: u32) -> Result<Share> {
    let Some(mut erlang) = Erlang::start(bench.scratch())? else {
        anyhow::bail!("Erlang is gone");
    };
    let os_pid = erlang.os_pid()?;
    erlang.crowd(FIRST)?;
    let before = Resident::of(os_pid)?;
    erlang.crowd(processes)?;
    let after = Resident::of(os_pid)?;
    Ok(after.each_since(before, processes))
}

fn figures(share: Share) -> Vec<f64> {
    vec![(share.pages + share.tables) / 1024.0, share.tables / 1024.0]
}
