//! A store in a database of SQLite.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use warren_engine::capability::{Charge, StoreSettings};
use warren_kernel::{Error, nanoseconds};

use super::command::{Command, Outcome, Page};
use super::entry::{Entry, Totals, number, sum};
use super::watch::{Change, Watchers};
use crate::data::{Data, DataError};
use crate::sqlite::{Database, Place, Tables, failed};

/// `ends` is in milliseconds of the wall clock: an entry may outlive the program.
const TABLES: Tables = Tables {
    version: 1,
    text: "
    CREATE TABLE entries (
        key TEXT NOT NULL UNIQUE,
        value BLOB NOT NULL,
        bytes INTEGER NOT NULL,
        version INTEGER NOT NULL,
        ends INTEGER
    );
    CREATE INDEX entries_by_end ON entries (ends) WHERE ends IS NOT NULL;
    CREATE TABLE totals (
        one INTEGER PRIMARY KEY CHECK (one = 1),
        version INTEGER NOT NULL,
        entries INTEGER NOT NULL,
        bytes INTEGER NOT NULL
    );
    INSERT INTO totals VALUES (1, 0, 0, 0);
    ",
};

/// Entries that one change forgets after their end. More than a change can add, so that none
/// stay for good.
const FORGOTTEN_AT_ONCE: i64 = 64;

/// A store in a database. Clones are the same store.
#[derive(Clone)]
pub(super) struct Durable {
    /// True if the database is a file.
    pub(super) outlives_program: bool,
    settings: Arc<StoreSettings>,
    database: Arc<Database>,
    watchers: Arc<Watchers>,
}

impl Durable {
    /// Opens the file of a store, and makes it if it is missing. Without data, the database
    /// is in memory.
    pub(super) fn open(
        settings: &StoreSettings,
        data: Option<&Data>,
        watchers: &Arc<Watchers>,
    ) -> Result<Durable, DataError> {
        let place = match data {
            Some(data) => Place::file(data.file("stores", &settings.id)?, data.clone()),
            None => Place::Memory,
        };
        Ok(Durable {
            outlives_program: data.is_some(),
            database: Database::open(&place, &TABLES)?,
            settings: Arc::new(settings.clone()),
            watchers: Arc::clone(watchers),
        })
    }

    /// Carries out a command for a host.
    pub(super) async fn run(
        &self,
        host: usize,
        command: Command,
        charge: Charge,
    ) -> Result<Outcome, Error> {
        match command {
            Command::Get { key } => {
                let job = move |c: &Connection| find(c, &key, &charge).map(Outcome::Found);
                self.database.read(host, job).await
            }
            Command::List {
                prefix,
                after,
                limit,
            } => {
                let job = move |c: &Connection| {
                    list(c, (prefix.as_str(), after.as_str()), limit, &charge).map(Outcome::Page)
                };
                self.database.read(host, job).await
            }
            change => self.change(host, change).await,
        }
    }

    async fn change(&self, host: usize, change: Command) -> Result<Outcome, Error> {
        let key = match &change {
            Command::Put { key, .. } | Command::Add { key, .. } | Command::Delete { key } => {
                Arc::clone(key)
            }
            Command::Get { .. } | Command::List { .. } => "".into(),
        };
        let settings = Arc::clone(&self.settings);
        let (watchers, id) = (Arc::clone(&self.watchers), Arc::clone(&self.settings.id));
        let tell = move |outcome: &Outcome| {
            let change = match outcome {
                Outcome::Made(version) | Outcome::Sum(_, version) => Change::set(&key, *version),
                Outcome::Deleted(true) => Change::deleted(&key),
                _ => return,
            };
            watchers.tell(&id, &change);
        };
        let job = move |c: &Connection| apply(c, &settings, change);
        self.database.write(host, job, tell).await
    }
}

/// Milliseconds on the wall clock.
fn now() -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = nanoseconds(now.unwrap_or_default()) / 1_000_000;
    i64::try_from(now).unwrap_or(i64::MAX)
}

/// Returns the end of a life that begins now; the last moment there is if it is longer.
fn end_of(lifetime: u64) -> i64 {
    let milliseconds = lifetime.div_ceil(1_000_000);
    now().saturating_add(i64::try_from(milliseconds).unwrap_or(i64::MAX))
}

