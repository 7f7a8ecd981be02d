//! The memory of a waiting process.

use std::rc::Rc;

use anyhow::Result;

use super::name;
use crate::bench::Bench;
use crate::crowd::{Crowd, FIRST, Kind};
use crate::erlang::{self, Erlang};
use crate::max_map_count::Raised;
use crate::measure::{Contender, Metric, Row};
use crate::resident::{Resident, Share};

pub(super) const NAME: &str = "memory";
pub(super) const MANY: &str = "memory-100k";
pub(super) const USED: &str = "memory-used";

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

/// Measures 10,000 processes of every kind, each after one message.
pub(super) fn prepare(bench: &Bench) -> Result<Row<'_>> {
    let crowds = Crowds {
        bench,
        processes: bench.amount(10_000, 50),
        messages: 1,
    };
    crowds.row(
        NAME,
        &[Kind::Flat, Kind::Component, Kind::Lua, Kind::Tokio],
        bench.amount(3, 1),
    )
}

/// Measures 100,000 processes, each after one message.
pub(super) fn prepare_many(bench: &Bench) -> Result<Row<'_>> {
    let crowds = Crowds {
        bench,
        processes: bench.amount(100_000, 100),
        messages: 1,
    };
    crowds.row(MANY, &[Kind::Flat, Kind::Lua], 1)
}

/// Measures used processes: each after a thousand messages.
pub(super) fn prepare_used(bench: &Bench) -> Result<Row<'_>> {
    let crowds = Crowds {
        bench,
        processes: bench.amount(10_000, 20),
        messages: bench.amount(1_000, 3),
    };
    crowds.row(USED, &[Kind::Flat, Kind::Lua], 1)
}

struct Crowds<'a> {
    bench: &'a Bench,
    processes: u32,
    messages: u32,
}

impl<'a> Crowds<'a> {
    /// Returns a row of crowds of these kinds, and of Erlang's processes.
    fn row(self, name: &'static str, kinds: &[Kind], rounds: usize) -> Result<Row<'a>> {
        let mut contenders = Vec::new();
        let raised = Raised::for_processes(self.processes).map(Rc::new);
        for kind in kinds {
            let crowd = Crowd {
                kind: *kind,
                processes: self.processes,
                messages: self.messages,
                cache: self.bench.cache(),
                parks: false,
            };
            let contender = contender(*kind);
            contenders.push(match &raised {
                Ok(raised) => {
                    let raised = Rc::clone(raised);
                    Contender::ready(contender, move || {
                        let _: &Raised = &raised;
                        Ok(figures(crowd.measure()?.share))
                    })
                }
                Err(reason) => Contender::missing(contender, reason.to_string()),
            });
        }
        contenders.push(match Erlang::start(self.bench.scratch(), &[])? {
            Some(_) => Contender::ready(name::ERLANG, move || Ok(figures(self.in_erlang()?))),
            None => Contender::missing(name::ERLANG, erlang::MISSING),
        });
        Ok(Row {
            name,
            metrics: METRICS,
            contenders,
            baselines: &[name::ERLANG],
            warm_ups: 0,
            rounds,
        })
    }

    /// Measures Erlang's processes in a virtual machine of their own, from
    /// outside like all others.
    fn in_erlang(&self) -> Result<Share> {
        let Some(mut erlang) = Erlang::start(self.bench.scratch(), &[])? else {
            anyhow::bail!("Erlang is gone");
        };
        let os_pid = erlang.os_pid()?;
        erlang.crowd(FIRST, self.messages)?;
        let before = Resident::of(os_pid)?;
        erlang.crowd(self.processes, self.messages)?;
        let after = Resident::of(os_pid)?;
        Ok(after.each_since(before, self.processes))
    }
}

fn contender(kind: Kind) -> &'static str {
    match kind {
        Kind::Flat => name::FLAT,
        Kind::Component => name::COMPONENT,
        Kind::Lua => name::LUA,
        Kind::Tokio => name::TOKIO,
    }
}

fn figures(share: Share) -> Vec<f64> {
    vec![(share.pages + share.tables) / 1024.0, share.tables / 1024.0]
}
