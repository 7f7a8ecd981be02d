//! The rows of the table. `docs/performance.md` explains them.

mod fall;
mod latency;
mod memory;
mod round_trip;
mod spawn;
mod start;

use anyhow::Result;

pub(crate) use fall::Shape;

use crate::bench::Bench;
use crate::measure::Row;

/// A row that can be measured.
#[derive(Debug)]
pub(crate) struct RowKind {
    /// What it is selected by.
    pub(crate) name: &'static str,
    /// What it measures, in one line.
    pub(crate) about: &'static str,
    /// Sets up what is to be measured.
    pub(crate) prepare: fn(&Bench) -> Result<Row<'_>>,
}

/// All rows, in the order of the table.
pub(crate) const ALL: &[RowKind] = &[
    RowKind {
        name: round_trip::NAME,
        about: "64 bytes there and back, one pair of processes",
        prepare: round_trip::prepare,
    },
    RowKind {
        name: memory::NAME,
        about: "memory of a process that has answered one message and waits",
        prepare: memory::prepare,
    },
    RowKind {
        name: spawn::NAME,
        about: "from a spawn until the spawner knows of the exit; an empty program",
        prepare: spawn::prepare,
    },
    RowKind {
        name: start::COLD,
        about: "the command with nothing in its code cache, until it has ended",
        prepare: start::prepare_cold,
    },
    RowKind {
        name: start::WARM,
        about: "the command with its code cache filled, until it has ended",
        prepare: start::prepare_warm,
    },
    RowKind {
        name: latency::NAME,
        about: "how late a sleeper of 2 ms wakes, beside 8 processes that compute",
        prepare: latency::prepare,
    },
    RowKind {
        name: fall::CHAIN,
        about: "linked processes, each to the next, until the failure of one has ended all",
        prepare: fall::prepare_chain,
    },
    RowKind {
        name: fall::STAR,
        about: "the same, all linked to one",
        prepare: fall::prepare_star,
    },
    RowKind {
        name: fall::MESH,
        about: "the same, each linked to every other",
        prepare: fall::prepare_mesh,
    },
];

/// How contenders are called.
mod name {
    pub(super) const COMPONENT: &str = "component";
    pub(super) const ERLANG: &str = "Erlang";
    pub(super) const FLAT: &str = "flat";
    pub(super) const LUA: &str = "Lua";
    pub(super) const TOKIO: &str = "tokio";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique() {
        let mut names: Vec<_> = ALL.iter().map(|row| row.name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), ALL.len());
    }
}
