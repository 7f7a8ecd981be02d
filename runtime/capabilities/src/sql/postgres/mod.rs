//! Databases of PostgreSQL.
//!
//! ```text
//!  Pool ── Turns, of hosts
//!   └─ Server ── idle sessions ── begins one: socket (TLS), login, settings
//!        └─ Lent: a session with its turn ── run, transaction
//!             └─ its drop: cancels what runs, or makes the session as new
//! ```
//!
//! The runtime speaks the protocol itself: a message of the server has a bound before it is
//! in memory, the server tells the state of the transaction, and it looks nothing up for the
//! types that a hostile program makes. The server writes and reads the texts of values.

mod error;
mod lent;
mod login;
mod messages;
mod migrate;
mod run;
mod server;
mod session;
mod socket;
mod split;
mod transaction;
mod url;
mod values;

use std::sync::Arc;

use tokio::sync::OnceCell;
use warren_engine::capability::{Answer, Charge, DatabaseSettings, DatabaseUrl, Migration};
use warren_kernel::{Error, Kind};

use super::Stats;
use super::access::Access;
use super::command::{Begin, Statement};
use super::turns::Turns;
use crate::data::DataError;
use lent::Lent;
use run::Limits;
use server::Server;
pub(super) use transaction::Transaction;

/// The sessions of one database.
pub(super) struct Pool {
    server: Arc<Server>,
    turns: Turns,
    migrations: Arc<[Migration]>,
    /// Set after the migrations.
    are_made: OnceCell<()>,
    limits: Limits,
}

impl Pool {
    /// Reads the address of a server, without connecting to it.
    ///
    /// # Errors
    ///
    /// [`DataError::Server`].
    pub(super) fn new(settings: &DatabaseSettings, url: &DatabaseUrl) -> Result<Pool, DataError> {
        Ok(Pool {
            server: Arc::new(Server::new(settings, url)?),
            turns: Turns::new(settings.max_connections),
            migrations: settings.migrations.as_slice().into(),
            are_made: OnceCell::new(),
            limits: Limits {
                max_rows: settings.max_rows,
                max_statement: settings.max_statement,
            },
        })
    }

    pub(super) fn stats(&self) -> Stats {
        let (most, in_use) = self.turns.counts();
        let idle = self.server.idle();
        Stats { most, in_use, idle }
    }

    /// Runs a statement in a transaction of its own.
    pub(super) async fn run(&self, host: usize, statement: Statement, charge: Charge) -> Answer {
        let mut lent = self.lend(host).await?;
        let work = run::alone(lent.session()?, &statement, self.limits, charge);
        self.server.in_time(work).await
    }

    /// Checks a statement, without running it.
    pub(super) async fn prepare(
        &self,
        host: usize,
        text: Arc<str>,
        access: Access,
    ) -> Result<(), Error> {
        let mut lent = self.lend(host).await?;
        let is_read_only = access == Access::Read;
        let work = run::check(lent.session()?, &text, is_read_only, self.limits);
        self.server.in_time(work).await
    }

    /// Begins a transaction.
    pub(super) async fn begin(&self, host: usize, begin: Begin) -> Result<Transaction, Error> {
        let lent = self.lend(host).await?;
        Transaction::begin(lent, begin, self.limits).await
    }

    async fn lend(&self, host: usize) -> Result<Lent, Error> {
        let turn = self.turns.take(host).await?;
        self.are_made.get_or_try_init(|| self.migrate()).await?;
        Lent::take(&self.server, turn).await
    }

    /// Makes the migrations, also if nobody waits for them any more.
    async fn migrate(&self) -> Result<(), Error> {
        if self.migrations.is_empty() {
            return Ok(());
        }
        let (server, migrations) = (Arc::clone(&self.server), Arc::clone(&self.migrations));
        let made = tokio::spawn(async move {
            // Its end gives the lock back.
            let mut session = server.session().await?;
            migrate::run(&mut session, &migrations).await
        });
        let message = "the migrations were cut off: the program is ending";
        let made = made.await.unwrap_or_else(|_| Err(Error::internal(message)));
        if let Err(error) = &made
            && error.kind != Kind::Unavailable
        {
            let what = "the migrations of a database are not made";
            self.server.record(what, &error.message);
        }
        made
    }
}
