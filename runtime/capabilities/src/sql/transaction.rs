//! A transaction of a database of any kind.

use warren_engine::capability::{Answer, Charge};

use super::command::Command;
use super::{embedded, postgres};

/// A transaction, which its drop rolls back.
pub(super) enum Transaction {
    Embedded(embedded::Transaction),
    Postgres(postgres::Transaction),
}

impl Transaction {
    /// Carries out a command. Returns the transaction if it goes on.
    pub(super) async fn carry_out(
        self,
        command: Command,
        charge: Charge,
    ) -> (Option<Transaction>, Answer) {
        match self {
            Transaction::Embedded(transaction) => {
                let (transaction, answer) = transaction.carry_out(command, charge).await;
                (transaction.map(Transaction::Embedded), answer)
            }
            Transaction::Postgres(transaction) => {
                let (transaction, answer) = transaction.carry_out(command, charge).await;
                (transaction.map(Transaction::Postgres), answer)
            }
        }
    }
}
