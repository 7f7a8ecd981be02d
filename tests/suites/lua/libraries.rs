//! Libraries for Lua, unmodified from Debian's packages: their own tests and examples print
//! in the sandbox what the command `lua5.4` prints. So do two programs of ours with all
//! modules of Penlight: its tests are only in the archive of its sources, which not every
//! mirror of Debian has.
//!
//! Left out of argparse's own tests are `completion_spec.lua` and `integrity_spec.lua`,
//! which start shells. Debian has no package of middleclass, 30log and serpent.

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

/// Penlight's own examples. Left out are `testclone`, whose copies a shell makes; `which`,
/// which looks for commands of the machine; and `test-symbols` with its module `symbols`,
/// which prints by the order of a table's keys.
const PENLIGHT_EXAMPLES: [&str; 12] = [
    "seesubst",
    "sipscan",
    "test-cmp",
    "test-data",
    "test-listcallbacks",
    "test-pretty",
    "testapp",
    "testconfig",
    "testglobal",
    "testinputfields",
    "testinputfields2",
    "testxml",
];

/// Beginnings of the lines that are left out of the tests of LuaFileSystem. A process has no
/// directory for temporary files, stays in its own directory, and sees none above what it was
/// granted.
const LEFT_OUT_OF_LFS: [&str; 4] = [
    "local tmp = ",
    "assert (lfs.chdir (upper)",
    "assert (lfs.chdir (reldir)",
    "assert (type(lfs.attributes (upper)",
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
    trials.extend(PENLIGHT_EXAMPLES.map(|name| {
        Trial::test(format!("library: penlight, example {name}"), move || {
            let directory = program("penlight", &[PENLIGHT]);
            // An example that reads one looks for it in `examples`.
            let examples = directory.path().join("examples");
            fs::create_dir(&examples).expect("a directory for examples");
            packages::write_penlight_examples(directory.path());
            packages::write_penlight_examples(&examples);
            let both = outputs(directory.path(), &format!("{name}.lua"), &[]);
            let [expected, printed] = if name == "testconfig" {
                // It prints by the order of a table's keys.
                both.map(|output| sorted(&output))
            } else {
                both
            };
            assert_eq!(printed, expected);
            // This one only checks its results.
            assert_eq!(expected.is_empty(), name == "test-data");
            Ok(())
        })
    }));
    trials.push(Trial::test("library: lfs", || {
        let directory = program("lfs", &[]);
        let tests = packages::debian_sources("lua-filesystem").join("tests/test.lua");
        let text = fs::read_to_string(tests).expect("the tests can be read");
        let is_left_out = |line: &&str| {
            LEFT_OUT_OF_LFS
                .iter()
                .any(|left_out| line.starts_with(left_out))
        };
        let (left_out, kept): (Vec<&str>, Vec<&str>) = text.lines().partition(is_left_out);
        assert_eq!(left_out.len(), LEFT_OUT_OF_LFS.len(), "{left_out:?}");
        fs::write(directory.path().join("test.lua"), kept.join("\n"))
            .expect("the tests are written");
        let printed = same(directory.path(), &[]);
        assert!(printed.ends_with("Ok!\n"), "{printed}");
        Ok(())
    }));
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
    let [expected, printed] = outputs(directory, "main.lua", arguments);
    assert!(!expected.is_empty(), "the program prints nothing");
    assert_eq!(printed, expected);
    expected
}

/// Runs a file of the program by `lua5.4` and in the sandbox, and returns what each prints.
#[track_caller]
fn outputs(directory: &Path, file: &str, arguments: &[&str]) -> [String; 2] {
    let lua = Command::new("lua5.4")
        .arg(file)
        .args(arguments)
        .current_dir(directory)
        .env("TZ", "UTC")
        .env("HOME", directory)
        .stdin(Stdio::null())
        .output()
        .expect("lua5.4 runs: `cargo xtask test` installs it");
    assert!(lua.status.success(), "{lua:?}");
    let outcome = Warren::run(file)
        .current_dir(directory)
        .env("HOME", directory)
        .options(["--read", ".", "--write", ".", "--env", "HOME"])
        .arguments(arguments)
        .outcome()
        .ends_with(0);
    let expected = comparable(&String::from_utf8_lossy(&lua.stdout));
    [expected, comparable(outcome.text())]
}

/// Returns the lines of a text in their order by bytes.
fn sorted(text: &str) -> String {
    let mut lines: Vec<&str> = text.lines().collect();
    lines.sort_unstable();
    lines.join("\n")
}

/// The lines that do not name a time of day, a duration or a file's directory, and that
/// no order of a table's keys decides. The address of a table ends a line.
fn comparable(text: &str) -> String {
    text.lines()
        .filter(|line| !line.contains("Started on") && !line.contains("encoded as:"))
        .map(|line| {
            line.split_once("table: 0x")
                .map_or(line, |(before, _)| before)
        })
        .map(|line| match line.split_once(" seconds") {
            Some((before, after)) if before.starts_with("# Ran") => {
                let before = before.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.');
                format!("{before}T seconds{after}\n")
            }
            _ => format!("{}\n", line.replace("./", "")),
        })
        .collect()
}
