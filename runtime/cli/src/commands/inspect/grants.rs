//! The grants that the imports of a binary need.

use super::contents::Contents;

/// Interfaces that reach something outside the sandbox, with the grant that gives it:
/// the beginning of the interface's name, the key of `[grants."id"]` and the option.
const INTERFACES: &[(&str, &str, &str)] = &[
    ("wasi:cli/environment@", "env = [\"NAME\"]", "--env NAME"),
    ("wasi:config/store@", "env = [\"NAME\"]", "--env NAME"),
    ("wasi:config/runtime@", "env = [\"NAME\"]", "--env NAME"),
    (
        "wasi:filesystem/preopens@",
        "read = [\"DIR\"], write = [\"DIR\"]",
        "--read DIR, --write DIR",
    ),
    (
        "wasi:http/outgoing-handler@",
        "http = [\"https://HOST\"]",
        "--http https://HOST",
    ),
    ("wasi:keyvalue/store@", "store = [\"ID\"]", "--store ID"),
    ("warren:process/queue@", "queue = [\"ID\"]", "--queue ID"),
    ("warren:process/sql@", "sql = [\"ID\"]", "--sql ID"),
    (
        "wasi:sockets/ip-name-lookup@",
        "tcp = [\"HOST:PORT\"]",
        "--tcp HOST:PORT",
    ),
    (
        "wasi:sockets/tcp@",
        "tcp = [\"HOST:PORT\"]",
        "--tcp HOST:PORT",
    ),
    (
        "wasi:sockets/tcp-create-socket@",
        "tcp = [\"HOST:PORT\"]",
        "--tcp HOST:PORT",
    ),
];

/// Functions of preview 1 that reach something outside the sandbox: the beginnings of their
/// names.
const FUNCTIONS: &[(&str, &str, &str)] = &[
    ("environ_get", "env = [\"NAME\"]", "--env NAME"),
    (
        "path_",
        "read = [\"DIR\"], write = [\"DIR\"]",
        "--read DIR, --write DIR",
    ),
];

/// An import that reaches nothing without a grant.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Needs<'a> {
    pub(super) import: &'a str,
    /// In the manifest.
    pub(super) grant: &'static str,
    pub(super) option: &'static str,
}

/// Returns the imports that reach nothing without a grant, by name.
pub(super) fn needed(contents: &Contents) -> Vec<Needs<'_>> {
    let mut needed: Vec<_> = contents
        .imports
        .iter()
        .filter_map(|(module, name)| need(module, name))
        .collect();
    needed.sort_unstable_by_key(|needs| needs.import);
    needed
}

fn need<'a>(module: &'a str, name: &'a str) -> Option<Needs<'a>> {
    let (import, known) = match module {
        "wasi_snapshot_preview1" => (name, FUNCTIONS),
        interface => (interface, INTERFACES),
    };
    let &(_, grant, option) = known.iter().find(|(known, ..)| import.starts_with(known))?;
    Some(Needs {
        import,
        grant,
        option,
    })
}

#[cfg(test)]
mod tests {
    use super::super::contents;
    use super::*;

    #[test]
    fn interfaces_that_reach_something_are_listed() {
        let binary = wat::parse_str(
            r#"(component (import "wasi:clocks/wall-clock@0.2.0" (instance))
                 (import "wasi:http/outgoing-handler@0.2.3" (instance))
                 (import "wasi:sockets/network@0.2.0" (instance))
                 (import "wasi:sockets/tcp@0.2.0" (instance))
                 (import "wasi:config/store@0.2.0-rc.1" (instance)))"#,
        )
        .unwrap();
        let contents = contents::read(&binary).unwrap();
        let imports: Vec<_> = needed(&contents).iter().map(|needs| needs.import).collect();
        assert_eq!(
            imports,
            [
                "wasi:config/store@0.2.0-rc.1",
                "wasi:http/outgoing-handler@0.2.3",
                "wasi:sockets/tcp@0.2.0"
            ]
        );
    }

    #[test]
    fn functions_of_preview_1_are_listed() {
        let binary = wat::parse_str(
            r#"(module (import "wasi_snapshot_preview1" "clock_time_get" (func (param i32 i64 i32) (result i32)))
                 (import "wasi_snapshot_preview1" "path_unlink_file" (func (param i32 i32 i32) (result i32)))
                 (import "wasi_snapshot_preview1" "environ_get" (func (param i32 i32) (result i32))))"#,
        )
        .unwrap();
        let contents = contents::read(&binary).unwrap();
        let needed = needed(&contents);
        let shown: Vec<_> = needed
            .iter()
            .map(|needs| (needs.import, needs.option))
            .collect();
        let files = ("path_unlink_file", "--read DIR, --write DIR");
        assert_eq!(shown, [("environ_get", "--env NAME"), files]);
    }

    /// Returns the rows of the table in docs/guest-abi.md: the interfaces, and the grant.
    fn rows() -> Vec<(Vec<String>, String)> {
        let page = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/guest-abi.md");
        let page = std::fs::read_to_string(page).unwrap();
        let mut rows = Vec::new();
        let is_row = |line: &&str| line.starts_with("| `wasi:") || line.starts_with("| `warren:");
        for row in page.lines().filter(is_row) {
            let cells: Vec<_> = row.trim_matches('|').split('|').collect();
            // Other tables have fewer columns.
            if let [names, _, _, grant] = cells[..] {
                let names = names.split('`').filter(|part| part.contains('/'));
                rows.push((names.map(str::to_owned).collect(), grant.trim().to_owned()));
            }
        }
        rows
    }

    #[test]
    fn each_grant_of_the_guest_abi_belongs_to_an_import_and_back() {
        let rows = rows();
        assert!(rows.len() > 10, "{rows:?}");
        for (interfaces, grant) in &rows {
            let found = INTERFACES.iter().find(|(begin, ..)| {
                let name = begin.trim_end_matches('@');
                interfaces.iter().any(|interface| interface == name)
            });
            assert_eq!(
                found.is_some(),
                !grant.is_empty(),
                "{interfaces:?}: {grant}"
            );
        }
        for (begin, keys, options) in INTERFACES {
            let name = begin.trim_end_matches('@');
            let row = rows
                .iter()
                .find(|(interfaces, _)| interfaces.iter().any(|one| one == name));
            let (_, grant) = row.unwrap_or_else(|| panic!("{name} has no row"));
            let keys = keys.split(", ").filter_map(|key| key.split(' ').next());
            let options = options
                .split(", ")
                .filter_map(|option| option.split(' ').next());
            for word in keys.chain(options) {
                assert!(
                    grant.contains(&format!("`{word}`")),
                    "{name}: {word} in {grant}"
                );
            }
        }
    }
}
