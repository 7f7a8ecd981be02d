//! Databases of SQLite.
//!
//! One connection writes, and up to four read. A database in memory has one connection for
//! both. Work is done on threads that may block; a connection goes with it, and comes back
//! with its end, be the call still there or not.

mod connection;
mod error;
mod functions;
mod guard;
mod heap;
mod home;
mod lent;
mod migrate;
mod patterns;
mod run;
mod text;
mod transaction;
mod values;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use warren_engine::capability::{Answer, Charge, DatabaseSettings};
use warren_kernel::Error;

use super::Stats;
use super::access::Access;
use super::command::{Begin, Statement};
use super::turns::Turns;
use crate::data::{Data, DataError};
use home::{Home, Kind};
use lent::Lent;
pub(super) use transaction::Transaction;

/// Connections of one database that read at a time.
pub(crate) const MAX_READERS: usize = 4;

/// The connections to one database.
pub(super) struct Pool {
    home: Arc<Home>,
    writer: Turns,
    /// Absent in memory, where the connection that writes also reads.
    readers: Option<Turns>,
    max_rows: usize,
    max_statement: Duration,
}

impl Pool {
    /// Opens a database in a file or in memory, and makes its migrations.
    ///
    /// # Errors
    ///
    /// [`DataError::Database`], for a file that is no database or a migration that fails.
    pub(super) fn open(
        settings: &DatabaseSettings,
        file: Option<(PathBuf, Data)>,
    ) -> Result<Pool, DataError> {
        let readers = file.is_some().then(|| Turns::new(MAX_READERS));
        let home = Home::open(settings, file)?;
        Ok(Pool {
            home: Arc::new(home),
            writer: Turns::new(1),
            readers,
            max_rows: settings.max_rows,
            max_statement: settings.max_statement,
        })
    }

    pub(super) fn stats(&self) -> Stats {
        let (most, in_use) = self.writer.counts();
        let (more, reading) = self.readers.as_ref().map_or((0, 0), Turns::counts);
        Stats {
            most: most + more,
            in_use: in_use + reading,
            idle: self.home.idle(),
        }
    }

    /// Runs a statement in a transaction of its own.
    pub(super) async fn run(&self, host: usize, statement: Statement, charge: Charge) -> Answer {
        let lent = self.lend(host, statement.access).await?;
        let most = self.max_rows;
        let work = lent.work(self.max_statement, move |connection| {
            run::alone(connection, &statement, most, charge)
        });
        work.await?.1
    }

    /// Checks a statement, without running it.
    pub(super) async fn prepare(
        &self,
        host: usize,
        text: Arc<str>,
        access: Access,
    ) -> Result<(), Error> {
        let lent = self.lend(host, access).await?;
        let work = lent.work(self.max_statement, move |connection| {
            run::check(connection, &text, access)
        });
        work.await?.1
    }

    /// Begins a transaction, which is as isolated from others as any is.
    pub(super) async fn begin(&self, host: usize, begin: Begin) -> Result<Transaction, Error> {
        let lent = self.lend(host, begin.access).await?;
        let (max_rows, max_statement) = (self.max_rows, self.max_statement);
        Transaction::begin(lent, begin.access, max_rows, max_statement).await
    }

    async fn lend(&self, host: usize, access: Access) -> Result<Lent, Error> {
        let (turns, kind) = match (&self.readers, access) {
            (Some(readers), Access::Read) => (readers, Kind::Reader),
            _ => (&self.writer, Kind::Writer),
        };
        let turn = turns.take(host).await?;
        Ok(Lent::new(Arc::clone(&self.home), kind, turn))
    }
}
