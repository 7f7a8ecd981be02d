//! `warren doctor` as a user runs it.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test")]

use std::path::Path;

use crate::support::{outcome, warren};
use serde_json::Value;
use warren_tests::{Outcome, Program};

fn doctor(dir: &Path, args: &[&str]) -> Outcome {
    let args: Vec<&str> = ["doctor"].into_iter().chain(args.iter().copied()).collect();
    outcome(warren(dir, &args))
}

fn checks(outcome: &Outcome) -> Vec<Value> {
    let report: Value = serde_json::from_str(outcome.text()).expect("it is JSON");
    report["checks"].as_array().expect("a list").clone()
}

fn mapping_check(outcome: &Outcome) -> Value {
    let checks = checks(outcome);
    let found = checks
        .iter()
        .find(|check| check["name"] == "vm.max_map_count");
    found.expect("it is checked").clone()
}

#[test]
fn a_default_is_no_need() {
    let dir = Program::of::<&str>(&[]);
    let report = doctor(dir.path(), &["--json"]);
    assert_eq!(report.status, Some(0), "{report}");
    let present = std::fs::read_to_string("/proc/sys/vm/max_map_count").unwrap();
    let check = mapping_check(&report);
    assert_eq!(check["present"], present.trim());
    assert_eq!(check["needed"], "602500");
}

#[test]
fn a_manifest_that_asks_for_too_much_fails_and_says_what_to_do() {
    let manifest = "[hosts.\"app:processes\"]\nmax_processes = 400_000_000\n";
    let dir = Program::of(&[
        ("main.lua", "return function() end"),
        ("warren.toml", manifest),
    ]);
    let text = doctor(dir.path(), &["."]).ends_with(1);
    for expected in [
        "host app:processes: 400000000 processes\n",
        "failed  vm.max_map_count: ",
        ", 2400002500 needed",
        "sysctl -w vm.max_map_count=2400002500",
        "failed  address space",
    ] {
        assert!(text.text().contains(expected), "{expected}: {text}");
    }
    let json = doctor(dir.path(), &["--json", "."]).ends_with(1);
    assert_eq!(mapping_check(&json)["verdict"], "failed");
}

#[test]
fn a_manifest_that_asks_for_little_passes() {
    let manifest = "[hosts.\"app:processes\"]\nmax_processes = 100\n";
    let dir = Program::of(&[
        ("main.lua", "return function() end"),
        ("warren.toml", manifest),
    ]);
    let report = doctor(dir.path(), &["--json", "."]).ends_with(0);
    assert_eq!(mapping_check(&report)["verdict"], "ok");
}

#[test]
fn a_code_cache_that_cannot_be_used_is_named() {
    let dir = Program::of(&[("file", "")]);
    let mut command = warren(dir.path(), &["doctor", "--json"]);
    command.env("XDG_CACHE_HOME", dir.path().join("file"));
    let report = outcome(command).ends_with(0);
    let checks = checks(&report);
    let cache = checks.iter().find(|check| check["name"] == "code cache");
    let cache = cache.expect("it is checked");
    assert_eq!(cache["verdict"], "note");
    let message = cache["message"].as_str().unwrap();
    assert!(message.contains("every start compiles"), "{message}");
}

#[test]
fn no_such_program_is_a_wrong_command() {
    let dir = Program::of::<&str>(&[]);
    doctor(dir.path(), &["missing"])
        .ends_with(2)
        .says(&["missing"]);
}
