//! The capability `sql`: databases of SQLite and of PostgreSQL.
//!
//! A database is an entry of the manifest, and open to the definitions that are granted it,
//! for reading or for all. A database that is not granted is not found, like one that does
//! not exist.
//!
//! ```text
//!  statement ──> grant, access, permission ──┬─> Database ─┬─ embedded: SQLite, on threads
//!                                            │             └─ postgres: a server, on sockets
//!  begin ──> OpenTransactions, of a process ─┘                 │
//!              ^  number, one for a database                   v
//!              └────────── Transaction: a connection with its turn, rolled back by its drop
//! ```
//!
//! Programs are hostile: each connection of SQLite has limits, and an authorizer that leaves
//! a statement nothing but its database. Each statement has its time, and its rows are
//! charged as they come. A connection of PostgreSQL only reads, but in a transaction of its
//! own that may write, and is made as new before another call has it.

mod access;
mod begin;
mod command;
mod control;
mod embedded;
mod migrations;
mod params;
mod postgres;
mod rows;
mod statement;
mod transaction;
mod transactions;
mod turns;
mod words;

use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;

use warren_engine::capability::{
    Answer, Caller, Capability, Charge, DatabasePlace, DatabaseSettings, Step,
};
use warren_kernel::Error;

use crate::answer;
use crate::data::{Data, DataError};
use crate::entries::{self, Entries};
use crate::limit::beyond;
use crate::request::Arguments;
use access::{Access, Dialect};
use command::{Begin, Statement};
use transaction::Transaction;

/// The databases of a program, by id.
///
/// ```
/// use warren_capabilities::Databases;
/// use warren_engine::capability::{DatabasePlace, DatabaseSettings};
///
/// let shop = DatabaseSettings::new("app:shop", DatabasePlace::Memory);
/// let databases = Databases::open(vec![shop], None)?;
/// # Ok::<_, warren_capabilities::DataError>(())
/// ```
#[derive(Clone, Default)]
pub struct Databases(Arc<HashMap<Arc<str>, Arc<Database>>>);

/// A database: its settings and its connections.
struct Database {
    settings: DatabaseSettings,
    backend: Backend,
}

enum Backend {
    Embedded(embedded::Pool),
    Postgres(postgres::Pool),
}

impl Databases {
    /// Opens databases, and makes the migrations of those of SQLite. Their files lie in
    /// `data`; without it they are in memory and end with the program. A server is connected
    /// to, and its migrations are made, by the first call that needs it. Of two databases
    /// with one id the later counts.
    ///
    /// # Errors
    ///
    /// [`DataError`], for the file of a database, a migration or the address of a server.
    pub fn open(
        settings: Vec<DatabaseSettings>,
        data: Option<&Data>,
    ) -> Result<Databases, DataError> {
        let by_id: HashMap<_, _> = settings
            .into_iter()
            .map(|settings| (Arc::clone(&settings.id), settings))
            .collect();
        let opened = |(id, settings): (Arc<str>, DatabaseSettings)| -> Result<_, DataError> {
            let backend = match &settings.place {
                DatabasePlace::Memory => Backend::Embedded(embedded::Pool::open(&settings, None)?),
                DatabasePlace::File(name) => {
                    let file = data.map(|data| Ok((data.named("databases", name)?, data.clone())));
                    let file = file.transpose()?;
                    Backend::Embedded(embedded::Pool::open(&settings, file)?)
                }
                DatabasePlace::Postgres(url) => {
                    Backend::Postgres(postgres::Pool::new(&settings, url)?)
                }
            };
            Ok((id, Arc::new(Database { settings, backend })))
        };
        let databases: HashMap<_, _> = by_id.into_iter().map(opened).collect::<Result<_, _>>()?;
        Ok(Databases(Arc::new(databases)))
    }
}

impl fmt::Debug for Databases {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

impl Capability for Databases {
    fn name(&self) -> &'static str {
        NAME
    }

    fn call(&self, caller: &mut dyn Caller, operation: &str, request: &[u8]) -> Step {
        let step = match operation {
            "open" => self.open_one(caller, request).map(done),
            "query" => statement::query(self, caller, request),
            "execute" => statement::execute(self, caller, request),
            "prepare" => statement::prepare(self, caller, request),
            "begin" => begin::begin(self, caller, request),
            "commit" => control::commit(self, caller, request),
            "rollback" => control::rollback(self, caller, request),
            "savepoint" => control::savepoint(self, caller, request),
            "rollback_to" => control::rollback_to(self, caller, request),
            "release" => control::release(self, caller, request),
            "stats" => self.stats(caller, request).map(done),
            _ => return Step::Unknown,
        };
        step.unwrap_or_else(|error| Step::Done(Err(error)))
    }
}

/// The name of the capability, which grants have, too.
const NAME: &str = "sql";

const DATABASES: Entries = Entries {
    what: "database",
    table: "databases",
    key: NAME,
    option: "--sql",
    behind: "",
};

fn done(answer: Vec<u8>) -> Step {
    Step::Done(Ok(answer))
}

