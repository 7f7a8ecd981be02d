//! Likely mistakes of which `warren check` warns, and the definitions that `warren types`
//! writes.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

use std::fs;

use crate::support::{outcome, warren};
use serde_json::Value;
use warren_tests::Program;

/// A program with one mistake of each rule, and the same mistakes silenced.
const MISTAKEN: &str = "local helper = require('helper')
local unused = helper
prnt('a')
count = 1
process.send('room', 'say')
print(process.pid(1), process.spwan('app:worker'))
return process.spawn('app:wroker')
";

fn program(main: &str) -> Program {
    Program::of(&[
        ("main.lua", main),
        ("helper.lua", "return {}"),
        ("worker.lua", "return function() end"),
    ])
}

#[test]
fn mistakes_are_told_and_are_no_failure() {
    let dir = program(MISTAKEN);
    let told = outcome(warren(dir.path(), &["check"]))
        .ends_with(0)
        .prints("3 definitions, 7 warnings\n")
        .says(&[
            "warning: main.lua:2:7: the local `unused` is never used [unused-local]\n",
            "warning: main.lua:3:1: unknown global `prnt`; did you mean `print`? [unknown-global]\n",
            "main.lua:4:1: `count` becomes a global",
            "main.lua:5:1: nobody looks at the results of process.send",
            "main.lua:6:7: process.pid takes no arguments, and is given 1 [arguments]\n",
            "main.lua:6:23: `process` has no function `spwan`; did you mean `spawn`?",
            "main.lua:7:22: the program has no definition `app:wroker`; did you mean `app:worker`?",
        ]);
    assert_eq!(told.stderr.lines().count(), 7, "{told}");
    outcome(warren(dir.path(), &["check", "--deny-warnings"]))
        .ends_with(1)
        .prints("3 definitions, 7 warnings\n");
    outcome(warren(dir.path(), &["check", "--lint-off"]))
        .ends_with(0)
        .prints("3 definitions, nothing wrong\n")
        .says_nothing();
}

#[test]
fn a_comment_silences_a_line() {
    for comment in [" -- lint: off\n", " -- luacheck: ignore\n"] {
        let dir = program(&MISTAKEN.replace('\n', comment));
        outcome(warren(dir.path(), &["check", "--deny-warnings"]))
            .ends_with(0)
            .prints("3 definitions, nothing wrong\n")
            .says_nothing();
    }
}

#[test]
fn other_programs_read_json() {
    let dir = program(MISTAKEN);
    let report = outcome(warren(dir.path(), &["check", "--json"]))
        .ends_with(0)
        .says_nothing();
    let report: Value = serde_json::from_str(report.text()).unwrap();
    assert_eq!(report["ok"], true);
    assert_eq!(report["definitions"], 3);
    let warnings = report["warnings"].as_array().unwrap();
    assert_eq!(warnings.len(), 7);
    assert_eq!(warnings[1]["file"], "main.lua");
    assert_eq!(warnings[1]["line"], 3);
    assert_eq!(warnings[1]["rule"], "unknown-global");
    assert_eq!(warnings[1]["help"], "did you mean `print`?");

    fs::write(dir.path().join("worker.lua"), "return return").unwrap();
    let report = outcome(warren(dir.path(), &["check", "--json"])).ends_with(1);
    let report: Value = serde_json::from_str(report.text()).unwrap();
    assert_eq!(report["ok"], false);
    assert_eq!(report["errors"][0]["definition"], "app:worker");
    let message = report["errors"][0]["message"].as_str().unwrap();
    assert!(message.starts_with("worker.lua:1: "), "{message}");
}

#[test]
fn json_also_tells_of_a_program_that_cannot_be_opened() {
    let dir = program("");
    let manifest = dir.path().join("warren.toml");
    fs::write(manifest, "[app]\nmian = \"app:main\"\n").unwrap();
    let report = outcome(warren(dir.path(), &["check", "--json"]))
        .ends_with(2)
        .says_nothing();
    let report: Value = serde_json::from_str(report.text()).unwrap();
    assert_eq!(report["ok"], false);
    assert_eq!(report["errors"].as_array().map(Vec::len), Some(1));
    let error = &report["errors"][0];
    let text = |field: &str| error[field].as_str().unwrap_or_default();
    assert!(text("file").ends_with("warren.toml"), "{error}");
    assert_eq!((&error["line"], &error["column"]), (&2.into(), &1.into()));
    assert!(text("message").contains("unknown key `mian`"), "{error}");
    assert!(text("help").contains("did you mean `main`?"), "{error}");

    let report = outcome(warren(dir.path(), &["check", "--json", "nowhere"])).ends_with(2);
    let report: Value = serde_json::from_str(report.text()).unwrap();
    assert_eq!(report["ok"], false);
}

#[test]
fn no_file_takes_for_ever() {
    let dir = program(&format!("return {}1{}", "(".repeat(150), ")".repeat(150)));
    let deep = format!("return print{}", ".x".repeat(200_000));
    fs::write(dir.path().join("worker.lua"), deep).unwrap();
    // The compiler has bounds of its own; neither ends the command.
    let checked = outcome(warren(dir.path(), &["check"]));
    assert!(matches!(checked.status, Some(0 | 1)), "{checked}");
    let large = format!("return '{}'", "x".repeat(5 << 20));
    fs::write(dir.path().join("worker.lua"), large).unwrap();
    outcome(warren(dir.path(), &["check", "--json"])).says_nothing();
}

#[test]
fn types_are_written_for_editors() {
    let dir = Program::of::<&str>(&[]);
    outcome(warren(dir.path(), &["types", "a/types"]))
        .ends_with(0)
        .prints("")
        .says_nothing();
    let process = fs::read_to_string(dir.path().join("a/types/process.lua")).unwrap();
    assert!(process.starts_with("---@meta process\n"));
    assert!(process.contains("function process.send(destination, topic, ...) end"));
    // They are files of Lua; `check` compiles all that are beside one.
    for file in ["process.lua", "warren-objects.lua", "warren-standard.lua"] {
        let path = format!("a/types/{file}");
        outcome(warren(dir.path(), &["check", "--lint-off", &path])).ends_with(0);
    }
    outcome(warren(dir.path(), &["types", "a/types/process.lua"]))
        .ends_with(1)
        .says(&["cannot write "]);

    outcome(warren(dir.path(), &["new", "fresh"])).ends_with(0);
    let settings = fs::read_to_string(dir.path().join("fresh/.luarc.json")).unwrap();
    let settings: Value = serde_json::from_str(&settings).unwrap();
    assert_eq!(settings["workspace.library"][0], ".warren/types");
    let types = dir.path().join("fresh/.warren/types/process.lua");
    assert_eq!(fs::read_to_string(types).unwrap(), process);
    outcome(warren(dir.path(), &["check", "fresh"]))
        .ends_with(0)
        .prints("3 definitions, nothing wrong\n");
}
