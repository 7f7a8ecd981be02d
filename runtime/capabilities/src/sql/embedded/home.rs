//! The place where the connections of a database are while nobody uses them.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use warren_engine::capability::DatabaseSettings;
use warren_kernel::Error;

use super::connection::Guarded;
use super::guard::Stop;
use super::heap::Room;
use super::migrate;
use crate::data::{Data, DataError};
use crate::sqlite;

/// The kind of a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The one that writes, and in memory also reads.
    Writer,
    /// One of those that only read a file.
    Reader,
}

/// The idle connections of a database, and its file.
pub(super) struct Home {
    writer: Mutex<Option<Guarded>>,
    readers: Mutex<Vec<Guarded>>,
    /// Absent for a database in memory. Declared after the connections: the directory stays
    /// locked until they are closed.
    file: Option<(PathBuf, Data)>,
    max_bytes: u64,
    _room: Room,
}

impl Home {
    /// Opens the connection that writes, and makes the migrations of the database.
    pub(super) fn open(
        settings: &DatabaseSettings,
        file: Option<(PathBuf, Data)>,
    ) -> Result<Home, DataError> {
        let max_bytes = settings.max_bytes;
        let path = file.as_ref().map(|(path, _)| path.as_path());
        let room = Room::take(path.map_or(max_bytes, |_| 0));
        let failed = |reason: String| DataError::Database {
            path: path.unwrap_or(Path::new(":memory:")).to_owned(),
            reason,
        };
        let writer =
            Guarded::to_write(path, max_bytes).map_err(|error| failed(error.to_string()))?;
        // A migration may take its time.
        let stop = Arc::<Stop>::default();
        writer
            .work(Duration::MAX, &stop, |connection| {
                migrate::run(connection, &settings.migrations)
            })
            .map_err(|error| failed(error.message))?;
        // After the migrations, which are the operator's: they may sort more than memory has.
        let writer = writer
            .without_files()
            .map_err(|error| failed(error.to_string()))?;
        Ok(Home {
            writer: Mutex::new(Some(writer)),
            readers: Mutex::default(),
            file,
            max_bytes,
            _room: room,
        })
    }

    /// Returns the number of connections that are here.
    pub(super) fn idle(&self) -> usize {
        usize::from(self.writer.lock().is_some()) + self.readers.lock().len()
    }

    /// Takes a connection, or opens one. The caller has a turn at it.
    pub(super) fn take(&self, kind: Kind) -> Result<Guarded, Error> {
        let found = match kind {
            Kind::Writer => self.writer.lock().take(),
            Kind::Reader => self.readers.lock().pop(),
        };
        if let Some(connection) = found {
            return Ok(connection);
        }
        let file = self.file.as_ref().map(|(path, _)| path.as_path());
        let opened = match (kind, file) {
            (Kind::Reader, Some(file)) => Guarded::to_read(file, self.max_bytes),
            (Kind::Writer, Some(file)) => Guarded::to_write(Some(file), self.max_bytes),
            // Its connection is the database.
            (_, None) => return Err(Error::internal("the database in memory is gone")),
        };
        let opened = opened.and_then(Guarded::without_files);
        opened.map_err(|error| sqlite::not_opened(&error))
    }

    /// Gives a connection back.
    pub(super) fn give_back(&self, kind: Kind, connection: Guarded) {
        match kind {
            Kind::Writer => *self.writer.lock() = Some(connection),
            Kind::Reader => self.readers.lock().push(connection),
        }
    }

    /// Returns true for a database in memory.
    pub(super) fn is_memory(&self) -> bool {
        self.file.is_none()
    }
}

#[cfg(test)]
mod tests {
    use warren_engine::capability::DatabasePlace;

    use super::*;

    /// The files that SQLite would write have no bound.
    #[test]
    fn statements_set_nothing_aside_in_files() {
        /// The number of memory.
        const MEMORY: i64 = 2;
        let directory = tempfile::tempdir().unwrap();
        let data = Data::open(directory.path()).unwrap();
        let path = data.named("databases", "d.db").unwrap();
        let settings = DatabaseSettings::new("app:d", DatabasePlace::File("d.db".into()));
        let home = Home::open(&settings, Some((path, data))).unwrap();
        for kind in [Kind::Writer, Kind::Reader] {
            let guarded = home.take(kind).unwrap();
            let connection = &guarded.connection;
            let place = || connection.query_row("PRAGMA temp_store", [], |row| row.get(0));
            let place: rusqlite::Result<i64> = guarded.guard.own(place);
            assert_eq!(place, Ok(MEMORY), "{kind:?}");
        }
    }
}