fn wrong(error: rusqlite::Error) -> Error {
    failed(&error)
}

fn find(c: &Connection, key: &Arc<str>, charge: &Charge) -> Result<Option<Entry>, Error> {
    let text = "SELECT bytes, version, value FROM entries
                WHERE key = ?1 AND (ends IS NULL OR ends > ?2)";
    let mut statement = c.prepare_cached(text).map_err(wrong)?;
    let mut rows = statement.query(params![&**key, now()]).map_err(wrong)?;
    let Some(row) = rows.next().map_err(wrong)? else {
        return Ok(None);
    };
    let bytes: i64 = row.get(0).map_err(wrong)?;
    let version: i64 = row.get(1).map_err(wrong)?;
    charge.grow(usize::try_from(bytes).unwrap_or(usize::MAX))?;
    let value: Vec<u8> = row.get(2).map_err(wrong)?;
    Ok(Some(Entry {
        key: Arc::clone(key),
        value: value.into(),
        version: version.cast_unsigned(),
    }))
}

fn list(
    c: &Connection,
    (prefix, after): (&str, &str),
    limit: usize,
    charge: &Charge,
) -> Result<Page, Error> {
    // One statement for both bounds: the plan is a range of the index either way.
    let (text, from) = match after < prefix {
        true => (
            "SELECT key, bytes, version, value FROM entries
             WHERE key >= ?1 AND (ends IS NULL OR ends > ?2) ORDER BY key",
            prefix,
        ),
        false => (
            "SELECT key, bytes, version, value FROM entries
             WHERE key > ?1 AND (ends IS NULL OR ends > ?2) ORDER BY key",
            after,
        ),
    };
    let mut statement = c.prepare_cached(text).map_err(wrong)?;
    let mut rows = statement.query(params![from, now()]).map_err(wrong)?;
    let mut page = Page::default();
    while let Some(row) = rows.next().map_err(wrong)? {
        let key: String = row.get(0).map_err(wrong)?;
        if !key.starts_with(prefix) {
            break;
        }
        let bytes: i64 = row.get(1).map_err(wrong)?;
        let version: i64 = row.get(2).map_err(wrong)?;
        charge.grow(usize::try_from(bytes).unwrap_or(usize::MAX))?;
        let value: Vec<u8> = row.get(3).map_err(wrong)?;
        let entry = Entry {
            key: key.into(),
            value: value.into(),
            version: version.cast_unsigned(),
        };
        if !page.add(entry, limit) {
            break;
        }
    }
    Ok(page)
}

/// The present entry of a key, as a change finds it.
struct Present {
    bytes: u64,
    version: u64,
    ends: Option<i64>,
}

impl Present {
    fn lives(&self) -> bool {
        self.ends.is_none_or(|ends| now() < ends)
    }
}

fn present(c: &Connection, key: &str) -> Result<Option<Present>, Error> {
    let text = "SELECT bytes, version, ends FROM entries WHERE key = ?1";
    let row = |row: &Row<'_>| -> rusqlite::Result<Present> {
        Ok(Present {
            bytes: row.get::<_, i64>(0)?.cast_unsigned(),
            version: row.get::<_, i64>(1)?.cast_unsigned(),
            ends: row.get(2)?,
        })
    };
    c.prepare_cached(text)
        .and_then(|mut statement| statement.query_row([key], row).optional())
        .map_err(wrong)
}

