//! Databases of SQLite, each with one thread that writes and some connections that read.
//!
//! ```text
//!  write ──> Queue: a line for each host ──> the thread: BEGIN, jobs of one group, COMMIT
//!    ^                                                                         │
//!    └── answers of the group, after its commit <──────────────────────────────┘
//!  read ───> a permit of the host ──> a thread that may block, a connection of its own
//! ```

mod job;
mod queue;
mod readers;
mod writer;

use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};
use tokio::sync::oneshot;
use warren_kernel::{Error, Kind};

use crate::data::{Data, DataError};
use queue::Queue;
use readers::Readers;
use writer::{Task, write_all};

/// The place of a database.
#[derive(Clone, Debug)]
pub(crate) enum Place {
    /// In memory; ends with the last user.
    Memory,
    /// In a file of the program's data, which stays locked as long as the database is open.
    File { path: PathBuf, _data: Data },
}

impl Place {
    /// Returns the place of a file of the program's data.
    pub(crate) fn file(path: PathBuf, data: Data) -> Place {
        Place::File { path, _data: data }
    }
}

/// An open database.
pub(crate) struct Database {
    queue: Arc<Queue>,
    /// Absent in memory, where the thread that writes also reads.
    readers: Option<Readers>,
}

/// The tables of a database.
#[derive(Debug)]
pub(crate) struct Tables {
    /// Their version, above 0.
    pub(crate) version: i64,
    /// The statements that make them.
    pub(crate) text: &'static str,
}

impl Tables {
    /// Makes the tables in a database that has none. Returns what is wrong with one that has
    /// others.
    fn make(&self, connection: &Connection) -> Result<(), String> {
        let Tables { version, text } = self;
        let batch = |text: &str| {
            let done = connection.execute_batch(text);
            done.map_err(|error| error.to_string())
        };
        batch("BEGIN IMMEDIATE")?;
        let found = connection.query_row("PRAGMA user_version", [], |row| row.get(0));
        match found.map_err(|error| error.to_string())? {
            0_i64 => batch(&format!("{text} PRAGMA user_version = {version};"))?,
            found if found == *version => {}
            found => {
                return Err(format!(
                    "it is of version {found}, and this program knows version {version} alone"
                ));
            }
        }
        batch("COMMIT")
    }
}

impl Database {
    /// Opens a database, and makes its tables if it has none.
    ///
    /// # Errors
    ///
    /// [`DataError::Database`] for a file that is no database or has other tables;
    /// [`DataError::Io`] if the system has no thread.
    pub(crate) fn open(place: &Place, tables: &Tables) -> Result<Arc<Database>, DataError> {
        Database::open_and_read(place, tables, |_| Ok(())).map(|(database, ())| database)
    }

    /// Opens a database as [`Database::open`] does, and reads what it has.
    ///
    /// # Errors
    ///
    /// As for [`Database::open`].
    pub(crate) fn open_and_read<T>(
        place: &Place,
        tables: &Tables,
        read: impl FnOnce(&Connection) -> rusqlite::Result<T>,
    ) -> Result<(Arc<Database>, T), DataError> {
        let path = match place {
            Place::Memory => PathBuf::from(":memory:"),
            Place::File { path, .. } => path.clone(),
        };
        let opened = open_to_write(place).map_err(|error| error.to_string());
        let connection = opened
            .and_then(|connection| tables.make(&connection).map(|()| connection))
            .and_then(|connection| match read(&connection) {
                Ok(read) => Ok((connection, read)),
                Err(error) => Err(error.to_string()),
            });
        let (connection, read) = connection.map_err(|reason| DataError::Database {
            path: path.clone(),
            reason,
        })?;
        let queue = Arc::new(Queue::default());
        let (works, kept) = (Arc::clone(&queue), place.clone());
        thread::Builder::new()
            .name("warren-database".to_owned())
            .spawn(move || {
                write_all(&connection, &works);
                // The file is closed before its directory may be used by another program.
                drop(connection);
                drop(kept);
            })
            .map_err(|error| DataError::Io {
                path: path.clone(),
                error,
            })?;
        let database = Database {
            queue,
            readers: match place {
                Place::Memory => None,
                Place::File { .. } => Some(Readers::new(path)),
            },
        };
        Ok((Arc::new(database), read))
    }

