//! The rows of the table. `docs/performance.md` explains them.

mod apply;
mod call;
mod capability;
mod density;
mod dispatch;
mod fall;
mod fan;
mod growth;
mod hostile;
mod http;
mod http_neighbour;
mod http_runtime;
mod latency;
mod lines;
mod lua;
mod memory;
mod pairs;
mod parked;
mod permission;
mod repeated;
mod ring;
mod round_trip;
mod skynet;
mod sockets;
mod spawn;
mod start;
mod store;
mod watched;

use anyhow::Result;

use crate::bar::Bar;
use crate::bench::Bench;
use crate::measure::Row;
use crate::payload::Payload;

/// A row that can be measured.
#[derive(Debug)]
pub(crate) struct RowKind {
    /// The name by which the row is selected.
    pub(crate) name: &'static str,
    /// A one-line description.
    pub(crate) about: &'static str,
    /// True if the row is measured by default: others take minutes, or most of
    /// the machine's memory.
    pub(crate) usual: bool,
    /// Sets up the measurement.
    pub(crate) prepare: fn(&Bench) -> Result<Row<'_>>,
    /// The bounds of its figures.
    pub(crate) bars: &'static [Bar],
}

impl RowKind {
    const fn barred(mut self, bars: &'static [Bar]) -> RowKind {
        self.bars = bars;
        self
    }
}

