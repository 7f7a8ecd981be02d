//! A transaction in a session of its own.

use warren_engine::capability::{Answer, Charge};
use warren_kernel::Error;

use super::super::access::Access;
use super::super::command::{Begin, Command, Isolation, done};
use super::lent::Lent;
use super::messages::Status;
use super::run::{self, Limits};
use super::session::Session;

/// An open transaction, which its drop rolls back.
pub(in crate::sql) struct Transaction {
    lent: Lent,
    is_read_only: bool,
    limits: Limits,
}

impl Transaction {
    /// Begins a transaction.
    pub(super) async fn begin(
        mut lent: Lent,
        begin: Begin,
        limits: Limits,
    ) -> Result<Transaction, Error> {
        let text = text(begin);
        let server = lent.server();
        let begun = run::own(lent.session()?, &text, limits);
        server.in_time(begun).await?;
        Ok(Transaction {
            lent,
            is_read_only: begin.access == Access::Read,
            limits,
        })
    }

    /// Carries out a command. Returns the transaction if it goes on.
    pub(in crate::sql) async fn carry_out(
        mut self,
        command: Command,
        charge: Charge,
    ) -> (Option<Transaction>, Answer) {
        let (is_read_only, limits) = (self.is_read_only, self.limits);
        let server = self.lent.server();
        let session = match self.lent.session() {
            Ok(session) => session,
            Err(error) => return (None, Err(error)),
        };
        let work = answer(session, &command, is_read_only, limits, charge);
        let answer = server.in_time(work).await;
        let goes_on = self.lent.session().is_ok_and(|session| goes_on(session));
        (goes_on.then_some(self), answer)
    }
}

/// Returns true if the transaction of a session is still open.
fn goes_on(session: &Session) -> bool {
    !session.is_busy() && !session.is_broken() && session.status() != Status::Idle
}

/// Returns the statement that begins a transaction.
fn text(begin: Begin) -> String {
    let isolation = match begin.isolation {
        Isolation::Default => "",
        Isolation::ReadUncommitted => " ISOLATION LEVEL READ UNCOMMITTED",
        Isolation::ReadCommitted => " ISOLATION LEVEL READ COMMITTED",
        Isolation::RepeatableRead => " ISOLATION LEVEL REPEATABLE READ",
        Isolation::Serializable => " ISOLATION LEVEL SERIALIZABLE",
    };
    let access = match begin.access {
        Access::Read => " READ ONLY",
        Access::Write => " READ WRITE",
    };
    format!("BEGIN{isolation}{access}")
}

async fn answer(
    session: &mut Session,
    command: &Command,
    is_read_only: bool,
    limits: Limits,
    charge: Charge,
) -> Answer {
    match command {
        Command::Run(statement) => {
            return run::within(session, statement, is_read_only, limits, charge).await;
        }
        Command::Prepare(text) => run::check(session, text, is_read_only, limits).await?,
        Command::Commit => run::commit(session, limits).await?,
        Command::Rollback
        | Command::Savepoint(_)
        | Command::RollbackTo(_)
        | Command::Release(_) => {
            let text = command.control().unwrap_or_default();
            run::own(session, &text, limits).await?;
        }
    }
    done()
}
