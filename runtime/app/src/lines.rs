//! The lines on which a manifest names things.

use std::collections::HashMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// The lines of the tables of a manifest, from 1.
///
/// ```
/// use warren_app::{App, AppOptions};
///
/// # let directory = tempfile::tempdir()?;
/// # std::fs::write(directory.path().join("main.lua"), "return 1")?;
/// let manifest = "[app]\nname = \"shop\"\n\n[hosts.\"shop:workers\"]\nmax_processes = 10\n";
/// std::fs::write(directory.path().join("warren.toml"), manifest)?;
/// let lines = App::open(directory.path(), AppOptions::default())?.manifest_lines();
/// assert_eq!(lines.of_table("app", "name"), Some(2));
/// assert_eq!(lines.of_table("hosts", "shop:workers"), Some(4));
/// assert_eq!(lines.of_table("hosts", "shop:others"), None);
/// # Ok::<_, Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Lines(HashMap<(&'static str, String), usize>);

/// The tables that hold tables by name, and those of the program's settings.
const TABLES: [&str; 17] = [
    "app",
    "security",
    "hosts",
    "processes",
    "services",
    "grants",
    "tokens",
    "stores",
    "databases",
    "queues",
    "consumers",
    "volumes",
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
    /// `[app]` or `[security]`, by its two names.
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

/// Returns the first place at which a manifest says something of permissions: `[security]`,
/// a scope, or the `actor` or `scope` of a host, a definition or a service.
pub(crate) fn span_of_permissions(text: &str) -> Option<Range<usize>> {
    let document = DeTable::parse(text).ok()?;
    let root = document.get_ref();
    let security = root.keys().filter(|key| **key.get_ref() == *"security");
    let scopes = table_of(root, "scopes").into_iter().flat_map(DeTable::keys);
    let owners = ["hosts", "processes", "services"].into_iter();
    let owners = owners.filter_map(|name| table_of(root, name));
    let owners = owners.flat_map(DeTable::values);
    let owners = owners.filter_map(|owner| owner.get_ref().as_table());
    let identities = owners.flat_map(DeTable::keys);
    let identities = identities.filter(|key| matches!(&**key.get_ref(), "actor" | "scope"));
    let places = security.chain(scopes).chain(identities).map(Spanned::span);
    places.min_by_key(|span| span.start)
}

/// Returns the table of this name.
fn table_of<'a, 'i>(root: &'a DeTable<'i>, name: &str) -> Option<&'a DeTable<'i>> {
    root.get(name)?.get_ref().as_table()
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
        let security = Lines::of("[security]\n\nstrict = true\n");
        assert_eq!(security.of_table("security", "strict"), Some(3));
        assert_eq!(Lines::of("[").of_table("hosts", "x:b"), None);
    }

    #[test]
    fn permissions_have_the_place_of_the_first() {
        let place = |text: &str| {
            let span = span_of_permissions(text)?;
            Some(text[span].trim_matches('"').to_owned())
        };
        assert_eq!(place(TEXT), None);
        assert_eq!(place("[scopes]\n"), None);
        for (text, first) in [
            ("[security]\n[scopes.\"x:s\"]\n", "security"),
            ("[scopes.\"x:s\"]\n[security]\n", "x:s"),
            ("[processes.\"x:p\"]\nactor = { id = \"a\" }\n", "actor"),
            ("[hosts.\"x:h\"]\nscope = \"x:s\"\n[security]\n", "scope"),
            ("[services.\"x:s\".actor]\nid = \"a\"\n", "actor"),
        ] {
            assert_eq!(place(text).as_deref(), Some(first), "{text}");
        }
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
