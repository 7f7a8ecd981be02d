//! Statements on a connection.

use rusqlite::fallible_iterator::FallibleIterator as _;
use rusqlite::{Batch, Connection, Statement as Compiled, ffi};
use warren_engine::capability::{Answer, Charge};
use warren_kernel::Error;

use super::super::access::Access;
use super::super::command::Statement;
use super::super::params::{Param, check_count};
use super::super::rows::{Columns, Rows};
use super::connection::Guarded;
use super::{text, values};
use crate::answer;

/// Runs a statement in a transaction of its own.
pub(super) fn alone(
    connection: &Guarded,
    statement: &Statement,
    max_rows: usize,
    charge: Charge,
) -> Answer {
    if statement.access == Access::Read {
        return within(connection, statement, true, max_rows, charge);
    }
    connection.shorten_log()?;
    connection.own("BEGIN IMMEDIATE")?;
    let done = within(connection, statement, false, max_rows, charge);
    let done = done.and_then(|answer| commit(connection).map(|()| answer));
    if done.is_err() {
        connection.roll_back();
    }
    done
}

/// Ends a transaction with its changes.
pub(super) fn commit(connection: &Guarded) -> Result<(), Error> {
    if connection.connection.is_autocommit() {
        return Err(rolled_back());
    }
    connection.own("COMMIT")
}

/// Runs a statement in a transaction that is open, or, if it only reads, without one.
pub(super) fn within(
    connection: &Guarded,
    statement: &Statement,
    is_read_only: bool,
    max_rows: usize,
    charge: Charge,
) -> Answer {
    if statement.returns_rows || !statement.params.is_empty() {
        let mut compiled = only(connection, &statement.text)?;
        check_access(&compiled, is_read_only)?;
        return match statement.returns_rows {
            true => rows(
                connection,
                &mut compiled,
                &statement.params,
                max_rows,
                charge,
            ),
            false => {
                let done = execute(connection, &mut compiled, &statement.params)?;
                done.answer()
            }
        };
    }
    let mut all = Done::default();
    text::check(&statement.text)?;
    let mut batch = Batch::new(&connection.connection, &statement.text);
    while let Some(mut compiled) = next(connection, &mut batch)? {
        check_access(&compiled, is_read_only)?;
        all.add(execute(connection, &mut compiled, &[])?);
    }
    all.answer()
}

/// Checks a statement, without running it.
pub(super) fn check(connection: &Guarded, text: &str, access: Access) -> Result<(), Error> {
    let compiled = only(connection, text)?;
    check_access(&compiled, access == Access::Read)
}

/// Returns the error of work in a transaction that the database has ended.
pub(super) fn rolled_back() -> Error {
    Error::invalid("the statement has rolled the transaction back")
}

/// Compiles the next statement of a text, and bounds its values.
fn next<'c>(
    connection: &'c Guarded,
    batch: &mut Batch<'c, '_>,
) -> Result<Option<Compiled<'c>>, Error> {
    connection.check_time()?;
    connection.lift_values()?;
    let compiled = batch.next().map_err(|error| connection.failed(&error))?;
    if let Some(compiled) = &compiled {
        connection.bound_values(compiled)?;
    }
    Ok(compiled)
}

/// Compiles the one statement of a text.
fn only<'c>(connection: &'c Guarded, statement: &str) -> Result<Compiled<'c>, Error> {
    let failed = |error| connection.failed(&error);
    text::check(statement)?;
    let mut batch = Batch::new(&connection.connection, statement);
    let first = next(connection, &mut batch)?;
    let first = first.ok_or_else(|| Error::invalid("text has no statement"))?;
    match batch.next() {
        Ok(None) => Ok(first),
        Ok(Some(_)) => Err(Error::invalid(
            "text has several statements, which only `execute` without params runs",
        )),
        Err(error) => Err(failed(error)),
    }
}

fn check_access(compiled: &Compiled<'_>, is_read_only: bool) -> Result<(), Error> {
    match is_read_only && !compiled.readonly() {
        true => Err(Error::invalid(
            "the statement changes the database, and may only read it",
        )),
        false => Ok(()),
    }
}

fn bind(connection: &Guarded, compiled: &mut Compiled<'_>, params: &[Param]) -> Result<(), Error> {
    check_count(params.len(), compiled.parameter_count())?;
    for (place, param) in (1_usize..).zip(params) {
        let bound = compiled.raw_bind_parameter(place, param);
        bound.map_err(|error| connection.failed(&error))?;
    }
    Ok(())
}

fn rows(
    connection: &Guarded,
    compiled: &mut Compiled<'_>,
    params: &[Param],
    max_rows: usize,
    charge: Charge,
) -> Answer {
    bind(connection, compiled, params)?;
    let columns = Columns::new(compiled.column_names().into_iter())?;
    let count = compiled.column_count();
    let mut list = Rows::new(max_rows, charge)?;
    let failed = |error| connection.failed(&error);
    let mut found = compiled.raw_query();
    while let Some(row) = found.next().map_err(failed)? {
        let mut bytes = 0;
        for place in 0..count {
            bytes += values::bytes_of(row.get_ref(place).map_err(failed)?);
        }
        list.add(&columns, bytes, |place, output| {
            values::write(row.get_ref(place).map_err(failed)?, output)
        })?;
    }
    list.finish()
}

/// The result of statements without rows.
#[derive(Default)]
struct Done {
    rows_affected: u64,
    last_insert_id: Option<i64>,
}

impl Done {
    fn add(&mut self, other: Done) {
        self.rows_affected += other.rows_affected;
        self.last_insert_id = other.last_insert_id.or(self.last_insert_id);
    }

    fn answer(&self) -> Answer {
        let rows = i64::try_from(self.rows_affected).unwrap_or(i64::MAX);
        answer::write(|out| {
            out.map(1 + u32::from(self.last_insert_id.is_some()))?;
            out.string(b"rows_affected")?;
            out.integer(rows)?;
            if let Some(id) = self.last_insert_id {
                out.string(b"last_insert_id")?;
                out.integer(id)?;
            }
            Ok(())
        })
    }
}

/// Runs a statement to its end, and leaves its rows alone.
fn execute(
    connection: &Guarded,
    compiled: &mut Compiled<'_>,
    params: &[Param],
) -> Result<Done, Error> {
    bind(connection, compiled, params)?;
    let inner = &connection.connection;
    let before = inner.total_changes();
    forget_insertion(inner);
    let failed = |error| connection.failed(&error);
    let mut found = compiled.raw_query();
    while found.next().map_err(failed)?.is_some() {}
    drop(found);
    // A statement that changes no row keeps the number of the one before.
    let has_changed = inner.total_changes() != before;
    let inserted = inner.last_insert_rowid();
    Ok(Done {
        rows_affected: if has_changed { inner.changes() } else { 0 },
        last_insert_id: (inserted != 0).then_some(inserted),
    })
}

/// Sets the number of the row that was inserted last to 0. A statement that inserts none keeps
/// it, and one of another process may have set it.
fn forget_insertion(connection: &Connection) {
    // SAFETY: the connection is open as long as it is borrowed, and this thread has it alone.
    unsafe { ffi::sqlite3_set_last_insert_rowid(connection.handle(), 0) };
}
