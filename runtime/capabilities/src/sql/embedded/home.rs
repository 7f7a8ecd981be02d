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
        opened.map_err(|error| {
            let message = format!("the database does not work: {error}");
            Error::new(warren_kernel::Kind::Unavailable, message)
        })
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
