//! A connection that a call or a transaction has.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use warren_kernel::{Error, Kind as ErrorKind};

use super::super::turns::Turn;
use super::connection::Guarded;
use super::guard::Stop;
use super::home::{Home, Kind};

/// A connection, with the turn at it. Its drop rolls an open transaction back, and gives the
/// connection to the next one.
pub(super) struct Lent {
    /// Absent before the first work, which opens it.
    connection: Option<Guarded>,
    kind: Kind,
    home: Arc<Home>,
    /// Present until the drop.
    turn: Option<Turn>,
    tokio: Handle,
}

impl Lent {
    /// Lends a connection of this kind. Called on the tokio runtime.
    pub(super) fn new(home: Arc<Home>, kind: Kind, turn: Turn) -> Lent {
        Lent {
            connection: None,
            kind,
            home,
            turn: Some(turn),
            tokio: Handle::current(),
        }
    }

    /// Does work on a thread that may block, and returns with its result. The work is
    /// interrupted after `most`, and when the future is dropped.
    ///
    /// # Errors
    ///
    /// `Unavailable` if the program is ending; the connection is gone then.
    pub(super) async fn work<T: Send + 'static>(
        self,
        most: Duration,
        job: impl FnOnce(&Guarded) -> Result<T, Error> + Send + 'static,
    ) -> Result<(Lent, Result<T, Error>), Error> {
        let stop = Arc::<Stop>::default();
        let canceling = Canceling(Arc::clone(&stop));
        let works_for = Arc::clone(&stop);
        let handle = self.tokio.clone();
        let mut working = handle.spawn_blocking(move || {
            let mut lent = self;
            let result = lent.work_here(most, &works_for, job);
            (lent, result)
        });
        let done = tokio::select! {
            done = &mut working => done,
            () = tokio::time::sleep(most) => {
                // A look at the time comes between some instructions alone.
                stop.interrupt();
                working.await
            }
        };
        drop(canceling);
        done.map_err(|_| {
            let message = "the statement was cut off: the program is ending";
            Error::new(ErrorKind::Unavailable, message)
        })
    }

    /// Returns true if a transaction is open on the connection.
    pub(super) fn is_in_transaction(&self) -> bool {
        let connection = self.connection.as_ref();
        connection.is_some_and(|guarded| !guarded.connection.is_autocommit())
    }

    fn work_here<T>(
        &mut self,
        most: Duration,
        stop: &Arc<Stop>,
        job: impl FnOnce(&Guarded) -> Result<T, Error>,
    ) -> Result<T, Error> {
        if stop.is_canceled() {
            return Err(Error::new(
                ErrorKind::Canceled,
                "nobody waits for the statement",
            ));
        }
        let connection = match self.connection.take() {
            Some(connection) => connection,
            None => self.home.take(self.kind)?,
        };
        let connection = self.connection.insert(connection);
        connection.work(most, stop, job)
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let Some(connection) = self.connection.take() else {
            return;
        };
        if connection.connection.is_autocommit() {
            self.home.give_back(self.kind, connection);
            return;
        }
        // A rollback may take a moment, which the end of a process does not have.
        let (home, kind, turn) = (Arc::clone(&self.home), self.kind, self.turn.take());
        self.tokio.spawn_blocking(move || {
            let is_rolled_back = connection.roll_back();
            // The connection is all that a database in memory has.
            if is_rolled_back || home.is_memory() {
                home.give_back(kind, connection);
            }
            drop(turn);
        });
    }
}

/// The call that a thread works for. Its drop stops the work, if there is any left.
struct Canceling(Arc<Stop>);

impl Drop for Canceling {
    fn drop(&mut self) {
        self.0.cancel();
    }
}
