//! The connections that read a database.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use parking_lot::Mutex;
use rusqlite::{Connection, OpenFlags};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use warren_kernel::{Error, Kind};

use super::{PATIENCE, not_opened};

/// Connections of one database that read at a time. A host may have all but one.
const MAX_READERS: usize = 4;

/// Connections to one database, opened when they are first needed.
pub(super) struct Readers {
    all: Arc<Semaphore>,
    hosts: Mutex<HashMap<usize, Arc<Semaphore>>>,
    idle: Arc<Mutex<Vec<Connection>>>,
    path: PathBuf,
}

/// The right to read, given back when dropped.
struct Permit {
    _host: Option<OwnedSemaphorePermit>,
    _all: Option<OwnedSemaphorePermit>,
}

impl Readers {
    pub(super) fn new(path: PathBuf) -> Readers {
        Readers {
            all: Arc::new(Semaphore::new(MAX_READERS)),
            hosts: Mutex::default(),
            idle: Arc::default(),
            path,
        }
    }

    /// Runs a job on a thread that may block.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        host: usize,
        job: impl FnOnce(&Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let permit = self.permit(host).await;
        let (idle, path) = (Arc::clone(&self.idle), self.path.clone());
        let read = tokio::task::spawn_blocking(move || {
            // Given back after the connection.
            let _permit = permit;
            let found = idle.lock().pop();
            let connection = match found {
                Some(connection) => connection,
                None => open(&path).map_err(|error| not_opened(&error))?,
            };
            let result = job(&connection);
            idle.lock().push(connection);
            result
        });
        read.await.unwrap_or_else(|_| {
            let message = "the read was cut off: the program is ending, or the operation panicked";
            Err(Error::new(Kind::Unavailable, message))
        })
    }

    async fn permit(&self, host: usize) -> Permit {
        let of_host = {
            let mut hosts = self.hosts.lock();
            // Hosts come and go. Permits and those who wait for one hold their semaphore.
            if hosts.len() > SWEEP {
                hosts.retain(|_, permits| Arc::strong_count(permits) > 1);
            }
            let new = || Arc::new(Semaphore::new(MAX_READERS - 1));
            Arc::clone(hosts.entry(host).or_insert_with(new))
        };
        // The host's own permit first: a host that has all of its permits must not queue for
        // those of others. Never fails: no semaphore is closed.
        let host = of_host.acquire_owned().await.ok();
        let all = Arc::clone(&self.all).acquire_owned().await.ok();
        Permit {
            _host: host,
            _all: all,
        }
    }
}

/// Hosts that are kept without a look at those that are gone.
const SWEEP: usize = 64;

fn open(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.execute_batch("PRAGMA query_only = ON; PRAGMA trusted_schema = OFF;")?;
    Ok(connection)
}
