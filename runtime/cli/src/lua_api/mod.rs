//! The functions of Lua processes, as the pages docs/lua-api.md and docs/patterns.md state
//! them.

mod page;
mod signature;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

pub(crate) use page::Entry;
pub(crate) use signature::Signature;

// The links to the pages do not end in `.md`: the pages' own links would lead nowhere there.
const LUA_API: &str = include_str!("../../sdk/lua/lua-api.txt");
const PATTERNS: &str = include_str!("../../sdk/lua/patterns.txt");

/// Modules of the pages that are no globals: `require` returns them.
const REQUIRED: [&str; 6] = ["pool", "registry", "server", "supervisor", "task", "test"];

/// Globals that are no functions, and in no table.
const VALUES: [&str; 3] = ["_G", "_VERSION", "arg"];

/// Values whose names are no constants.
const LOWER: [&str; 8] = [
    "json.null",
    "server.noreply",
    "sql.builder.at",
    "sql.builder.colon",
    "sql.builder.dollar",
    "sql.builder.question",
    "time.localtz",
    "time.utc",
];

/// The documented API.
#[derive(Debug)]
pub(crate) struct Api {
    /// The entries, in the order of the pages.
    pub(crate) entries: Vec<Entry>,
    /// The signatures by the name of the function, `process.send` or `logger:with`.
    functions: BTreeMap<String, Vec<Signature>>,
    /// The names of tables of functions, `process` and `process.registry`.
    tables: BTreeSet<String>,
    globals: BTreeSet<String>,
    /// Names of values in tables of the API, such as `errors.NOT_FOUND`.
    values: BTreeSet<String>,
}

impl Api {
    /// Returns the API of this command's version.
    pub(crate) fn get() -> &'static Api {
        static API: LazyLock<Api> = LazyLock::new(Api::of);
        &API
    }

    fn of() -> Api {
        let mut entries = page::entries(LUA_API);
        // The other names on that page are those of handlers and options.
        let of_modules = page::entries(PATTERNS).into_iter();
        entries.extend(of_modules.filter(|entry| entry.name.contains(['.', ':'])));
        let mut functions: BTreeMap<String, Vec<Signature>> = BTreeMap::new();
        let mut tables = BTreeSet::new();
        for entry in &entries {
            let Some(signature) = &entry.signature else {
                continue;
            };
            let of_name = functions.entry(entry.name.clone()).or_default();
            of_name.push(signature.clone());
            if entry.name.contains(':') {
                continue;
            }
            let mut name = entry.name.as_str();
            while let Some((table, _)) = name.rsplit_once('.') {
                tables.insert(table.to_owned());
                name = table;
            }
        }
        let roots = functions.keys().filter(|name| !name.contains(':'));
        let globals = roots
            .map(|name| name.split('.').next().unwrap_or(name).to_owned())
            .filter(|root| !REQUIRED.contains(&root.as_str()))
            .chain(VALUES.map(str::to_owned))
            .collect();
        let is_value = |name: &String| {
            let (table, field) = name.rsplit_once('.').unwrap_or(("", name.as_str()));
            let root = table.split('.').next().unwrap_or_default();
            // The pages name actions of policies in the same form, such as `store.read`.
            let is_constant = !field.contains(|c: char| c.is_ascii_lowercase());
            tables.contains(root)
                && !functions.contains_key(table)
                && (is_constant || LOWER.contains(&name.as_str()))
        };
        let mentions = [LUA_API, PATTERNS].into_iter().flat_map(page::mentions);
        let values = mentions.filter(is_value).collect();
        Api {
            entries,
            functions,
            tables,
            globals,
            values,
        }
    }

    /// Returns the names of values in tables.
    pub(crate) fn values(&self) -> impl Iterator<Item = &str> {
        self.values.iter().map(String::as_str)
    }

    /// Returns the names of tables of functions.
    pub(crate) fn tables(&self) -> impl Iterator<Item = &str> {
        self.tables.iter().map(String::as_str)
    }

    /// Returns the signatures of a function, none if there is no such function.
    pub(crate) fn signatures(&self, name: &str) -> &[Signature] {
        self.functions.get(name).map_or(&[], Vec::as_slice)
    }

    /// Returns the names of all functions in a table, without that of the table.
    pub(crate) fn functions_in<'a>(&'a self, table: &'a str) -> impl Iterator<Item = &'a str> {
        let names = self.functions.keys().map(String::as_str);
        names.filter_map(move |name| {
            let field = name.strip_prefix(table)?.strip_prefix('.')?;
            (!field.contains(['.', ':'])).then_some(field)
        })
    }

    /// Tells whether the name is that of a table with functions of its own.
    pub(crate) fn is_table(&self, name: &str) -> bool {
        self.tables.contains(name)
    }

    /// Tells whether a process has this global.
    pub(crate) fn is_global(&self, name: &str) -> bool {
        self.globals.contains(name)
    }

    /// Returns the names of all globals.
    pub(crate) fn globals(&self) -> impl Iterator<Item = &str> {
        self.globals.iter().map(String::as_str)
    }

    /// Tells whether `require` returns a table of the API under this name.
    pub(crate) fn is_module(&self, name: &str) -> bool {
        !name.contains('.') && self.tables.contains(name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_state_the_api() {
        let api = Api::get();
        let send = api.signatures("process.send");
        assert_eq!(send.len(), 1);
        assert_eq!((send[0].least(), send[0].most()), (2, None));
        assert_eq!(api.signatures("process.pid")[0].most(), Some(0));
        assert_eq!(api.signatures("time.parse").len(), 2);
        assert_eq!(api.signatures("table.insert")[0].least(), 2);
        for name in ["process", "process.registry", "sql.builder", "crypto.jwt"] {
            assert!(api.is_table(name), "{name}");
        }
        for name in ["process", "print", "_G", "arg", "unpack", "websocket"] {
            assert!(api.is_global(name), "{name}");
        }
        // Variables of examples, and modules that are required.
        for name in ["ch", "spawner", "test", "server", "lpeg", "prnt"] {
            assert!(!api.is_global(name), "{name}");
        }
        assert!(api.is_module("server") && api.is_module("json"));
        assert!(api.functions_in("process").any(|name| name == "spawn"));
        assert!(api.entries.len() > 350, "{}", api.entries.len());
    }
}
