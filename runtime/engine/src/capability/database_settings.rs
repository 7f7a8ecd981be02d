//! The settings of a database.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A database of SQL, which processes use by the capability `sql`.
///
/// ```
/// use warren_engine::capability::{DatabasePlace, DatabaseSettings};
///
/// let shop = DatabaseSettings {
///     max_rows: 1_000,
///     ..DatabaseSettings::new("app:shop", DatabasePlace::File("shop.db".into()))
/// };
/// assert!(shop.migrations.is_empty());
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseSettings {
    /// The id, `namespace:name`.
    pub id: Arc<str>,
    /// The place of its tables.
    pub place: DatabasePlace,
    /// The changes of its tables that a program needs, in the order of their versions.
    pub migrations: Vec<Migration>,
    /// The most rows that one query returns.
    pub max_rows: usize,
    /// The most time that one statement takes.
    pub max_statement: Duration,
    /// The most time that a transaction is open.
    pub max_transaction: Duration,
    /// The most bytes of a database of SQLite.
    pub max_bytes: u64,
    /// The most connections to a server.
    pub max_connections: usize,
}

/// The place of a database.
///
/// ```
/// use warren_engine::capability::DatabasePlace;
///
/// let shop = DatabasePlace::Postgres("postgres://shop:secret@db.internal/shop".into());
/// assert!(!format!("{shop:?}").contains("secret"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DatabasePlace {
    /// The memory of the program, with whose end the database ends.
    Memory,
    /// A file of SQLite of this name, in the directory of the program's data. A program
    /// without data has the database in memory.
    File(String),
    /// A server of PostgreSQL.
    Postgres(DatabaseUrl),
}

/// The address of a server, with its user and password. Its `Debug` does not show it.
///
/// ```
/// use warren_engine::capability::DatabaseUrl;
///
/// let url = DatabaseUrl::from("postgres://localhost/shop");
/// assert_eq!(url.as_str(), "postgres://localhost/shop");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl(Arc<str>);

/// A change of a database's tables, which is made once, before the program uses the
/// database.
///
/// ```
/// use warren_engine::capability::Migration;
///
/// let first = Migration {
///     version: 1,
///     name: "001_init.sql".into(),
///     text: "CREATE TABLE orders (id INTEGER PRIMARY KEY, total INTEGER NOT NULL)".into(),
/// };
/// assert_eq!(first.version, 1);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Migration {
    /// Its number, above that of the one before.
    pub version: u32,
    /// The name of its file.
    pub name: Arc<str>,
    /// Its statements.
    pub text: Arc<str>,
}

impl DatabaseSettings {
    /// Default of [`DatabaseSettings::max_rows`].
    pub const DEFAULT_MAX_ROWS: usize = 10_000;

    /// Default of [`DatabaseSettings::max_statement`].
    pub const DEFAULT_MAX_STATEMENT: Duration = Duration::from_secs(5);

    /// Default of [`DatabaseSettings::max_transaction`].
    pub const DEFAULT_MAX_TRANSACTION: Duration = Duration::from_secs(30);

    /// Default of [`DatabaseSettings::max_bytes`].
    pub const DEFAULT_MAX_BYTES: u64 = 1 << 30;

    /// Default of [`DatabaseSettings::max_connections`].
    pub const DEFAULT_MAX_CONNECTIONS: usize = 8;

    /// Returns the settings of a database without migrations and with the default limits.
    pub fn new(id: impl Into<Arc<str>>, place: DatabasePlace) -> DatabaseSettings {
        DatabaseSettings {
            id: id.into(),
            place,
            migrations: Vec::new(),
            max_rows: Self::DEFAULT_MAX_ROWS,
            max_statement: Self::DEFAULT_MAX_STATEMENT,
            max_transaction: Self::DEFAULT_MAX_TRANSACTION,
            max_bytes: Self::DEFAULT_MAX_BYTES,
            max_connections: Self::DEFAULT_MAX_CONNECTIONS,
        }
    }
}

impl DatabaseUrl {
    /// Returns the address.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl From<&str> for DatabaseUrl {
    fn from(url: &str) -> DatabaseUrl {
        DatabaseUrl(url.into())
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DatabaseUrl").finish_non_exhaustive()
    }
}