/// Bytes that a call takes beside its statement.
const OF_CALL: usize = 256;

/// The most bytes of the text of one statement.
pub(crate) const MAX_TEXT: usize = 1 << 20;

impl Databases {
    /// `sql.open(id)`: a map of the full `id` and the `type` of a database that is granted.
    fn open_one(&self, caller: &mut dyn Caller, request: &[u8]) -> Answer {
        let granted = self.granted(caller, &mut Arguments::new(request)?)?;
        let settings = &granted.database.settings;
        let of_type = match granted.database.dialect() {
            Dialect::Sqlite => "sqlite",
            Dialect::Postgres => "postgres",
        };
        answer::write(|out| {
            out.map(2)?;
            out.string(b"id")?;
            out.string(settings.id.as_bytes())?;
            out.string(b"type")?;
            out.string(of_type.as_bytes())
        })
    }

    /// `sql.stats(id)`: a map of the numbers of connections: `max_open_connections`,
    /// `open_connections`, `in_use` and `idle`.
    fn stats(&self, caller: &mut dyn Caller, request: &[u8]) -> Answer {
        let granted = self.granted(caller, &mut Arguments::new(request)?)?;
        granted.permit(caller, Access::Read)?;
        let Stats { most, in_use, idle } = match &granted.database.backend {
            Backend::Embedded(pool) => pool.stats(),
            Backend::Postgres(pool) => pool.stats(),
        };
        let counts = [
            ("max_open_connections", most),
            ("open_connections", in_use + idle),
            ("in_use", in_use),
            ("idle", idle),
        ];
        answer::write(|out| {
            out.map(4)?;
            counts.iter().try_for_each(|(name, count)| {
                out.string(name.as_bytes())?;
                out.integer(i64::try_from(*count).unwrap_or(i64::MAX))
            })
        })
    }

    /// Reads the id of a database, and returns the database if it is granted to the caller.
    fn granted(
        &self,
        caller: &mut dyn Caller,
        arguments: &mut Arguments<'_>,
    ) -> Result<Granted, Error> {
        let full = entries::id(arguments)?;
        let right = match caller.grants().uses.right(NAME, &full) {
            None => None,
            Some("read") => Some(Access::Read),
            Some(_) => Some(Access::Write),
        };
        let database = self.0.get(full.as_str());
        match (database, right) {
            (Some(database), Some(right)) => Ok(Granted {
                database: Arc::clone(database),
                right,
            }),
            _ => Err(DATABASES.not_found(&full, caller)),
        }
    }
}

/// A database that is granted to a caller.
struct Granted {
    database: Arc<Database>,
    right: Access,
}

impl Granted {
    /// Asks for the permission of an access.
    ///
    /// # Errors
    ///
    /// `PermissionDenied`, by the grant or by the policies.
    fn permit(&self, caller: &mut dyn Caller, access: Access) -> Result<(), Error> {
        let (action, id) = (access.action(), &self.database.settings.id);
        if self.right == Access::Read && access == Access::Write {
            return Err(DATABASES.only_read(action, id, caller));
        }
        caller.permit(action, id, &[])
    }
}

/// The numbers of connections of a database.
struct Stats {
    most: usize,
    in_use: usize,
    idle: usize,
}

impl Database {
    fn dialect(&self) -> Dialect {
        match &self.backend {
            Backend::Embedded(_) => Dialect::Sqlite,
            Backend::Postgres(_) => Dialect::Postgres,
        }
    }

    /// Runs a statement in a transaction of its own, for a host.
    async fn run(&self, host: usize, statement: Statement, charge: Charge) -> Answer {
        match &self.backend {
            Backend::Embedded(pool) => pool.run(host, statement, charge).await,
            Backend::Postgres(pool) => pool.run(host, statement, charge).await,
        }
    }

    /// Checks a statement, without running it.
    async fn prepare(&self, host: usize, text: Arc<str>, access: Access) -> Result<(), Error> {
        match &self.backend {
            Backend::Embedded(pool) => pool.prepare(host, text, access).await,
            Backend::Postgres(pool) => pool.prepare(host, text, access).await,
        }
    }

    /// Begins a transaction.
    async fn begin(&self, host: usize, begin: Begin) -> Result<Transaction, Error> {
        Ok(match &self.backend {
            Backend::Embedded(pool) => Transaction::Embedded(pool.begin(host, begin).await?),
            Backend::Postgres(pool) => Transaction::Postgres(pool.begin(host, begin).await?),
        })
    }
}

/// Reads the text of a statement.
fn text_of<'a>(arguments: &mut Arguments<'a>) -> Result<&'a str, Error> {
    let text = arguments.text("text")?;
    if text.len() > MAX_TEXT {
        let bytes = text.len();
        let message = format!("text is {bytes} bytes, more than max_text = {MAX_TEXT}");
        return Err(beyond("max_text", MAX_TEXT, message));
    }
    if text.contains('\0') {
        return Err(Error::invalid("text has a byte 0"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests;
