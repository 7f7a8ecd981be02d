//! Migrations: changes of a database that are made once, before its first use.

use sha2::{Digest as _, Sha256};
use warren_engine::capability::Migration;
use warren_kernel::{Error, text};

use crate::hex;

/// The name of the table of the migrations that were made.
pub(super) const NAME: &str = "warren_migrations";

/// The table, for both languages.
pub(super) const TABLE: &str = "CREATE TABLE IF NOT EXISTS warren_migrations (
    version BIGINT PRIMARY KEY, name TEXT NOT NULL, hash TEXT NOT NULL)";

/// Reads the migrations that were made.
pub(super) const READ: &str = "SELECT version, name, hash FROM warren_migrations ORDER BY version";

/// Finds a migration that was made, by its version.
pub(super) const FIND: &str = "SELECT 1 FROM warren_migrations WHERE version = $1";

/// Notes a migration that is made: its version, name and hash.
pub(super) const ADD: &str =
    "INSERT INTO warren_migrations (version, name, hash) VALUES ($1, $2, $3)";

/// A migration that was made.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Made {
    pub(super) version: i64,
    pub(super) name: String,
    pub(super) hash: String,
}

/// Returns the hash of a migration's statements.
pub(super) fn hash(text: &str) -> String {
    hex::lower(&Sha256::digest(text.as_bytes()))
}

/// Checks that the migrations that were made are those of the program.
///
/// # Errors
///
/// `Invalid` for one that was changed since, or that the program does not have.
pub(super) fn check(made: &[Made], all: &[Migration]) -> Result<(), Error> {
    for Made {
        version,
        name,
        hash: before,
    } in made
    {
        let shown = text::line(name);
        let Some(migration) = all.iter().find(|one| i64::from(one.version) == *version) else {
            return Err(Error::invalid(format!(
                "the database has the migration {shown}, which the program does not have"
            )));
        };
        if hash(&migration.text) != *before {
            return Err(Error::invalid(format!(
                "the migration {shown} was changed after it was made: undo the change, and add \
                 a migration"
            )));
        }
    }
    Ok(())
}

/// Returns the error of a migration that fails, with its name.
pub(super) fn named(name: &str, error: &Error) -> Error {
    Error::invalid(format!("the migration {} fails: {error}", text::line(name)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn migration(version: u32, text: &str) -> Migration {
        Migration {
            version,
            name: format!("{version:03}.sql").into(),
            text: text.into(),
        }
    }

    fn made(migration: &Migration) -> Made {
        Made {
            version: migration.version.into(),
            name: migration.name.to_string(),
            hash: hash(&migration.text),
        }
    }

    #[test]
    fn migrations_that_were_made_stay_as_they_are() {
        let (first, second) = (migration(1, "one"), migration(2, "two"));
        let all = [first.clone(), second.clone()];
        assert!(check(&[], &all).is_ok());
        assert!(check(&[made(&first), made(&second)], &all).is_ok());
        let error = check(&[made(&migration(1, "other"))], &all).unwrap_err();
        assert!(error.message.contains("001.sql was changed"), "{error}");
        let error = check(&[made(&migration(3, "three"))], &all).unwrap_err();
        assert!(error.message.contains("003.sql, which"), "{error}");
    }
}
