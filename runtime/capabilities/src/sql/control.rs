//! The operations that end a transaction or come back to a point in it.

use warren_engine::capability::{Caller, Step};
use warren_kernel::Error;

use super::command::Command;
use super::transactions::{self, OpenTransactions};
use super::{Databases, OF_CALL};
use crate::limit::check_name_length;
use crate::request::Arguments;

/// `sql.commit(id, transaction)`: true. A commit that fails rolls the transaction back.
pub(super) fn commit(
    databases: &Databases,
    caller: &mut dyn Caller,
    request: &[u8],
) -> Result<Step, Error> {
    command(databases, caller, request, |_| Ok(Command::Commit))
}

/// `sql.rollback(id, transaction)`: true.
pub(super) fn rollback(
    databases: &Databases,
    caller: &mut dyn Caller,
    request: &[u8],
) -> Result<Step, Error> {
    command(databases, caller, request, |_| Ok(Command::Rollback))
}

/// `sql.savepoint(id, transaction, name)`: true.
pub(super) fn savepoint(
    databases: &Databases,
    caller: &mut dyn Caller,
    request: &[u8],
) -> Result<Step, Error> {
    command(databases, caller, request, |arguments| {
        Ok(Command::Savepoint(name(arguments)?))
    })
}

/// `sql.rollback_to(id, transaction, name)`: true.
pub(super) fn rollback_to(
    databases: &Databases,
    caller: &mut dyn Caller,
    request: &[u8],
) -> Result<Step, Error> {
    command(databases, caller, request, |arguments| {
        Ok(Command::RollbackTo(name(arguments)?))
    })
}

/// `sql.release(id, transaction, name)`: true.
pub(super) fn release(
    databases: &Databases,
    caller: &mut dyn Caller,
    request: &[u8],
) -> Result<Step, Error> {
    command(databases, caller, request, |arguments| {
        Ok(Command::Release(name(arguments)?))
    })
}

fn command(
    databases: &Databases,
    caller: &mut dyn Caller,
    request: &[u8],
    read: impl FnOnce(&mut Arguments<'_>) -> Result<Command, Error>,
) -> Result<Step, Error> {
    let mut arguments = Arguments::new(request)?;
    let granted = databases.granted(caller, &mut arguments)?;
    let number = transactions::number(&mut arguments)?;
    let number = number.ok_or_else(|| Error::invalid("transaction is missing"))?;
    let command = read(&mut arguments)?;
    let open = OpenTransactions::find(caller, &granted.database.settings.id, number)?;
    // A rollback takes back what was permitted before.
    if !matches!(command, Command::Rollback) {
        granted.permit(caller, open.access())?;
    }
    Ok(Step::wait(OF_CALL, move |charge| async move {
        open.carry_out(command, charge).await
    }))
}

/// Reads the name of a savepoint.
fn name(arguments: &mut Arguments<'_>) -> Result<String, Error> {
    let name = arguments.text("name")?;
    check_name_length("name", name)?;
    let is_sound = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if name.is_empty() || !name.chars().all(is_sound) {
        let message = "name: the name of a savepoint has ASCII letters, digits and `_` alone";
        return Err(Error::invalid(message));
    }
    // PostgreSQL cuts longer names, and then two would be one.
    if name.len() > MAX_SAVEPOINT {
        let message = format!("name is {} bytes, more than {MAX_SAVEPOINT}", name.len());
        return Err(Error::invalid(message));
    }
    Ok(name.to_owned())
}

/// The most bytes of the name of a savepoint. PostgreSQL has 63 for the whole name.
const MAX_SAVEPOINT: usize = 48;
