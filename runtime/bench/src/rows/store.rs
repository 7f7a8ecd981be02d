//! Stores in memory and on the disk, beside transactions of SQLite on the same disk.

use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use rusqlite::Connection;

use super::repeated::{Repeated, time};
use crate::bench::Bench;
use crate::guests::{Arguments, DURABLE, IN_MEMORY};
use crate::measure::{Metric, Row};
use crate::node::BenchNode;

pub(super) const NAME: &str = "store";

const METRICS: &[Metric] = &[time("operation")];

const SQLITE: &str = "SQLite, a commit each";

/// Processes that set keys at once: their writes share commits.
const WRITERS: u32 = 16;

/// The contenders of one process, and the store and operation of each.
const ALONE: [(&str, &str, &str); 4] = [
    ("memory, get", IN_MEMORY, "get"),
    ("memory, set", IN_MEMORY, "set"),
    ("durable, get", DURABLE, "get"),
    ("durable, set", DURABLE, "set"),
];

pub(super) fn prepare(bench: &Bench) -> Result<Row<'_>> {
    let count: u32 = bench.amount(3_200, 32);
    let data = bench.scratch().join("data");
    let node = Rc::new(BenchNode::with_stores(&bench.cache(), &data)?);
    let arguments = |count: u32, id: &str, operation: &str| {
        let arguments = Arguments::new().number(count);
        arguments.text(id).text(operation)
    };
    let mut row = Repeated::on(bench, node, count);
    for (contender, id, operation) in ALONE {
        row = row.program(
            contender,
            "bench:store.lua",
            arguments(count, id, operation),
        );
    }
    let each = arguments(count / WRITERS, DURABLE, "set");
    row = row.sampled("durable, set by 16", move |node| {
        let run = node.run_many("bench:store.lua", &each, WRITERS as usize)?;
        Ok(run.elapsed)
    });
    let sqlite = Sqlite::open(&data.join("baseline.db"))?;
    row = row.sampled(SQLITE, move |_| sqlite.set(count));
    let mut row = row.row(NAME, METRICS, 9);
    row.baselines = &[SQLITE];
    Ok(row)
}

/// A table of keys and values, as SQLite alone has it.
struct Sqlite(Connection);

impl Sqlite {
    fn open(path: &Path) -> Result<Sqlite> {
        let connection = Connection::open(path).context("no database of SQLite")?;
        let _mode: String =
            connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
        connection.execute_batch(
            "PRAGMA synchronous = FULL; CREATE TABLE entries (key TEXT PRIMARY KEY, value)",
        )?;
        Ok(Sqlite(connection))
    }

    /// Sets one key, in a transaction each time.
    fn set(&self, count: u32) -> Result<Duration> {
        let mut set = self.0.prepare(
            "INSERT INTO entries VALUES (?1, ?2) \
             ON CONFLICT (key) DO UPDATE SET value = excluded.value",
        )?;
        let began = Instant::now();
        for n in 0..count {
            set.execute(("key", n))?;
        }
        Ok(began.elapsed())
    }
}
