//! Libraries for Lua, unmodified from Debian's packages: their own tests, and for
//! Penlight two programs of ours, print in the sandbox what the command `lua5.4` prints.
//!
//! Left out of argparse's own tests are `completion_spec.lua` and `integrity_spec.lua`,
//! which start shells.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use libtest_mimic::Trial;
use warren_tests::{Warren, packages, project};

const LUASSERT: (&str, &str) = ("luassert", "lua-luassert");
const SAY: (&str, &str) = ("say", "lua-say");
const PENLIGHT: (&str, &str) = ("pl", "lua-penlight");

/// Spec files of a library, below the directory of its sources.
struct Specs {
    library: (&'static str, &'static str),
    files: &'static [&'static str],
}

const SPECS: [Specs; 4] = [
    Specs {
        library: SAY,
        files: &["spec/say_spec.lua"],
    },
    Specs {
        library: LUASSERT,
        files: &[
            "spec/assertions_spec.lua",
            "spec/formatters_spec.lua",
            "spec/matchers_spec.lua",
            "spec/mocks_spec.lua",
            "spec/output_spec.lua",
            "spec/spies_spec.lua",
            "spec/state_spec.lua",
            "spec/stub_spec.lua",
        ],
    },
    Specs {
        library: ("argparse", "lua-argparse"),
        files: &[
            "spec/actions_spec.lua",
            "spec/arguments_spec.lua",
            "spec/commands_spec.lua",
            "spec/convert_spec.lua",
            "spec/default_spec.lua",
            "spec/help_spec.lua",
            "spec/invalid_property_spec.lua",
            "spec/mutex_spec.lua",
            "spec/options_spec.lua",
            "spec/pparse_spec.lua",
            "spec/tip_spec.lua",
            "spec/usage_spec.lua",
        ],
    },
    Specs {
        library: ("inspect", "lua-inspect"),
        files: &["spec/inspect_spec.lua"],
    },
];

/// Returns a test for each library.
pub(crate) fn trials() -> Vec<Trial> {
    let mut trials: Vec<Trial> = SPECS
        .iter()
        .map(|specs| {
            Trial::test(format!("library: {}", specs.library.0), || {
                let directory = program("specs", &[specs.library, SAY, LUASSERT, PENLIGHT]);
                let sources = packages::debian_sources(specs.library.1);
                packages::copy_tree(&sources.join("spec"), &directory.path().join("spec"));
                let printed = same(directory.path(), specs.files);
                assert!(printed.contains(" passed, 0 failed\n"), "{printed}");
                Ok(())
            })
        })
        .collect();
    for name in ["penlight", "penlight_files"] {
        trials.push(Trial::test(format!("library: {name}"), move || {
            let directory = program(name, &[PENLIGHT]);
            same(directory.path(), &[]);
            Ok(())
        }));
    }
    trials.push(Trial::test("library: luaunit", || {
        let directory = program("specs", &[("luaunit", "lua-unit")]);
        let sources = packages::debian_sources("lua-unit");
        packages::copy_tree(&sources.join("test"), &directory.path().join("test"));
        fs::copy(
            sources.join("run_unit_tests.lua"),
            directory.path().join("main.lua"),
        )
        .expect("the tests are copied");
        let printed = same(directory.path(), &["-o", "tap"]);
        assert!(printed.contains(" successes, 0 failures"), "{printed}");
        Ok(())
    }));
    trials.push(Trial::test("library: dkjson", || {
        let directory = program("specs", &[("dkjson", "lua-dkjson")]);
        let example = Path::new("/usr/share/doc/lua-dkjson/examples/jsontest.lua");
        fs::copy(example, directory.path().join("main.lua")).expect("the example is installed");
        same(directory.path(), &["dkjson"]);
        Ok(())
    }));
    trials.push(Trial::test("library: lpeg", || {
        let directory = program("specs", &[("re", "lua-lpeg")]);
        let tests = packages::debian_sources("lua-lpeg").join("test.lua");
        fs::copy(tests, directory.path().join("main.lua")).expect("the tests are copied");
        let printed = same(directory.path(), &[]);
        assert!(printed.ends_with("\nOK\n"), "{printed}");
        Ok(())
    }));
    trials
}

/// Lays out a program of `tests/lua` with libraries.
fn program(name: &str, libraries: &[(&str, &str)]) -> tempfile::TempDir {
    let directory = tempfile::tempdir().expect("a directory for a program");
    let main = project().join(format!("tests/lua/{name}.lua"));
    fs::copy(main, directory.path().join("main.lua")).expect("the program is copied");
    for (library, package) in libraries {
        packages::copy_lua_library(library, package, directory.path());
    }
    directory
}

/// Runs the program by `lua5.4` and in the sandbox, and returns what both print.
#[track_caller]
fn same(directory: &Path, arguments: &[&str]) -> String {
    let lua = Command::new("lua5.4")
        .arg("main.lua")
        .args(arguments)
        .current_dir(directory)
        .env("TZ", "UTC")
        .stdin(Stdio::null())
        .output()
        .expect("lua5.4 runs: `cargo xtask test` installs it");
    let expected = comparable(&String::from_utf8_lossy(&lua.stdout));
    assert!(lua.status.success() && !expected.is_empty(), "{lua:?}");
    let outcome = Warren::run("main.lua")
        .current_dir(directory)
        .options(["--read", ".", "--write", "."])
        .arguments(arguments)
        .outcome()
        .ends_with(0);
    assert_eq!(comparable(outcome.text()), expected);
    expected
}

/// The lines that do not name a time of day, a duration or a file's directory, and that
/// no order of a table's keys decides.
fn comparable(text: &str) -> String {
    text.lines()
        .filter(|line| !line.contains("Started on") && !line.contains("encoded as:"))
        .map(|line| match line.split_once(" seconds") {
            Some((before, after)) if before.starts_with("# Ran") => {
                let before = before.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
                format!("{before}T seconds{after}\n")
            }
            _ => format!("{}\n", line.replace("./", "")),
        })
        .collect()
}