/// Carries out a change, within the transaction of the thread that writes.
fn apply(c: &Connection, settings: &StoreSettings, change: Command) -> Result<Outcome, Error> {
    match change {
        Command::Put {
            key,
            value,
            lifetime,
            condition,
        } => {
            forget(c)?;
            let present = present(c, &key)?;
            let living = present.as_ref().filter(|present| present.lives());
            condition.check(living.map(|present| present.version))?;
            let ends = lifetime.map(end_of);
            let version = put(c, settings, (&*key, &*value), ends, present.as_ref())?;
            Ok(Outcome::Made(version))
        }
        Command::Add { key, by } => {
            forget(c)?;
            let present = present(c, &key)?;
            let living = present.as_ref().filter(|present| present.lives());
            let value: Option<Vec<u8>> = match living {
                None => None,
                Some(_) => c
                    .prepare_cached("SELECT value FROM entries WHERE key = ?1")
                    .and_then(|mut statement| statement.query_row([&*key], |row| row.get(0)))
                    .map(Some)
                    .map_err(wrong)?,
            };
            let sum = sum(value.as_deref(), by)?;
            let ends = living.and_then(|present| present.ends);
            let value = number(sum)?;
            let version = put(c, settings, (&*key, &*value), ends, present.as_ref())?;
            Ok(Outcome::Sum(sum, version))
        }
        Command::Delete { key } => {
            let Some(present) = present(c, &key)? else {
                return Ok(Outcome::Deleted(false));
            };
            c.prepare_cached("DELETE FROM entries WHERE key = ?1")
                .and_then(|mut statement| statement.execute([&*key]))
                .map_err(wrong)?;
            let mut totals = totals(c)?;
            totals.of_all.entries = totals.of_all.entries.saturating_sub(1);
            totals.of_all.bytes = totals.of_all.bytes.saturating_sub(present.bytes);
            totals.write(c)?;
            Ok(Outcome::Deleted(present.lives()))
        }
        Command::Get { .. } | Command::List { .. } => {
            Err(Error::internal("a read is no change of a store"))
        }
    }
}

/// Sets a value. Returns its version.
fn put(
    c: &Connection,
    settings: &StoreSettings,
    (key, value): (&str, &[u8]),
    ends: Option<i64>,
    present: Option<&Present>,
) -> Result<u64, Error> {
    let mut totals = totals(c)?;
    let (before, bytes) = (present.map(|p| p.bytes), (key.len() + value.len()) as u64);
    totals.of_all.check(settings, before, bytes)?;
    totals.version += 1;
    totals.of_all.entries += u64::from(before.is_none());
    totals.of_all.bytes = totals
        .of_all
        .bytes
        .saturating_sub(before.unwrap_or_default())
        + bytes;
    let text = "INSERT INTO entries (key, value, bytes, version, ends) VALUES (?1, ?2, ?3, ?4, ?5)
                ON CONFLICT (key) DO UPDATE SET value = excluded.value, bytes = excluded.bytes,
                version = excluded.version, ends = excluded.ends";
    let version = totals.version;
    c.prepare_cached(text)
        .and_then(|mut statement| {
            statement.execute(params![
                key,
                value,
                bytes.cast_signed(),
                version.cast_signed(),
                ends
            ])
        })
        .map_err(wrong)?;
    totals.write(c)?;
    Ok(version)
}

/// Forgets some of the entries that have ended, the oldest first.
fn forget(c: &Connection) -> Result<(), Error> {
    let text = "SELECT rowid, bytes FROM entries WHERE ends IS NOT NULL AND ends <= ?1
                ORDER BY ends LIMIT ?2";
    let ended = || -> rusqlite::Result<Vec<(i64, i64)>> {
        let mut statement = c.prepare_cached(text)?;
        let rows = statement.query_map([now(), FORGOTTEN_AT_ONCE], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
        rows.collect()
    };
    let ended = ended().map_err(wrong)?;
    if ended.is_empty() {
        return Ok(());
    }
    let mut totals = totals(c)?;
    for (rowid, bytes) in ended {
        c.prepare_cached("DELETE FROM entries WHERE rowid = ?1")
            .and_then(|mut statement| statement.execute([rowid]))
            .map_err(wrong)?;
        totals.of_all.entries = totals.of_all.entries.saturating_sub(1);
        totals.of_all.bytes = totals.of_all.bytes.saturating_sub(bytes.cast_unsigned());
    }
    totals.write(c)
}

/// The counts of a store as the file has them.
struct Counted {
    of_all: Totals,
    /// The version that was made last.
    version: u64,
}

fn totals(c: &Connection) -> Result<Counted, Error> {
    let row = |row: &Row<'_>| -> rusqlite::Result<Counted> {
        Ok(Counted {
            version: row.get::<_, i64>(0)?.cast_unsigned(),
            of_all: Totals {
                entries: row.get::<_, i64>(1)?.cast_unsigned(),
                bytes: row.get::<_, i64>(2)?.cast_unsigned(),
            },
        })
    };
    c.prepare_cached("SELECT version, entries, bytes FROM totals")
        .and_then(|mut statement| statement.query_row([], row))
        .map_err(wrong)
}

