//! The open transactions of a process, one for each database.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Weak};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::task::AbortHandle;
use warren_engine::capability::{Answer, Caller, Charge};
use warren_kernel::{Error, Kind};

use super::access::Access;
use super::command::Command;
use super::transaction::Transaction;
use crate::request::Arguments;

/// The open transactions of a process, by database. Their drop rolls them back: at the end of
/// the process, or at an upgrade.
#[derive(Default)]
pub(super) struct OpenTransactions(Mutex<Numbered>);

#[derive(Default)]
struct Numbered {
    /// The number of the last transaction.
    last: i64,
    by_database: HashMap<Arc<str>, Arc<Cell>>,
}

/// A transaction that was begun, for one call at a time.
pub(super) struct Cell {
    number: i64,
    access: Access,
    state: tokio::sync::Mutex<State>,
}

enum State {
    Open(Box<Open>),
    Over(End),
}

/// An open transaction, and the task that ends it in time.
struct Open {
    transaction: Transaction,
    timer: Timer,
}

/// The cause of a transaction's end.
#[derive(Clone, Copy)]
enum End {
    /// It has not begun.
    NotBegun,
    /// A commit or a rollback.
    Ended,
    /// A call of it was dropped before its end.
    Abandoned,
    /// It was open for too long.
    Expired(Duration),
    /// The database.
    RolledBack,
}

impl End {
    fn error(self) -> Error {
        match self {
            End::NotBegun | End::Ended => ended(),
            End::Abandoned => {
                Error::invalid("the transaction was rolled back: a call of it was abandoned")
            }
            End::RolledBack => {
                Error::invalid("the transaction has ended: the database has rolled it back")
            }
            End::Expired(most) => {
                let message = format!(
                    "the transaction was rolled back: it was open for longer than \
                     max_transaction = {most:?}"
                );
                let value = warren_kernel::nanoseconds(most);
                Error::at_limit(Kind::Timeout, "max_transaction", value, message)
            }
        }
    }
}

/// Reads the argument `transaction`, the number of a transaction or nil.
pub(super) fn number(arguments: &mut Arguments<'_>) -> Result<Option<i64>, Error> {
    // Numbers are above 0.
    let number = arguments.integer_or("transaction", 0)?;
    Ok((number != 0).then_some(number))
}

impl OpenTransactions {
    /// Finds an open transaction of the caller.
    ///
    /// # Errors
    ///
    /// `Invalid` if it has ended.
    pub(super) fn find(
        caller: &mut dyn Caller,
        database: &str,
        number: i64,
    ) -> Result<Arc<Cell>, Error> {
        let open = caller.kept().find::<OpenTransactions>();
        let cell = open.and_then(|open| open.0.lock().by_database.get(database).cloned());
        cell.filter(|cell| cell.number == number).ok_or_else(ended)
    }

    /// Reserves the place of a transaction that is about to begin.
    ///
    /// # Errors
    ///
    /// `Conflict` if the process has an open transaction of the database.
    pub(super) fn reserve(
        open: Arc<OpenTransactions>,
        database: &Arc<str>,
        access: Access,
    ) -> Result<Reserved, Error> {
        let mut numbered = open.0.lock();
        let number = numbered.last + 1;
        let cell = Arc::new(Cell {
            number,
            access,
            state: tokio::sync::Mutex::new(State::Over(End::NotBegun)),
        });
        match numbered.by_database.entry(Arc::clone(database)) {
            Entry::Occupied(present) if present.get().is_taken() => {
                let message = format!(
                    "the process has an open transaction of {database} already: commit it, or \
                     roll it back"
                );
                return Err(Error::new(Kind::Conflict, message));
            }
            Entry::Occupied(mut present) => {
                present.insert(Arc::clone(&cell));
            }
            Entry::Vacant(vacant) => {
                vacant.insert(Arc::clone(&cell));
            }
        }
        numbered.last = number;
        drop(numbered);
        Ok(Reserved {
            cell,
            database: Arc::clone(database),
            open,
            is_open: false,
        })
    }
}

/// The place of a transaction that is about to begin. It is free again if it does not.
pub(super) struct Reserved {
    cell: Arc<Cell>,
    database: Arc<str>,
    open: Arc<OpenTransactions>,
    is_open: bool,
}

impl Reserved {
    /// Gives the place to the transaction, which is rolled back after `most`. Returns its
    /// number.
    pub(super) async fn open(mut self, transaction: Transaction, most: Duration) -> i64 {
        let expires = expire(Arc::downgrade(&self.cell), most);
        let timer = Timer(tokio::spawn(expires).abort_handle());
        *self.cell.state.lock().await = State::Open(Box::new(Open { transaction, timer }));
        self.is_open = true;
        self.cell.number
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        if self.is_open {
            return;
        }
        let mut numbered = self.open.0.lock();
        let is_own = |cell: &Arc<Cell>| Arc::ptr_eq(cell, &self.cell);
        if numbered.by_database.get(&self.database).is_some_and(is_own) {
            numbered.by_database.remove(&self.database);
        }
    }
}

impl Cell {
    /// Returns the access that the transaction has.
    pub(super) fn access(&self) -> Access {
        self.access
    }

    /// Returns true unless another transaction may take the place.
    fn is_taken(&self) -> bool {
        match self.state.try_lock() {
            // A call works with it.
            Err(_) => true,
            Ok(state) => matches!(*state, State::Open(_) | State::Over(End::NotBegun)),
        }
    }

    /// Carries out a command, after those that were called before.
    pub(super) async fn carry_out(self: Arc<Self>, command: Command, charge: Charge) -> Answer {
        let mut state = self.state.lock().await;
        // Dropped half-way, the call leaves this.
        let open = match std::mem::replace(&mut *state, State::Over(End::Abandoned)) {
            State::Open(open) => open,
            State::Over(end) => {
                *state = State::Over(end);
                return Err(end.error());
            }
        };
        let Open { transaction, timer } = *open;
        let ends = command.ends();
        let (transaction, answer) = transaction.carry_out(command, charge).await;
        *state = match transaction {
            Some(transaction) => State::Open(Box::new(Open { transaction, timer })),
            None if ends => State::Over(End::Ended),
            None => State::Over(End::RolledBack),
        };
        answer
    }
}

/// The task that ends a transaction in time, until it is dropped.
struct Timer(AbortHandle);

impl Drop for Timer {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Rolls a transaction back that is open for too long.
async fn expire(cell: Weak<Cell>, most: Duration) {
    tokio::time::sleep(most).await;
    if let Some(cell) = cell.upgrade() {
        let mut state = cell.state.lock().await;
        if matches!(*state, State::Open(_)) {
            *state = State::Over(End::Expired(most));
        }
    }
}

fn ended() -> Error {
    Error::invalid("the transaction has ended")
}
