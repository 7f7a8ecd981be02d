//! The thread that writes to a database.

use std::panic::{self, AssertUnwindSafe};
use std::time::Duration;

use rusqlite::Connection;
use tokio::sync::oneshot;
use warren_kernel::{Error, Kind};

use super::job::Write;
use super::queue::Queue;
use super::{Log, PATIENCE, failed, shorten_log};

/// A job with its caller.
pub(super) struct Task<T, J, D> {
    job: Option<J>,
    then: D,
    result: Option<Result<T, Error>>,
    reply: oneshot::Sender<Result<T, Error>>,
}

impl<T, J, D> Task<T, J, D> {
    pub(super) fn new(job: J, then: D, reply: oneshot::Sender<Result<T, Error>>) -> Self {
        Task {
            job: Some(job),
            then,
            result: None,
            reply,
        }
    }
}

impl<T, J, D> Write for Task<T, J, D>
where
    T: Send,
    J: FnOnce(&Connection) -> Result<T, Error> + Send,
    D: FnOnce(&T) + Send,
{
    fn run(&mut self, connection: &Connection) {
        // Nobody waits for the answer any more.
        if self.reply.is_closed() {
            return;
        }
        if let Some(job) = self.job.take() {
            self.result = Some(alone(connection, job));
        }
    }

    fn answer(self: Box<Self>, committed: Result<(), &Error>) {
        let Task {
            then,
            result,
            reply,
            ..
        } = *self;
        let answer = match (result, committed) {
            // The caller had gone.
            (None, Ok(())) => return,
            (None | Some(Ok(_)), Err(error)) => Err(error.clone()),
            (Some(Ok(value)), Ok(())) => {
                then(&value);
                Ok(value)
            }
            (Some(Err(error)), _) => Err(error),
        };
        // The caller may have gone since.
        let _ = reply.send(answer);
    }
}

/// Bytes of a log that is made shorter. Without that it would become longer for as long as one
/// read or another goes on, as under a load that never rests.
pub(super) const MAX_LOG: u64 = 16 << 20;

/// Time for which the thread waits for those who read, before it makes the log shorter.
const FOR_READERS: Duration = Duration::from_millis(100);

/// Does all jobs of a queue until it is closed.
pub(super) fn write_all(connection: &Connection, queue: &Queue) {
    let mut most = MAX_LOG;
    while let Some(mut group) = queue.next_group() {
        let committed = write_group(connection, &mut group);
        for job in group {
            let told = AssertUnwindSafe(|| job.answer(committed.as_ref().map(|_| ())));
            if panic::catch_unwind(told).is_err() {
                tracing::error!("the answer of a database panicked");
            }
        }
        most = match shorten_log(connection, most, FOR_READERS, PATIENCE) {
            Ok(Log::Short) => most,
            Ok(Log::Emptied) => MAX_LOG,
            // A long read, such as that of a backup: tried again after as many bytes.
            Ok(Log::Kept) | Err(_) => most.saturating_add(MAX_LOG),
        };
    }
}

fn write_group(connection: &Connection, group: &mut [Box<dyn Write>]) -> Result<(), Error> {
    let statement = |text: &str| {
        connection
            .execute_batch(text)
            .map_err(|error| failed(&error))
    };
    if !connection.is_autocommit() {
        // Left by a commit that failed.
        statement("ROLLBACK")?;
    }
    statement("BEGIN IMMEDIATE")?;
    for job in group {
        job.run(connection);
        if connection.is_autocommit() {
            // SQLite has rolled the whole transaction back, as after a full disk.
            return Err(Error::new(
                Kind::Unavailable,
                "the database does not work: it has undone the transaction",
            ));
        }
    }
    statement("COMMIT")
}

/// Runs a job whose changes are undone if it fails.
fn alone<T>(
    connection: &Connection,
    job: impl FnOnce(&Connection) -> Result<T, Error>,
) -> Result<T, Error> {
    let statement = |text: &str| {
        connection
            .execute_batch(text)
            .map_err(|error| failed(&error))
    };
    statement("SAVEPOINT job")?;
    let result = panic::catch_unwind(AssertUnwindSafe(|| job(connection)));
    let result = result.unwrap_or_else(|_| Err(Error::internal("the operation panicked")));
    if result.is_err() && !connection.is_autocommit() {
        statement("ROLLBACK TO job")?;
    }
    if !connection.is_autocommit() {
        statement("RELEASE job")?;
    }
    result
}
