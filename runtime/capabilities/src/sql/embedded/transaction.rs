//! A transaction on a connection of its own.

use std::time::Duration;

use warren_engine::capability::{Answer, Charge};
use warren_kernel::Error;

use super::super::access::Access;
use super::super::command::{Command, done};
use super::connection::Guarded;
use super::lent::Lent;
use super::run;

/// An open transaction, which its drop rolls back.
pub(in crate::sql) struct Transaction {
    lent: Lent,
    is_read_only: bool,
    max_rows: usize,
    max_statement: Duration,
}

impl Transaction {
    /// Begins a transaction. One that may write is the only one that does.
    pub(super) async fn begin(
        lent: Lent,
        access: Access,
        max_rows: usize,
        max_statement: Duration,
    ) -> Result<Transaction, Error> {
        let text = match access {
            Access::Read => "BEGIN",
            Access::Write => "BEGIN IMMEDIATE",
        };
        let work = lent.work(max_statement, move |connection| {
            if access == Access::Write {
                connection.shorten_log()?;
            }
            connection.own(text)
        });
        let (lent, begun) = work.await?;
        begun?;
        Ok(Transaction {
            lent,
            is_read_only: access == Access::Read,
            max_rows,
            max_statement,
        })
    }

    /// Carries out a command. Returns the transaction if it goes on.
    pub(in crate::sql) async fn carry_out(
        self,
        command: Command,
        charge: Charge,
    ) -> (Option<Transaction>, Answer) {
        let Transaction {
            lent,
            is_read_only,
            max_rows,
            max_statement,
        } = self;
        let work = lent.work(max_statement, move |connection| {
            answer(connection, &command, is_read_only, max_rows, charge)
        });
        let (lent, answer) = match work.await {
            Ok(worked) => worked,
            Err(error) => return (None, Err(error)),
        };
        // Ended by the command, or by a statement that rolls back.
        if !lent.is_in_transaction() {
            return (None, answer);
        }
        let transaction = Transaction {
            lent,
            is_read_only,
            max_rows,
            max_statement,
        };
        (Some(transaction), answer)
    }
}

fn answer(
    connection: &Guarded,
    command: &Command,
    is_read_only: bool,
    max_rows: usize,
    charge: Charge,
) -> Answer {
    match command {
        Command::Run(statement) => {
            let before = run::within(connection, statement, is_read_only, max_rows, charge);
            match connection.connection.is_autocommit() {
                // The error says why.
                true if before.is_ok() => Err(run::rolled_back()),
                _ => before,
            }
        }
        Command::Prepare(text) => {
            let access = if is_read_only {
                Access::Read
            } else {
                Access::Write
            };
            run::check(connection, text, access)?;
            done()
        }
        Command::Commit => {
            let committed = run::commit(connection);
            if committed.is_err() {
                connection.roll_back();
            }
            committed?;
            done()
        }
        Command::Rollback
        | Command::Savepoint(_)
        | Command::RollbackTo(_)
        | Command::Release(_) => {
            let text = command.control().unwrap_or_default();
            connection.own(&text)?;
            done()
        }
    }
}