/// All rows, in the order of the table.
pub(crate) const ALL: &[RowKind] = &[
    usual(
        round_trip::BYTES,
        "64 bytes there and back, one pair of processes",
        |bench| round_trip::prepare(bench, round_trip::BYTES, Payload::Bytes64),
    ),
    usual(round_trip::KIB, "1 KiB there and back, one pair", |bench| {
        round_trip::prepare(bench, round_trip::KIB, Payload::Kib)
    }),
    usual(
        round_trip::TABLE,
        "a small table there and back, one pair",
        |bench| round_trip::prepare(bench, round_trip::TABLE, Payload::Table),
    ),
    usual(
        pairs::BYTES,
        "64 bytes there and back, 16 pairs at once",
        |bench| pairs::prepare(bench, pairs::BYTES, Payload::Bytes64),
    ),
    usual(
        pairs::KIB,
        "1 KiB there and back, 16 pairs at once",
        |bench| pairs::prepare(bench, pairs::KIB, Payload::Kib),
    ),
    usual(
        pairs::TABLE,
        "a small table there and back, 16 pairs at once",
        |bench| pairs::prepare(bench, pairs::TABLE, Payload::Table),
    ),
    usual(
        call::NAME,
        "64 bytes there and back by `server.call` in Lua, beside bare messages",
        call::prepare,
    )
    .barred(call::BARS),
    usual(
        capability::NAME,
        "an operation of a capability with 64 bytes, beside bare messages",
        capability::prepare,
    ),
    usual(
        store::NAME,
        "reading and setting a key of a store, beside SQLite on the same disk",
        store::prepare,
    ),
    usual(
        permission::NAME,
        "64 bytes there and back, where each send needs a permission",
        permission::prepare,
    ),
    usual(fan::OUT, "one sender to 1,000 receivers", fan::prepare_out),
    usual(fan::IN, "1,000 senders to one receiver", fan::prepare_in),
    usual(
        spawn::WARM,
        "from a spawn until the spawner knows of the exit; an empty program",
        spawn::prepare_warm,
    ),
    usual(
        spawn::COLD,
        "the same in places never used before: 900 processes at once",
        spawn::prepare_cold,
    ),
    usual(
        memory::NAME,
        "memory of a process that has answered one message and waits: of 10,000",
        memory::prepare,
    ),
    usual(memory::MANY, "the same of 100,000", memory::prepare_many),
    usual(
        memory::USED,
        "memory of a process that has answered 1,000 messages",
        memory::prepare_used,
    ),
    usual(
        parked::NAME,
        "memory of a Lua process that is parked",
        parked::prepare,
    ),
    usual(
        parked::WAKE,
        "from a message to a parked process until its answer",
        parked::prepare_wake,
    ),
    usual(
        lua::CPU,
        "Lua programs that compute, beside the same Lua built for this machine",
        lua::prepare_cpu,
    ),
    usual(
        lua::SWITCHES,
        "errors, coroutines and strings in Lua",
        lua::prepare_switches,
    ),
    usual(
        latency::NAME,
        "how late a sleeper of 2 ms wakes, beside 8 processes that compute",
        latency::prepare,
    ),
    usual(
        start::WARM,
        "the command with its code cache filled, until it has ended",
        start::prepare_warm,
    ),
    usual(
        lines::NAME,
        "a million lines printed, and read, beside lua5.4",
        lines::prepare,
    )
    .barred(lines::BARS),
    usual(
        start::COLD,
        "the command with nothing in its code cache, until it has ended",
        start::prepare_cold,
    ),
    usual(
        ring::NAME,
        "a token that goes around 503 processes",
        ring::prepare,
    ),
    usual(
        skynet::DEPTH_FIRST,
        "a tree of processes with 100,000 leaves, 1,000 of them at once",
        skynet::prepare,
    ),
    usual(
        fall::CHAIN,
        "linked processes, each to the next, until the failure of one has ended all",
        fall::prepare_chain,
    ),
    usual(
        fall::STAR,
        "the same, all linked to one",
        fall::prepare_star,
    ),
    usual(
        fall::MESH,
        "the same, each linked to every other",
        fall::prepare_mesh,
    ),
    usual(
        apply::NAME,
        "a tenant that comes and goes beside 1,000 others, each with 20 definitions",
        apply::prepare,
    )
    .barred(apply::BARS),
    on_request(
        apply::MANY,
        "100,000 such tenants; fails if memory grows with them",
        apply::prepare_many,
    ),
    on_request(
        growth::NAME,
        "how the cost of each operation grows with what is around it; fails over a bound",
        growth::prepare,
    ),
    on_request(
        hostile::NAME,
        "round trips of a pair beside each attack of the catalogue, in another host",
        hostile::prepare,
    )
    .barred(hostile::BARS),
    on_request(
        http::NAME,
        "hello over HTTP, beside `wasmtime serve` and axum; needs wrk",
        http::prepare,
    )
    .barred(http::BARS),
    on_request(
        http_neighbour::NAME,
        "hello over HTTP beside the endless loop of another host; needs wrk",
        http_neighbour::prepare,
    )
    .barred(http_neighbour::BARS),
    on_request(
        http_runtime::NAME,
        "hello over HTTP with connections on one thread, and on one for each core; needs wrk",
        http_runtime::prepare,
    ),
    on_request(
        sockets::NAME,
        "memory of 10,000 open WebSockets, beside those of axum",
        sockets::prepare,
    )
    .barred(sockets::BARS),
    on_request(
        sockets::UNREAD,
        "a WebSocket beside one whose client reads nothing",
        sockets::prepare_unread,
    )
    .barred(sockets::UNREAD_BARS),
    on_request(
        skynet::CLASSIC,
        "the same tree, all of its processes at once",
        skynet::prepare_classic,
    ),
    on_request(
        skynet::MILLION,
        "a tree with 1,000,000 leaves, 1,000 of them at once",
        skynet::prepare_million,
    ),
    on_request(
        density::NAME,
        "100,000 and 300,000 Lua processes that have answered one message",
        density::prepare,
    ),
    on_request(
        dispatch::NAME,
        "an interpreter of one function that branches by a table, beside one of tail calls",
        dispatch::prepare,
    ),
    on_request(
        watched::NAME,
        "16 pairs beside 100,000 processes that wait, with and without `warren top`",
        watched::prepare,
    ),
];

const fn usual(
    name: &'static str,
    about: &'static str,
    prepare: fn(&Bench) -> Result<Row<'_>>,
) -> RowKind {
    RowKind {
        name,
        about,
        usual: true,
        prepare,
        bars: &[],
    }
}

const fn on_request(
    name: &'static str,
    about: &'static str,
    prepare: fn(&Bench) -> Result<Row<'_>>,
) -> RowKind {
    RowKind {
        name,
        about,
        usual: false,
        prepare,
        bars: &[],
    }
}

/// Names of contenders.
mod name {
    pub(super) const CALL: &str = "server.call";
    pub(super) const COMPONENT: &str = "component";
    pub(super) const ERLANG: &str = "Erlang";
    pub(super) const FLAT: &str = "flat";
    /// The pairs of a round trip, each send judged.
    pub(super) const JUDGED: [&str; 3] = ["flat, judged", "component, judged", "Lua, judged"];
    pub(super) const LUA: &str = "Lua";
    pub(super) const NEW_LUA: &str = "Lua, new";
    pub(super) const RUST_TO_LUA: &str = "Rust to Lua";
    pub(super) const RUST_TO_RUST: &str = "Rust to Rust";
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
