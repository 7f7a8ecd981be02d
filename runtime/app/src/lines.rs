//! The lines on which a manifest names things.

use std::collections::HashMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The lines of the tables of a manifest, from 1.
#[derive(Clone, Debug, Default)]
pub struct Lines(HashMap<(&'static str, String), usize>);

/// The tables that hold tables by name, and the one of the program's settings.
const TABLES: [&str; 12] = [
    "app",
    "hosts",
    "processes",
    "services",
    "grants",
    "tokens",
    "stores",
    "listeners",
    "routers",
    "routes",
    "static",
    "scopes",
];

impl Lines {
    /// Reads the lines of a valid manifest; none of another text.
    pub(crate) fn of(text: &str) -> Lines {
        let Ok(document) = DeTable::parse(text) else {
            return Lines::default();
        };
        let mut found = Vec::new();
        for table in TABLES {
            if let Some(DeValue::Table(entries)) =
                document.get_ref().get(table).map(Spanned::get_ref)
            {
                for (key, _) in entries {
                    found.push((key.span().start, table, key.get_ref().to_string()));
                }
            }
        }
        found.sort_unstable();
        let (mut at, mut line) = (0, 1);
        let lines = found.into_iter().map(|(start, table, name)| {
            line += newlines(text, at..start);
            at = start;
            ((table, name), line)
        });
        Lines(lines.collect())
    }

    /// Returns the line of a table such as `[hosts."app:workers"]`, or of a setting of
    /// `[app]`, by its two names.
    pub fn of_table(&self, table: &str, name: &str) -> Option<usize> {
        let table = TABLES.into_iter().find(|known| *known == table)?;
        self.0.get(&(table, name.to_owned())).copied()
    }
}

/// Returns the place of a key of a manifest, by the names that lead to it.
pub(crate) fn span_of(text: &str, path: &[&str]) -> Option<Range<usize>> {
    let document = DeTable::parse(text).ok()?;
    let mut table = document.get_ref();
    let (last, tables) = path.split_last()?;
    for name in tables {
        match table.get(*name)?.get_ref() {
            DeValue::Table(below) => table = below,
            _ => return None,
        }
    }
    let key = table.keys().find(|key| **key.get_ref() == **last)?;
    Some(key.span())
}

fn newlines(text: &str, range: Range<usize>) -> usize {
    text.get(range).map_or(0, |part| part.matches('\n').count())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "[app]\nname = \"x\"\npayloads = \"object\"\n\n[hosts.\"x:b\"]\n\n\
                        [services.\"x:s\"]\nprocess = \"x:b\"\n[hosts.\"x:a\"]\n\
                        [processes]\n\"x:p\" = {}\n";

    #[test]
    fn tables_have_the_lines_of_their_names() {
        let lines = Lines::of(TEXT);
        assert_eq!(lines.of_table("hosts", "x:b"), Some(5));
        assert_eq!(lines.of_table("services", "x:s"), Some(7));
        assert_eq!(lines.of_table("hosts", "x:a"), Some(9));
        assert_eq!(lines.of_table("processes", "x:p"), Some(11));
        assert_eq!(lines.of_table("hosts", "x:c"), None);
        assert_eq!(lines.of_table("app", "payloads"), Some(3));
        assert_eq!(lines.of_table("x", "name"), None);
        assert_eq!(Lines::of("[").of_table("hosts", "x:b"), None);
    }

    #[test]
    fn a_key_has_a_place() {
        let span = span_of(TEXT, &["app", "payloads"]).unwrap();
        assert_eq!(&TEXT[span], "payloads");
        assert_eq!(span_of(TEXT, &["app", "main"]), None);
        assert_eq!(span_of(TEXT, &["app", "name", "x"]), None);
        assert_eq!(&TEXT[span_of(TEXT, &["hosts"]).unwrap()], "hosts");
    }
}
