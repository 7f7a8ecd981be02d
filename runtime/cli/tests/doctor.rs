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

/// A machine without tool chains, but for a Python with pip.
#[test]
fn a_missing_tool_chain_is_a_note_with_its_command() {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;

    let dir = Program::of::<&str>(&[]);
    let tool = |name: &str, script: &str| {
        let path = dir.path().join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    };
    // It has no module `ziglang`, and takes `pip install` as it is.
    tool("python3", "test \"$1\" = -c && echo");
    tool("rustc", "echo /no/such/directory");
    tool("rustup", "exit 0");
    let report = |variables: &[(&str, &str)]| {
        let mut command = warren(dir.path(), &["doctor", "--json"]);
        command.env("PATH", dir.path()).env("HOME", dir.path());
        for name in ["CC", "WASI_SDK", "ZIG", "WARREN_CARGO", "WARREN_PYTHON"] {
            command.env_remove(name);
        }
        checks(&outcome(command_with(command, variables)).ends_with(0))
    };
    let of = |checks: &[Value], name: &str| {
        let found = checks.iter().find(|check| check["name"] == name);
        found.expect("it is checked").clone()
    };
    let missing = report(&[]);
    let rust = of(&missing, "guests in Rust");
    assert_eq!(rust["verdict"], "note");
    assert_eq!(rust["remedy"], "run `rustup target add wasm32-wasip1`");
    let says_others = |check: &Value, ways: &[&str]| {
        let others = check["others"].as_str().unwrap();
        for way in ways {
            assert!(others.contains(way), "{others}");
        }
    };
    let of_rust = ["set WARREN_CARGO", "cargo xtask guests --toolchain"];
    says_others(&rust, &of_rust);
    for name in ["guests in C and C++", "guests in Zig"] {
        let check = of(&missing, name);
        // A wasi-sdk of the machine itself may be there.
        if check["verdict"] == "note" {
            assert_eq!(check["remedy"], "run `python3 -m pip install ziglang`");
            says_others(&check, &["ZIG"]);
            if name == "guests in C and C++" {
                says_others(
                    &check,
                    &["CC", "WASI_SDK", "cargo xtask guests --toolchain"],
                );
            }
        }
    }

    tool("zig", "echo 0.99.1");
    tool("cc-of-tests", "echo /lib/crt1-reactor.o");
    let found = report(&[("CC", "cc-of-tests")]);
    assert_eq!(
        of(&found, "guests in C and C++")["present"],
        "cc-of-tests (CC)"
    );
    assert_eq!(of(&found, "guests in Zig")["present"], "zig 0.99.1");
    let found = report(&[("ZIG", "zig")]);
    assert_eq!(
        of(&found, "guests in C and C++")["present"],
        "zig 0.99.1 cc"
    );
    // The newest wasi-sdk comes before a Zig, and what the user has set before both.
    for sdk in ["wasi-sdk-9.0", "wasi-sdk-10000.0-x86_64-linux"] {
        fs::create_dir_all(dir.path().join(sdk).join("bin")).unwrap();
        tool(&format!("{sdk}/bin/clang"), "echo /lib/crt1-reactor.o");
    }
    let found = of(&report(&[("CC", "")]), "guests in C and C++");
    let present = found["present"].as_str().unwrap();
    assert!(
        present.ends_with("/wasi-sdk-10000.0-x86_64-linux/bin/clang"),
        "{present}"
    );
    let found = report(&[("CC", "cc-of-tests")]);
    assert_eq!(
        of(&found, "guests in C and C++")["present"],
        "cc-of-tests (CC)"
    );
    let broken = of(&report(&[("CC", "no-such-cc")]), "guests in C and C++");
    assert_eq!(broken["verdict"], "note");
    let message = broken["message"].as_str().unwrap();
    assert!(message.contains("cannot run no-such-cc"), "{message}");
}

fn command_with(
    mut command: std::process::Command,
    variables: &[(&str, &str)],
) -> std::process::Command {
    command.envs(variables.iter().copied());
    command
}
