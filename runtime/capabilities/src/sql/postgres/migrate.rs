//! Migrations of a database of PostgreSQL.

use std::time::Duration;

use bytes::Bytes;
use warren_engine::capability::Migration;
use warren_kernel::Error;

use super::super::migrations::{self, ADD, FIND, Made, READ, TABLE};
use super::super::params::Param;
use super::error;
use super::messages::Status;
use super::run::request;
use super::session::{Failure, Part, Session};

/// The lock that one runtime at a time has, in each database: the letters of `warren`.
const LOCK: &str = "SELECT pg_advisory_lock(131320219100526)";

/// Settings of the session: a migration changes the database, and may take its time.
const SETTINGS: &str = "SET default_transaction_read_only = off; SET statement_timeout = 0";

/// Makes the migrations that were not made yet, each in a transaction. The session is for
/// nothing else.
///
/// # Errors
///
/// `Invalid` for one that was changed after it was made, or that fails, with its name.
pub(super) async fn run(session: &mut Session, all: &[Migration]) -> Result<(), Error> {
    let failed = |failure: Failure| error::of(&failure, Duration::MAX);
    let begun = session.own(&[SETTINGS, LOCK, TABLE]).await;
    begun.map_err(failed)?;
    let found = ask(session, READ, &[]).await.map_err(failed)?;
    let made: Vec<Made> = found.iter().map(|row| made(row)).collect();
    migrations::check(&made, all)?;
    for migration in all {
        let done = make(session, migration).await;
        done.map_err(|failure| migrations::named(&migration.name, &failed(failure)))?;
    }
    Ok(())
}

async fn make(session: &mut Session, migration: &Migration) -> Result<(), Failure> {
    let version = Param::Integer(migration.version.into());
    if !ask(session, FIND, std::slice::from_ref(&version))
        .await?
        .is_empty()
    {
        return Ok(());
    }
    session.own(&["BEGIN"]).await?;
    session.own(&[&*migration.text]).await?;
    if session.status() != Status::Open {
        let message = "it ends its transaction, which the runtime begins and ends";
        return Err(std::io::Error::other(message).into());
    }
    let name = Param::Text(migration.name.to_string());
    let hash = Param::Text(migrations::hash(&migration.text));
    ask(session, ADD, &[version, name, hash]).await?;
    session.own(&["COMMIT"]).await
}

/// The values of a row.
type Values = Vec<Option<Bytes>>;

/// Runs a statement of the runtime's own with values, and returns its rows.
async fn ask(session: &mut Session, text: &str, params: &[Param]) -> Result<Vec<Values>, Failure> {
    let compiled = session.compile(text).await?;
    session.send(&request(&compiled, params, 0)).await?;
    let mut rows = Vec::new();
    let ended = session.finish(|part| {
        if let Part::Row(row) = part {
            rows.push(row.values()?);
        }
        Ok(())
    });
    ended.await?;
    Ok(rows)
}

fn made(row: &[Option<Bytes>]) -> Made {
    let text = |place: usize| {
        let value = row.get(place).and_then(|value| value.as_deref());
        String::from_utf8_lossy(value.unwrap_or_default()).into_owned()
    };
    Made {
        version: text(0).parse().unwrap_or_default(),
        name: text(1),
        hash: text(2),
    }
}
