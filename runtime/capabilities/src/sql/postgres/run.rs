//! Statements in a session.

use std::io;
use std::time::Duration;

use warren_engine::capability::{Answer, Charge};
use warren_kernel::{Error, Kind};

use super::super::access::{Access, Dialect};
use super::super::command::Statement;
use super::super::params::{Param, check_count};
use super::super::rows::{Columns, Rows};
use super::error;
use super::messages::{Requests, Status};
use super::session::{Compiled, Failure, Part, Session};
use super::split::statements;
use super::values;
use crate::answer;

/// Bytes of rows that are passed over after one that was refused. Beyond them the session
/// ends, and the statement with it.
const PASSED_OVER: usize = 1 << 20;

/// The limits of a statement.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    pub(super) max_rows: usize,
    pub(super) max_statement: Duration,
}

/// Runs a statement in a transaction of its own.
pub(super) async fn alone(
    session: &mut Session,
    statement: &Statement,
    limits: Limits,
    charge: Charge,
) -> Answer {
    let begin = match statement.access {
        Access::Write => "BEGIN READ WRITE",
        // The session only reads. Of several statements one could change that for the next.
        Access::Read if is_several(statement) => "BEGIN READ ONLY",
        Access::Read => return within(session, statement, true, limits, charge).await,
    };
    own(session, begin, limits).await?;
    let is_read_only = statement.access == Access::Read;
    let done = within(session, statement, is_read_only, limits, charge).await;
    let done = match done {
        Ok(answer) => commit(session, limits).await.map(|()| answer),
        Err(error) => Err(error),
    };
    if done.is_err() && !session.is_busy() && session.status() != Status::Idle {
        // A session that cannot do it is dropped with its transaction.
        let _ = own(session, "ROLLBACK", limits).await;
    }
    done
}

/// Ends a transaction with its changes. One whose statements have failed ends without.
pub(super) async fn commit(session: &mut Session, limits: Limits) -> Result<(), Error> {
    if session.status() == Status::Failed {
        own(session, "ROLLBACK", limits).await?;
        let message = "the transaction was rolled back: a statement of it has failed";
        return Err(Error::new(Kind::Conflict, message));
    }
    own(session, "COMMIT", limits).await
}

/// Runs a statement of the runtime's own.
pub(super) async fn own(session: &mut Session, text: &str, limits: Limits) -> Result<(), Error> {
    let done = session.own(&[text]).await;
    done.map_err(|failure| error::of(&failure, limits.max_statement))
}

/// Runs a statement in the transaction that is open, or, if it only reads, without one.
pub(super) async fn within(
    session: &mut Session,
    statement: &Statement,
    is_read_only: bool,
    limits: Limits,
    charge: Charge,
) -> Answer {
    let params = &statement.params;
    if !is_several(statement) {
        check_access(statement.access, is_read_only)?;
        let compiled = compile(session, &statement.text, limits).await?;
        check_count(params.len(), compiled.values.len())?;
        // They are on their way to the server a second time.
        charge.grow(params.iter().map(Param::bytes).sum())?;
        if statement.returns_rows {
            return rows(session, &compiled, params, limits, charge).await;
        }
        let rows = execute(session, &compiled, params, limits).await?;
        return done(counted(statement.access, rows));
    }
    let mut affected = 0_u64;
    for text in statements(&statement.text) {
        let access = Access::of(text, Dialect::Postgres)?;
        check_access(access, is_read_only)?;
        let compiled = compile(session, text, limits).await?;
        check_count(0, compiled.values.len())?;
        let rows = execute(session, &compiled, &[], limits).await?;
        affected = affected.saturating_add(counted(access, rows));
    }
    done(affected)
}

/// Checks a statement, without running it.
pub(super) async fn check(
    session: &mut Session,
    text: &str,
    is_read_only: bool,
    limits: Limits,
) -> Result<(), Error> {
    check_access(Access::of(text, Dialect::Postgres)?, is_read_only)?;
    compile(session, text, limits).await.map(|_| ())
}

