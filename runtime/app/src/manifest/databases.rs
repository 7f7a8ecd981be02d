//! The tables `[databases."id"]` of a manifest.

use std::ops::RangeInclusive;
use std::time::Duration;

use toml::Spanned;
use warren_engine::capability::{DatabasePlace, DatabaseSettings};
use warren_kernel::text;

use super::reader::{Reader, Section};
use crate::id::Id;

/// Rows of one query: all of them are in memory.
const ROWS: RangeInclusive<u32> = 1..=1_000_000;

/// The shortest time of a statement or a transaction.
const SHORTEST: Duration = Duration::from_millis(1);

/// Bytes of a database: from a few tables to more than a disk has.
const BYTES: RangeInclusive<u64> = (1 << 20)..=(1 << 44);

/// Connections to a server.
const CONNECTIONS: RangeInclusive<u32> = 1..=1_000;

/// The name of a file that stands for the memory of the program.
const MEMORY: &str = ":memory:";

/// The most bytes of the name of a file, which leave room for what SQLite adds.
const MAX_FILE: usize = 200;

/// A table `[databases."id"]`, before its URL and its migrations are read.
#[derive(Debug)]
pub(crate) struct DatabaseEntry {
    /// All but `url` and `migrations`.
    pub(crate) settings: DatabaseSettings,
    pub(crate) file: Option<Spanned<String>>,
    /// The name of the environment variable that holds the URL of a server.
    pub(crate) url: Option<Spanned<String>>,
    /// The directory of the migrations, below that of the program.
    pub(crate) migrations: Option<Spanned<String>>,
}

impl DatabaseEntry {
    pub(super) fn read(reader: &mut Reader, id: Spanned<Id>, section: &Section<'_>) -> Self {
        let known = [
            "file",
            "url",
            "migrations",
            "max_rows",
            "max_statement",
            "max_transaction",
            "max_bytes",
            "max_connections",
        ];
        reader.known_keys(section, &known);
        let file = reader.string(section, "file");
        let file = file.filter(|file| check_file(reader, section, file));
        let place = match file.as_ref().map(|file| file.get_ref().as_str()) {
            None | Some(MEMORY) => DatabasePlace::Memory,
            Some(name) => DatabasePlace::File(name.to_owned()),
        };
        let default = DatabaseSettings::new(id.get_ref().text().clone(), place);
        let settings = DatabaseSettings {
            max_rows: reader
                .count_within(section, "max_rows", ROWS)
                .unwrap_or(default.max_rows),
            max_statement: reader
                .duration(section, "max_statement", SHORTEST)
                .unwrap_or(default.max_statement),
            max_transaction: reader
                .duration(section, "max_transaction", SHORTEST)
                .unwrap_or(default.max_transaction),
            max_bytes: reader
                .size(section, "max_bytes", BYTES)
                .unwrap_or(default.max_bytes),
            max_connections: reader
                .count_within(section, "max_connections", CONNECTIONS)
                .unwrap_or(default.max_connections),
            ..default
        };
        DatabaseEntry {
            settings,
            file,
            url: reader.string(section, "url"),
            migrations: reader.string(section, "migrations"),
        }
    }
}

/// Returns true for the name of a file in the directory of the data; records a problem if not.
fn check_file(reader: &mut Reader, section: &Section<'_>, file: &Spanned<String>) -> bool {
    let name = file.get_ref();
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let is_sound = (1..=MAX_FILE).contains(&name.len())
        && !name.starts_with(['.', '-'])
        && name.chars().all(is_plain)
        // Files that SQLite has beside a database.
        && !["-wal", "-shm", "-journal"].iter().any(|end| name.ends_with(end));
    if is_sound || name == MEMORY {
        return true;
    }
    reader.problem(
        file.span(),
        format!(
            "`{}`{} cannot be the file of a database",
            text::quoted(name),
            section.place()
        ),
        format!("expected at most {MAX_FILE} ASCII letters, digits, `.`, `_` and `-`"),
        Some(format!(
            "name a file without its directory: it lies in that of `--data`; or write \
             \"{MEMORY}\""
        )),
    );
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::manifest::Manifest;

    #[test]
    fn a_database_has_its_settings() {
        let text = "[databases.\"app:shop\"]\nfile = \"shop.db\"\nmigrations = \"sql\"\n\
                    max_rows = 7\nmax_statement = \"1s\"\nmax_transaction = \"1m\"\n\
                    max_bytes = \"2MiB\"\n[databases.\"app:log\"]\nurl = \"LOG_URL\"\n\
                    max_connections = 3\n[databases.\"app:scratch\"]\nfile = \":memory:\"\n";
        let (manifest, problems) = Manifest::parse(text);
        assert_eq!(problems, []);
        let find = |id: &str| {
            let mut databases = manifest.databases.iter();
            databases.find(|one| *one.settings.id == *id).unwrap()
        };
        let shop = find("app:shop");
        let expected = DatabaseSettings {
            max_rows: 7,
            max_statement: Duration::from_secs(1),
            max_transaction: Duration::from_secs(60),
            max_bytes: 2 << 20,
            ..DatabaseSettings::new("app:shop", DatabasePlace::File("shop.db".to_owned()))
        };
        assert_eq!(shop.settings, expected);
        assert_eq!(shop.migrations.as_ref().unwrap().get_ref(), "sql");
        let log = find("app:log");
        assert_eq!(log.url.as_ref().unwrap().get_ref(), "LOG_URL");
        assert_eq!(log.settings.max_connections, 3);
        let scratch = DatabaseSettings::new("app:scratch", DatabasePlace::Memory);
        assert_eq!(find("app:scratch").settings, scratch);
    }

    #[test]
    fn a_file_stays_in_its_directory() {
        for file in ["", "../shop.db", "a/b", ".hidden", "shop.db-wal", "x y"] {
            let text = format!("[databases.\"app:shop\"]\nfile = \"{file}\"\n");
            let (_, problems) = Manifest::parse(&text);
            let [problem] = &problems[..] else {
                panic!("{file}: {problems:?}");
            };
            assert!(problem.message.contains("cannot be the file"), "{problem}");
        }
    }
}
