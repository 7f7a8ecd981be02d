//! A connection with its limits and its guard.

use std::panic::{self, AssertUnwindSafe};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::limits::Limit;
use rusqlite::{Connection, OpenFlags, Statement as Compiled, StatementStatus};
use warren_kernel::{Error, Kind};

use super::super::MAX_TEXT;
use super::super::params::MAX_PARAMS;
use super::super::rows::MAX_RESULT;
use super::super::turns::PATIENCE;
use super::error;
use super::functions;
use super::guard::{Guard, Stop};
use crate::sqlite::{Log, shorten_log};

/// Columns of a table, a result or an index.
pub(crate) const MAX_COLUMNS: i32 = 1_000;

/// Levels of an expression.
pub(crate) const MAX_EXPRESSION: i32 = 500;

/// Instructions that a statement is compiled to.
const MAX_INSTRUCTIONS: i32 = 250_000;

/// The bytes of a compiled statement times the bytes of a value in it. SQLite looks at the time
/// where a statement goes back to an instruction before. Straight code has no such place, and
/// with many large values it would go on for an hour.
const WORK: u64 = 1 << 36;

/// Bytes of a value that every statement may have.
const LEAST_VALUE: u64 = 16 << 10;

/// Bytes of a page of a new database.
const PAGE: u64 = 4_096;

/// Bytes that the log of a database keeps when it is empty.
const KEPT_LOG: u64 = 16 << 20;

/// Time for which a change waits for those who read, before the log becomes shorter.
const FOR_READERS: Duration = Duration::from_secs(1);

/// A connection, with a guard over its statements.
pub(super) struct Guarded {
    pub(super) connection: Connection,
    pub(super) guard: Arc<Guard>,
    /// The most bytes of the database.
    pub(super) max_bytes: u64,
}

impl Guarded {
    /// Opens the connection that writes: to a file, which is made if it is missing, or to a
    /// database in memory.
    pub(super) fn to_write(file: Option<&Path>, max_bytes: u64) -> rusqlite::Result<Guarded> {
        let connection = match file {
            None => Connection::open_in_memory_with_flags(
                OpenFlags::SQLITE_OPEN_READ_WRITE
                    | OpenFlags::SQLITE_OPEN_CREATE
                    | OpenFlags::SQLITE_OPEN_NO_MUTEX,
            )?,
            Some(file) => {
                let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
                    | OpenFlags::SQLITE_OPEN_CREATE
                    | OpenFlags::SQLITE_OPEN_NO_MUTEX;
                Connection::open_with_flags(file, flags)?
            }
        };
        let number = |text: &str| connection.query_row(text, [], |row| row.get::<_, i64>(0));
        connection.busy_timeout(PATIENCE)?;
        // In memory the mode stays `memory`.
        let _mode: String =
            connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
        connection.execute_batch("PRAGMA synchronous = FULL")?;
        number(&format!("PRAGMA journal_size_limit = {KEPT_LOG}"))?;
        let page = number("PRAGMA page_size")?;
        let page = u64::try_from(page).unwrap_or(PAGE).max(1);
        let pages = (max_bytes / page).clamp(1, u64::from(u32::MAX) - 1);
        number(&format!("PRAGMA max_page_count = {pages}"))?;
        Guarded::confine(connection, max_bytes)
    }