impl Counted {
    fn write(&self, c: &Connection) -> Result<(), Error> {
        let values = [
            self.version.cast_signed(),
            self.of_all.entries.cast_signed(),
            self.of_all.bytes.cast_signed(),
        ];
        c.prepare_cached("UPDATE totals SET version = ?1, entries = ?2, bytes = ?3")
            .and_then(|mut statement| statement.execute(values))
            .map(|_| ())
            .map_err(wrong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::entry::Condition;

    fn store(data: &Data) -> Durable {
        let settings = StoreSettings {
            durable: true,
            max_entries: 3,
            max_bytes: 20,
            ..StoreSettings::new("t:s")
        };
        Durable::open(&settings, Some(data), &Arc::default()).unwrap()
    }

    async fn run(store: &Durable, command: Command) -> Result<Outcome, Error> {
        store.run(0, command, Charge::new(|_| Ok(()))).await
    }

    fn put(key: &str, bytes: usize, lifetime: Option<u64>) -> Command {
        Command::Put {
            key: key.into(),
            value: vec![7; bytes].into(),
            lifetime,
            condition: Condition::None,
        }
    }

    #[tokio::test]
    async fn entries_versions_and_counts_outlive_the_program() {
        let outer = tempfile::tempdir().unwrap();
        let data = Data::open(outer.path()).unwrap();
        for round in 0..3 {
            let store = store(&data);
            let outcome = run(&store, put("a", 1, None)).await.unwrap();
            // Two versions a round: an entry that is made again has another one.
            assert!(matches!(outcome, Outcome::Made(version) if version == 2 * round + 1));
            let gone = run(&store, Command::Delete { key: "a".into() }).await;
            assert!(matches!(gone, Ok(Outcome::Deleted(true))));
            run(&store, put("b", 1, None)).await.unwrap();
            let found = run(&store, Command::Get { key: "b".into() }).await.unwrap();
            let Outcome::Found(Some(entry)) = found else {
                panic!("{found:?}");
            };
            assert_eq!((&*entry.value, entry.version), (&[7][..], 2 * round + 2));
        }
    }

    #[tokio::test]
    async fn a_full_store_refuses_until_something_has_gone() {
        let outer = tempfile::tempdir().unwrap();
        let data = Data::open(outer.path()).unwrap();
        let store = store(&data);
        for key in ["a", "b", "c"] {
            run(&store, put(key, 1, None)).await.unwrap();
        }
        let error = run(&store, put("d", 1, None)).await.unwrap_err();
        assert!(error.message.contains("max_entries = 3"), "{error}");
        let error = run(&store, put("c", 16, None)).await.unwrap_err();
        assert!(error.message.contains("max_bytes = 20"), "{error}");
        run(&store, put("c", 15, None)).await.unwrap();
        run(&store, Command::Delete { key: "c".into() })
            .await
            .unwrap();
        run(&store, put("d", 1, Some(0))).await.unwrap();
        // It has ended at once, and makes room for the next one.
        let found = run(&store, Command::Get { key: "d".into() }).await;
        assert!(matches!(found, Ok(Outcome::Found(None))));
        run(&store, put("e", 1, None)).await.unwrap();
    }

    #[tokio::test]
    async fn a_value_that_the_process_has_no_memory_for_is_not_read() {
        let outer = tempfile::tempdir().unwrap();
        let data = Data::open(outer.path()).unwrap();
        let store = store(&data);
        run(&store, put("a", 9, None)).await.unwrap();
        let charge = Charge::new(|bytes| match bytes {
            10 => Err(Error::internal("no memory")),
            other => panic!("{other} bytes"),
        });
        let read = store.run(0, Command::Get { key: "a".into() }, charge).await;
        assert_eq!(read.unwrap_err().message, "no memory");
    }

    #[test]
    fn a_file_of_a_later_version_is_refused() {
        let outer = tempfile::tempdir().unwrap();
        let data = Data::open(outer.path()).unwrap();
        drop(store(&data));
        let file = data.file("stores", "t:s").unwrap();
        let connection = Connection::open(file).unwrap();
        connection.execute_batch("PRAGMA user_version = 2").unwrap();
        drop(connection);
        let settings = StoreSettings::new("t:s");
        let error = Durable::open(&settings, Some(&data), &Arc::default()).map(|_| ());
        let message = error.unwrap_err().to_string();
        assert!(message.contains("version 2"), "{message}");
    }
}
