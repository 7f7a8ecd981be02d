//! The grants that the imports of a binary need.

use super::contents::Contents;

/// Interfaces of WASI that reach something outside the sandbox, with the grant that gives it:
/// the beginning of the interface's name, the key of `[grants."id"]` and the option.
const INTERFACES: &[(&str, &str, &str)] = &[
    ("wasi:cli/environment@", "env = [\"NAME\"]", "--env NAME"),
    ("wasi:config/store@", "env = [\"NAME\"]", "--env NAME"),
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
    (
        "wasi:sockets/tcp-create-socket@",
        "tcp = [\"HOST:PORT\"]",
        "--tcp HOST:PORT",
    ),
];

/// Functions of preview 1 that reach something outside the sandbox.
const FUNCTIONS: &[(&str, &str, &str)] = &[
    ("environ_get", "env = [\"NAME\"]", "--env NAME"),
    (
        "path_open",
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
                 (import "wasi:config/store@0.2.0-rc.1" (instance)))"#,
        )
        .unwrap();
        let contents = contents::read(&binary).unwrap();
        let imports: Vec<_> = needed(&contents).iter().map(|needs| needs.import).collect();
        assert_eq!(
            imports,
            [
                "wasi:config/store@0.2.0-rc.1",
                "wasi:http/outgoing-handler@0.2.3"
            ]
        );
    }

    #[test]
    fn functions_of_preview_1_are_listed() {
        let binary = wat::parse_str(
            r#"(module (import "wasi_snapshot_preview1" "clock_time_get" (func (param i32 i64 i32) (result i32)))
                 (import "wasi_snapshot_preview1" "environ_get" (func (param i32 i32) (result i32))))"#,
        )
        .unwrap();
        let contents = contents::read(&binary).unwrap();
        let needed = needed(&contents);
        assert_eq!(needed.len(), 1);
        assert_eq!(needed[0].option, "--env NAME");
    }
}
