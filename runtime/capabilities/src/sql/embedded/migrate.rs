//! Migrations of a database of SQLite.

use rusqlite::fallible_iterator::FallibleIterator as _;
use rusqlite::{Batch, OptionalExtension as _, params};
use warren_engine::capability::Migration;
use warren_kernel::Error;

use super::super::migrations::{self, Made, TABLE};
use super::connection::Guarded;

/// Makes the migrations that were not made yet, each in a transaction.
///
/// # Errors
///
/// `Invalid` for one that was changed after it was made, or that fails, with its name.
pub(super) fn run(connection: &Guarded, all: &[Migration]) -> Result<(), Error> {
    if all.is_empty() {
        return Ok(());
    }
    connection.own(TABLE)?;
    migrations::check(&made(connection)?, all)?;
    for migration in all {
        let named = |error: Error| migrations::named(&migration.name, &error);
        make(connection, migration).map_err(named)?;
    }
    Ok(())
}

fn made(connection: &Guarded) -> Result<Vec<Made>, Error> {
    let inner = &connection.connection;
    let read = || -> rusqlite::Result<Vec<Made>> {
        let mut statement = inner.prepare(migrations::READ)?;
        let rows = statement.query_map([], |row| {
            Ok(Made {
                version: row.get(0)?,
                name: row.get(1)?,
                hash: row.get(2)?,
            })
        })?;
        rows.collect()
    };
    connection
        .guard
        .own(read)
        .map_err(|error| connection.failed(&error))
}

fn make(connection: &Guarded, migration: &Migration) -> Result<(), Error> {
    let version = i64::from(migration.version);
    let inner = &connection.connection;
    connection.own("BEGIN IMMEDIATE")?;
    let steps = || -> rusqlite::Result<()> {
        let found = inner.query_row(migrations::FIND, [version], |_| Ok(()));
        if found.optional()?.is_some() {
            return Ok(());
        }
        // Under the guard: a migration may do what a statement of the program may.
        let mut batch = Batch::new(inner, &migration.text);
        while let Some(mut statement) = batch.next()? {
            let mut rows = statement.raw_query();
            while rows.next()?.is_some() {}
        }
        let hash = migrations::hash(&migration.text);
        let note = || inner.execute(migrations::ADD, params![version, &*migration.name, hash]);
        connection.guard.own(note).map(|_| ())
    };
    let done = steps().map_err(|error| connection.failed(&error));
    let done = done.and_then(|()| connection.own("COMMIT"));
    if done.is_err() {
        connection.roll_back();
    }
    done
}