/// Returns true if the text may be several statements.
fn is_several(statement: &Statement) -> bool {
    !statement.returns_rows && statement.params.is_empty()
}

fn check_access(access: Access, is_read_only: bool) -> Result<(), Error> {
    match is_read_only && access == Access::Write {
        true => Err(Error::invalid(
            "the statement changes the database, and may only read it",
        )),
        false => Ok(()),
    }
}

async fn compile(session: &mut Session, text: &str, limits: Limits) -> Result<Compiled, Error> {
    let compiled = session.compile(text).await;
    compiled.map_err(|failure| error::of(&failure, limits.max_statement))
}

/// Returns the rows that a statement has changed, of those that the server counts.
fn counted(access: Access, rows: u64) -> u64 {
    match access {
        Access::Read => 0,
        Access::Write => rows,
    }
}

fn done(rows_affected: u64) -> Answer {
    let rows = i64::try_from(rows_affected).unwrap_or(i64::MAX);
    answer::write(|out| {
        out.map(1)?;
        out.string(b"rows_affected")?;
        out.integer(rows)
    })
}

/// Returns the request that runs a compiled statement, up to `most` rows; 0 are all.
pub(super) fn request(compiled: &Compiled, params: &[Param], most: u32) -> Requests {
    let kind = |place: usize| compiled.values.get(place).copied().unwrap_or_default();
    let mut requests = Requests::default();
    requests.run(
        params,
        |place, _| values::format_of(kind(place)),
        |place, param, out| values::write_param(kind(place), param, out),
        compiled.columns.iter().map(values::format_of_column),
        most,
    );
    requests
}

async fn rows(
    session: &mut Session,
    compiled: &Compiled,
    params: &[Param],
    limits: Limits,
    charge: Charge,
) -> Answer {
    let columns = &compiled.columns;
    let names = Columns::new(columns.iter().map(|column| column.name.as_str()))?;
    let mut list = Rows::new(limits.max_rows, charge)?;
    // One more, which is refused.
    let most = u32::try_from(limits.max_rows).unwrap_or(u32::MAX);
    let most = most.saturating_add(1).min(i32::MAX.unsigned_abs());
    let failed = |failure: Failure| error::of(&failure, limits.max_statement);
    let sent = session.send(&request(compiled, params, most)).await;
    sent.map_err(failed)?;
    let mut refused = None;
    let mut passed = 0_usize;
    let ended = session.finish(|part| {
        let Part::Row(row) = part else {
            return Ok(());
        };
        if refused.is_some() {
            passed = passed.saturating_add(row.bytes());
            return match passed > PASSED_OVER {
                true => Err(io::Error::other("the statement goes on for too long").into()),
                false => Ok(()),
            };
        }
        let found = row.values()?;
        let value = |place: usize| found.get(place).and_then(|value| value.as_deref());
        let bytes = (0..columns.len()).map(|place| values::bytes_of(value(place)));
        let added = list.add(&names, bytes.sum(), |place, output| {
            values::write(&columns[place], value(place), output)
        });
        refused = added.err();
        Ok(())
    });
    let ended = ended.await;
    if let Some(error) = refused {
        return Err(error);
    }
    ended.map_err(failed)?;
    list.finish()
}

/// Runs a compiled statement to its end, and leaves its rows alone. Returns their number, or
/// that of the rows that have changed.
async fn execute(
    session: &mut Session,
    compiled: &Compiled,
    params: &[Param],
    limits: Limits,
) -> Result<u64, Error> {
    let failed = |failure: Failure| error::of(&failure, limits.max_statement);
    let sent = session.send(&request(compiled, params, 0)).await;
    sent.map_err(failed)?;
    let mut rows = 0;
    let ended = session.finish(|part| {
        if let Part::Complete(count) = part {
            rows = count;
        }
        Ok(())
    });
    let ended = ended.await;
    ended.map_err(failed)?;
    Ok(rows)
}