    /// Opens a connection that reads a file.
    pub(super) fn to_read(file: &Path, max_bytes: u64) -> rusqlite::Result<Guarded> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(file, flags)?;
        connection.busy_timeout(PATIENCE)?;
        connection.execute_batch("PRAGMA query_only = ON")?;
        Guarded::confine(connection, max_bytes)
    }

    /// Leaves a connection nothing but its database.
    fn confine(connection: Connection, max_bytes: u64) -> rusqlite::Result<Guarded> {
        let settings = "PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; \
                        PRAGMA foreign_keys = ON; PRAGMA recursive_triggers = OFF;";
        connection.execute_batch(settings)?;
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_DEFENSIVE, true)?;
        for (limit, most) in [
            (Limit::SQLITE_LIMIT_LENGTH, as_limit(MAX_RESULT)),
            (Limit::SQLITE_LIMIT_SQL_LENGTH, as_limit(MAX_TEXT)),
            (Limit::SQLITE_LIMIT_COLUMN, MAX_COLUMNS),
            (Limit::SQLITE_LIMIT_EXPR_DEPTH, MAX_EXPRESSION),
            (Limit::SQLITE_LIMIT_VDBE_OP, MAX_INSTRUCTIONS),
            (Limit::SQLITE_LIMIT_ATTACHED, 0),
            (Limit::SQLITE_LIMIT_VARIABLE_NUMBER, as_limit(MAX_PARAMS)),
            (Limit::SQLITE_LIMIT_TRIGGER_DEPTH, 100),
            (Limit::SQLITE_LIMIT_WORKER_THREADS, 0),
        ] {
            connection.set_limit(limit, most)?;
        }
        let guard = Guard::set(&connection);
        functions::replace(&connection, &guard)?;
        Ok(Guarded {
            connection,
            guard,
            max_bytes,
        })
    }

    /// Has statements keep in memory what they sort and set aside. Memory has a bound for all of
    /// them, and the files that SQLite would write have none.
    pub(super) fn without_files(self) -> rusqlite::Result<Guarded> {
        let set = || self.connection.execute_batch("PRAGMA temp_store = MEMORY");
        self.guard.own(set)?;
        Ok(self)
    }

    /// Makes the log shorter, before a change, if it has as many bytes as the database may have.
    /// A log becomes longer for as long as one transaction or another reads.
    ///
    /// # Errors
    ///
    /// `Unavailable` if a transaction that reads keeps the log as it is.
    pub(super) fn shorten_log(&self) -> Result<(), Error> {
        let most = self.max_bytes.max(KEPT_LOG);
        let shorten = || shorten_log(&self.connection, most, FOR_READERS, PATIENCE);
        match self.guard.own(shorten) {
            Ok(Log::Short | Log::Emptied) => Ok(()),
            Ok(Log::Kept) => {
                let message = "the database is busy: a transaction that reads keeps its log from \
                               becoming shorter";
                Err(Error::new(Kind::Unavailable, message))
            }
            Err(error) => Err(self.failed(&error)),
        }
    }

    /// Returns an error if the present work has to end. For the time between statements, in
    /// which the database does not look.
    pub(super) fn check_time(&self) -> Result<(), Error> {
        match self.guard.interrupted() {
            None => Ok(()),
            Some(_) => Err(error::of_interrupted(&self.guard)),
        }
    }

    /// Bounds the values of a compiled statement before it runs: the longer it is, the shorter
    /// they are.
    pub(super) fn bound_values(&self, compiled: &Compiled<'_>) -> Result<(), Error> {
        let bytes = compiled.get_status(StatementStatus::MemUsed);
        let bytes = u64::try_from(bytes).unwrap_or(1).max(1);
        let most = (WORK / bytes).clamp(LEAST_VALUE, MAX_RESULT as u64);
        self.limit_values(usize::try_from(most).unwrap_or(MAX_RESULT))
    }

    /// Takes the bound back, for what is compiled next.
    pub(super) fn lift_values(&self) -> Result<(), Error> {
        self.limit_values(MAX_RESULT)
    }

    fn limit_values(&self, most: usize) -> Result<(), Error> {
        let limit = Limit::SQLITE_LIMIT_LENGTH;
        let set = self.connection.set_limit(limit, as_limit(most));
        set.map(|_| ()).map_err(|error| self.failed(&error))
    }

    /// Returns the most bytes of a value in the statement that was bounded last.
    pub(super) fn max_value(&self) -> usize {
        let limit = self.connection.limit(Limit::SQLITE_LIMIT_LENGTH);
        let limit = limit.ok().and_then(|limit| usize::try_from(limit).ok());
        limit.unwrap_or(MAX_RESULT)
    }

    /// Does work for a call, which takes `most` at most.
    ///
    /// # Errors
    ///
    /// Those of the job; `Internal` if it panics.
    pub(super) fn work<T>(
        &self,
        most: Duration,
        stop: &Arc<Stop>,
        job: impl FnOnce(&Guarded) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.guard.begin(&self.connection, most, stop);
        let result = panic::catch_unwind(AssertUnwindSafe(|| job(self)));
        self.guard.end();
        result.unwrap_or_else(|_| Err(Error::internal("the operation panicked")))
    }

    /// Runs statements of the runtime's own.
    pub(super) fn own(&self, text: &str) -> Result<(), Error> {
        let run = || self.connection.execute_batch(text);
        self.guard.own(run).map_err(|error| self.failed(&error))
    }

    /// Ends an open transaction without its changes. Returns false if that fails.
    pub(super) fn roll_back(&self) -> bool {
        let run = || self.connection.execute_batch("ROLLBACK");
        self.connection.is_autocommit() || self.guard.own(run).is_ok()
    }

    /// Returns the error of a statement.
    pub(super) fn failed(&self, error: &rusqlite::Error) -> Error {
        error::of(&self.guard, (self.max_bytes, self.max_value()), error)
    }
}

fn as_limit(most: usize) -> i32 {
    i32::try_from(most).unwrap_or(i32::MAX)
}
