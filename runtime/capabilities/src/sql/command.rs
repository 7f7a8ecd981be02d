//! Commands to a database: a statement, the beginning of a transaction, and the commands within
//! one.

use std::sync::Arc;

use warren_engine::capability::Answer;

use super::OF_CALL;
use super::access::Access;
use super::params::Param;
use crate::answer;

/// A statement with the values of its placeholders.
pub(super) struct Statement {
    pub(super) text: Arc<str>,
    pub(super) params: Vec<Param>,
    pub(super) access: Access,
    /// True if the answer is the rows; else it is a map of `rows_affected` and, where the
    /// database has one, `last_insert_id`.
    pub(super) returns_rows: bool,
}

impl Statement {
    /// Returns the bytes that the statement takes.
    pub(super) fn bytes(&self) -> usize {
        let params: usize = self.params.iter().map(Param::bytes).sum();
        OF_CALL + self.text.len() + params
    }
}

/// The settings of a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Begin {
    pub(super) access: Access,
    pub(super) isolation: Isolation,
}

/// The isolation of a transaction from others. SQLite has the strictest alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Isolation {
    /// That of the database's own settings.
    Default,
    ReadUncommitted,
    ReadCommitted,
    RepeatableRead,
    Serializable,
}

/// A command to a transaction.
pub(super) enum Command {
    Run(Statement),
    Prepare(Arc<str>),
    Commit,
    Rollback,
    /// Commands of a savepoint, with its name.
    Savepoint(String),
    RollbackTo(String),
    Release(String),
}

impl Command {
    /// Returns true if the transaction ends with the command.
    pub(super) fn ends(&self) -> bool {
        matches!(self, Command::Commit | Command::Rollback)
    }

    /// Returns the statement of a command that has no values; `None` for one that has its
    /// own.
    pub(super) fn control(&self) -> Option<String> {
        match self {
            Command::Run(_) | Command::Prepare(_) => None,
            Command::Commit => Some("COMMIT".to_owned()),
            Command::Rollback => Some("ROLLBACK".to_owned()),
            Command::Savepoint(name) => Some(format!("SAVEPOINT {QUOTED}{name}\"")),
            Command::RollbackTo(name) => Some(format!("ROLLBACK TO SAVEPOINT {QUOTED}{name}\"")),
            Command::Release(name) => Some(format!("RELEASE SAVEPOINT {QUOTED}{name}\"")),
        }
    }
}

/// The beginning of the name of a savepoint. A name of one's own never is that of the
/// runtime.
const QUOTED: &str = "\"of_program_";

/// Writes the answer of a command that has done its work.
pub(super) fn done() -> Answer {
    answer::write(|out| out.boolean(true))
}
