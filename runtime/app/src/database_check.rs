//! Checks the databases of a manifest against its program.

use std::collections::BTreeMap;

use toml::Spanned;
use warren_engine::capability::{DatabasePlace, DatabaseSettings, DatabaseUrl, Migration};
use warren_kernel::text;

use crate::check::Checked;
use crate::manifest::{DatabaseEntry, Manifest};

/// The most migrations of one database.
const MAX_MIGRATIONS: usize = 10_000;

/// The end of the name of a migration.
const SQL: &str = ".sql";

/// A fault of the migrations of a database, and what to do about it.
type Fault = (String, &'static str);

impl Checked {
    /// Returns the databases of a manifest. What is wrong is recorded as problems.
    pub(crate) fn databases_of(&mut self, manifest: &Manifest) -> Vec<DatabaseSettings> {
        let entries = &manifest.databases;
        for (place, entry) in entries.iter().enumerate() {
            let same = |other: &&DatabaseEntry| {
                matches!(&entry.settings.place, DatabasePlace::File(_))
                    && other.settings.place == entry.settings.place
            };
            if let (Some(file), Some(other)) = (&entry.file, entries[..place].iter().find(same)) {
                let message = format!(
                    "`{}` and `{}` have one file",
                    other.settings.id, entry.settings.id
                );
                let remedy = "give each database a file of its own, or grant one of them to both";
                self.problem(file.span(), message, "the file of another database", remedy);
            }
        }
        let databases = entries.iter().map(|entry| self.database(entry));
        databases.collect()
    }

    fn database(&mut self, entry: &DatabaseEntry) -> DatabaseSettings {
        let mut settings = entry.settings.clone();
        if let Some(name) = &entry.url {
            if entry.file.is_some() {
                let message = format!("`{}` has a file and a server", settings.id);
                let remedy = "write `file` for SQLite, or `url` for PostgreSQL";
                self.problem(name.span(), message, "beside `file`", remedy);
            }
            if let Some(url) = self.database_url(name) {
                settings.place = DatabasePlace::Postgres(url);
            }
        }
        if let Some(directory) = &entry.migrations {
            match self.migrations(directory.get_ref()) {
                Ok(migrations) => settings.migrations = migrations,
                Err((message, remedy)) => {
                    let label = "the directory of the migrations";
                    self.problem(directory.span(), message, label, remedy);
                }
            }
        }
        settings
    }

    /// Returns the URL of a server of PostgreSQL that a variable holds.
    fn database_url(&mut self, name: &Spanned<String>) -> Option<DatabaseUrl> {
        let read = self.secret(name.get_ref()).and_then(|url| {
            let url = std::str::from_utf8(&url).unwrap_or_default();
            let schemes = ["postgres://", "postgresql://"];
            match schemes.iter().any(|scheme| url.starts_with(scheme)) {
                true => Ok(DatabaseUrl::from(url)),
                // The value is a secret.
                false => Err(format!(
                    "the variable `{}` holds no URL that begins with postgres://",
                    text::quoted(name.get_ref())
                )),
            }
        });
        match read {
            Ok(url) => Some(url),
            Err(message) => {
                let label = "expected the name of an environment variable that holds a URL";
                let remedy = "set the variable for the command, such as \
                              postgres://user:password@localhost/shop, or write `file` for SQLite";
                self.problem(name.span(), message, label, remedy);
                None
            }
        }
    }

    /// Reads the migrations in a directory of the program, in the order of their versions.
    fn migrations(&self, directory: &str) -> Result<Vec<Migration>, Fault> {
        let root = self.library.root();
        let shown = text::quoted(directory);
        let failed = |error: &dyn std::fmt::Display| {
            let message = format!("cannot read the migrations in `{shown}`: {error}");
            (message, "name a directory below that of the program")
        };
        if !root.is_directory(directory) {
            return Err(failed(&"there is no such directory"));
        }
        let names = root.names_in(directory).map_err(|error| failed(&error))?;
        let mut found = BTreeMap::new();
        for name in names.iter().filter(|name| name.ends_with(SQL)) {
            let version = version(name)?;
            let path = format!("{directory}/{name}");
            let bytes = root.read_text(&path).map_err(|error| failed(&error))?;
            let text = String::from_utf8(bytes).map_err(|_| failed(&"a file is not UTF-8"))?;
            let migration = Migration {
                version,
                name: name.as_str().into(),
                text: text.into(),
            };
            if let Some(other) = found.insert(version, migration) {
                let message = format!(
                    "the migrations `{}` and `{}` have one number",
                    text::quoted(&*other.name),
                    text::quoted(name)
                );
                return Err((message, "give each migration a number of its own"));
            }
        }
        if found.len() > MAX_MIGRATIONS {
            let message = format!("`{shown}` has more than {MAX_MIGRATIONS} migrations");
            return Err((
                message,
                "make one migration of those that every database has",
            ));
        }
        Ok(found.into_values().collect())
    }
}

/// Reads the number that the name of a migration begins with.
fn version(name: &str) -> Result<u32, Fault> {
    let digits = name.split(|c: char| !c.is_ascii_digit()).next();
    let version = digits.and_then(|digits| digits.parse().ok());
    version.filter(|version| *version > 0).ok_or_else(|| {
        let message = format!(
            "the migration `{}` begins with no number above 0",
            text::quoted(name)
        );
        (message, "name it like 001_init.sql")
    })
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn a_migration_has_a_number() {
        assert_eq!(version("001_init.sql").unwrap(), 1);
        assert_eq!(version("20260101.sql").unwrap(), 20_260_101);
        for name in ["init.sql", "0.sql", "99999999999.sql", ".sql", "-1.sql"] {
            assert!(version(name).is_err(), "{name}");
        }
    }
}
