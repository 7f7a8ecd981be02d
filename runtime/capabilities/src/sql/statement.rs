//! The operations `sql.query`, `execute` and `prepare`.

use std::sync::Arc;

use warren_engine::capability::{Caller, Step};
use warren_kernel::Error;

use super::access::Access;
use super::command::{Command, Statement};
use super::params;
use super::transactions::{self, OpenTransactions};
use super::{Databases, Granted, OF_CALL, text_of};
use crate::answer;
use crate::request::Arguments;

/// `sql.query(id, transaction, text, params, kinds)`: a list of maps, one for each row, without
/// fields that are NULL. `transaction` is the number of an open transaction, or nil.
pub(super) fn query(
    databases: &Databases,
    caller: &mut dyn Caller,
    request: &[u8],
) -> Result<Step, Error> {
    run(databases, caller, request, true)
}

/// `sql.execute(id, transaction, text, params, kinds)`: a map of `rows_affected` and, after an
/// insertion into a table of SQLite, `last_insert_id`. Without values, `text` may be several
/// statements, which are done together or not at all.
pub(super) fn execute(
    databases: &Databases,
    caller: &mut dyn Caller,
    request: &[u8],
) -> Result<Step, Error> {
    run(databases, caller, request, false)
}

/// `sql.prepare(id, transaction, text)`: true, if the database can run the one statement of
/// the text.
pub(super) fn prepare(
    databases: &Databases,
    caller: &mut dyn Caller,
    request: &[u8],
) -> Result<Step, Error> {
    let mut arguments = Arguments::new(request)?;
    let granted = databases.granted(caller, &mut arguments)?;
    let number = transactions::number(&mut arguments)?;
    let text: Arc<str> = text_of(&mut arguments)?.into();
    let access = Access::of(&text, granted.database.dialect())?;
    let Some(number) = number else {
        granted.permit(caller, access)?;
        let host = caller.process().host().number();
        let Granted { database, .. } = granted;
        return Ok(Step::wait(OF_CALL + text.len(), move |_| async move {
            database.prepare(host, text, access).await?;
            answer::write(|out| out.boolean(true))
        }));
    };
    let open = OpenTransactions::find(caller, &granted.database.settings.id, number)?;
    granted.permit(caller, within(&granted, open.access(), access))?;
    let memory = OF_CALL + text.len();
    let command = Command::Prepare(text);
    Ok(Step::wait(memory, move |charge| async move {
        open.carry_out(command, charge).await
    }))
}

/// Returns the access to ask for before a statement of a transaction: that of the transaction,
/// which refuses by itself what goes beyond it. If the grant is the reason, the grant refuses.
fn within(granted: &Granted, transaction: Access, statement: Access) -> Access {
    match granted.right {
        Access::Read => statement,
        Access::Write => transaction,
    }
}

fn run(
    databases: &Databases,
    caller: &mut dyn Caller,
    request: &[u8],
    returns_rows: bool,
) -> Result<Step, Error> {
    let mut arguments = Arguments::new(request)?;
    let granted = databases.granted(caller, &mut arguments)?;
    let number = transactions::number(&mut arguments)?;
    let text: Arc<str> = text_of(&mut arguments)?.into();
    let params = params::read(&mut arguments)?;
    let access = Access::of(&text, granted.database.dialect())?;
    let statement = Statement {
        text,
        params,
        access,
        returns_rows,
    };
    let memory = statement.bytes();
    let Some(number) = number else {
        granted.permit(caller, access)?;
        let host = caller.process().host().number();
        let Granted { database, .. } = granted;
        return Ok(Step::wait(memory, move |charge| async move {
            database.run(host, statement, charge).await
        }));
    };
    let open = OpenTransactions::find(caller, &granted.database.settings.id, number)?;
    granted.permit(caller, within(&granted, open.access(), access))?;
    let command = Command::Run(statement);
    Ok(Step::wait(memory, move |charge| async move {
        open.carry_out(command, charge).await
    }))
}