    /// Runs a job that may change the database. The job is a part of a transaction with
    /// other jobs: its changes are undone if it fails, and the answer comes after the
    /// commit. A job whose caller is gone before it begins is not run. `then` is called on
    /// the thread that writes, after the commit and in the order of the jobs.
    ///
    /// `host` is the number of the host that the job is for.
    ///
    /// # Errors
    ///
    /// Those of the job; `RateLimited` if the host has too many jobs; `Unavailable` if the
    /// database cannot be written.
    pub(crate) async fn write<T: Send + 'static>(
        &self,
        host: usize,
        job: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
        then: impl FnOnce(&T) + Send + 'static,
    ) -> Result<T, Error> {
        let (reply, answer) = oneshot::channel();
        self.queue
            .add(host, Box::new(Task::new(job, then, reply)))?;
        answer.await.unwrap_or_else(|_| Err(closed()))
    }

    /// Runs a job that only reads. It sees all writes that were answered before.
    ///
    /// # Errors
    ///
    /// Those of the job; `Unavailable` if the database cannot be read.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        host: usize,
        job: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        match &self.readers {
            Some(readers) => readers.read(host, job).await,
            None => self.write(host, job, |_| {}).await,
        }
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        self.queue.close();
    }
}

/// Makes the error of a call on a database that does not work, in the database's words.
pub(crate) fn failed(error: &rusqlite::Error) -> Error {
    match error.sqlite_error_code() {
        Some(ErrorCode::ConstraintViolation) => Error::new(Kind::Conflict, error.to_string()),
        Some(
            ErrorCode::DatabaseBusy
            | ErrorCode::DatabaseLocked
            | ErrorCode::DiskFull
            | ErrorCode::SystemIoFailure
            | ErrorCode::OutOfMemory
            | ErrorCode::ReadOnly
            | ErrorCode::CannotOpen,
        ) => Error::new(
            Kind::Unavailable,
            format!("the database does not work: {error}"),
        ),
        _ => Error::internal(format!("the database does not work: {error}")),
    }
}

/// Makes the error of a call on a database that cannot be opened. Its words name the file, which
/// is the operator's affair: they are in the log.
pub(crate) fn not_opened(error: &rusqlite::Error) -> Error {
    tracing::warn!("cannot open a database: {error}");
    let message = "the database does not work: its file cannot be opened";
    Error::new(Kind::Unavailable, message)
}

/// The log of a database, after a look at its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Log {
    /// It is not too long, as is one without a file.
    Short,
    /// It is empty now.
    Emptied,
    /// Somebody who reads keeps it as it is.
    Kept,
}

/// Empties the log of a database that has more than `most` bytes. Waits for `wait` for those who
/// read, and leaves the connection with `patience` for the locks of others.
///
/// # Errors
///
/// Those of the database.
pub(crate) fn shorten_log(
    connection: &Connection,
    most: u64,
    wait: Duration,
    patience: Duration,
) -> rusqlite::Result<Log> {
    if log_bytes(connection) <= most {
        return Ok(Log::Short);
    }
    connection.busy_timeout(wait)?;
    let empty = "PRAGMA wal_checkpoint(TRUNCATE)";
    let is_kept = connection.query_row(empty, [], |row| row.get::<_, bool>(0));
    connection.busy_timeout(patience)?;
    Ok(match is_kept? {
        true => Log::Kept,
        false => Log::Emptied,
    })
}

/// Returns the bytes of the log of a database; 0 without a file.
fn log_bytes(connection: &Connection) -> u64 {
    let path = connection.path().filter(|path| !path.is_empty());
    let metadata = path.and_then(|path| fs::metadata(format!("{path}-wal")).ok());
    metadata.map_or(0, |metadata| metadata.len())
}

/// Time for which a connection waits for another one's lock. Only an operator's tool has
/// one.
const PATIENCE: Duration = Duration::from_secs(5);

fn open_to_write(place: &Place) -> rusqlite::Result<Connection> {
    let connection = match place {
        Place::Memory => Connection::open_in_memory()?,
        Place::File { path, .. } => {
            let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
                | OpenFlags::SQLITE_OPEN_CREATE
                | OpenFlags::SQLITE_OPEN_NO_MUTEX;
            Connection::open_with_flags(path, flags)?
        }
    };
    connection.busy_timeout(PATIENCE)?;
    // In memory the mode stays `memory`.
    let _mode: String = connection.query_row("PRAGMA journal_mode = WAL", [], |row| row.get(0))?;
    connection.execute_batch("PRAGMA synchronous = FULL; PRAGMA trusted_schema = OFF;")?;
    Ok(connection)
}

fn closed() -> Error {
    Error::new(
        Kind::Unavailable,
        "the database is closed: the program is ending",
    )
}

#[cfg(test)]
mod tests;
