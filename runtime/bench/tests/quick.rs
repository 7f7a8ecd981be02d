//! A quick run of the real program measures something everywhere.

#![allow(clippy::expect_used, reason = "how a test fails")]

use std::process::{Command, Output};

use serde_json::Value;
use warren_tests::guests;

fn bench(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_warren-bench"));
    command.args(arguments);
    command
}

fn output(mut command: Command) -> Output {
    command.output().expect("the benchmarks start")
}

fn quick(row: &str) -> Command {
    bench(&["--quick", "--json", row])
}

fn lines(command: Command) -> Vec<Value> {
    let output = output(command);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    let report: Value = serde_json::from_slice(&output.stdout).expect("the report is JSON");
    report["lines"].as_array().expect("it has lines").clone()
}

/// Asserts that every contender was measured, except those of other projects.
#[track_caller]
fn is_measured(row: &str, contenders: &[&str]) {
    are_measured(row, lines(quick(row)), contenders);
}

#[track_caller]
fn are_measured(row: &str, lines: Vec<Value>, contenders: &[&str]) {
    for contender in contenders {
        let line = lines.iter().find(|line| line["contender"] == *contender);
        let line = line.unwrap_or_else(|| panic!("{row} has no {contender}: {lines:?}"));
        let median = line["median"].as_f64();
        assert!(median.is_some_and(f64::is_finite), "{line}");
    }
    for line in lines {
        assert!(
            line["median"].is_f64() || line["missing"].is_string(),
            "{line}"
        );
    }
}

#[test]
fn messages() {
    let all = ["flat", "component", "Lua", "tokio"];
    for row in ["pairs", "pairs-1k", "pairs-table"] {
        is_measured(row, &all);
    }
    for row in ["fan-out", "fan-in", "ring"] {
        is_measured(row, &["flat", "Lua", "tokio"]);
    }
}

/// Measures text and a record, between guests on the Rust SDK and with Lua.
#[test]
fn typed_messages() {
    let guests = guests::rust("runtime/bench/guests/rust", "wasm32-unknown-unknown");
    for row in ["round-trip", "round-trip-1k", "round-trip-table"] {
        let mut bench = quick(row);
        bench.env("WARREN_RUST_GUESTS", guests.directory());
        let all = [
            "flat",
            "component",
            "Lua",
            "Rust to Rust",
            "Rust to Lua",
            "tokio",
        ];
        are_measured(row, lines(bench), &all);
    }
}

/// Measures operations in Lua and on the Rust SDK.
#[test]
fn capabilities() {
    let guests = guests::rust("runtime/bench/guests/rust", "wasm32-unknown-unknown");
    let mut bench = quick("capability");
    bench.env("WARREN_RUST_GUESTS", guests.directory());
    let all = [
        "Lua, done at once",
        "Lua, computes",
        "Lua, waits",
        "Rust, done at once",
        "Rust, computes",
        "Rust, waits",
        "Lua",
    ];
    are_measured("capability", lines(bench), &all);
    is_measured(
        "store",
        &[
            "memory, get",
            "memory, set",
            "durable, get",
            "durable, set",
            "durable, set by 16",
            "SQLite, a commit each",
        ],
    );
}

/// Measures servers of HTTP with wrk, but for wasmtime, which takes long to install.
#[test]
fn http() {
    let target = "wasm32-unknown-unknown";
    let guests = guests::rust("runtime/bench/guests/rust", target);
    // Goes to the same directory.
    guests::rust("runtime/bench/guests/component", target);
    let with_guests = |row| {
        let mut bench = quick(row);
        bench.env("WARREN_RUST_GUESTS", guests.directory());
        bench.env_remove("WASMTIME");
        lines(bench)
    };
    let measured = with_guests("http");
    let wasmtime = measured
        .iter()
        .find(|line| line["contender"] == "wasmtime serve")
        .expect("it has a line");
    let missing = wasmtime["missing"].as_str().expect("it is not named");
    assert!(missing.contains("WASMTIME"), "{missing}");
    are_measured("http", measured, &["Lua", "Rust", "component", "axum"]);
    let all = [
        "Lua, current",
        "Lua, one",
        "Lua, cores",
        "Rust, current",
        "Rust, one",
        "Rust, cores",
    ];
    are_measured("http-runtime", with_guests("http-runtime"), &all);
    is_measured("http-neighbour", &["alone", "beside a loop"]);
}

#[test]
fn sockets() {
    is_measured("sockets", &["relay", "axum"]);
    is_measured("sockets-unread", &["relay"]);
}

/// Rows of guests that are not built say how to build them.
#[test]
fn guests_in_rust_may_be_missing() {
    let mut bench = quick("round-trip");
    bench.env_remove("WARREN_RUST_GUESTS");
    let missing: Vec<_> = lines(bench)
        .into_iter()
        .filter_map(|line| Some(line["missing"].as_str()?.to_owned()))
        .filter(|reason| reason.contains("`cargo xtask bench` builds them"))
        .collect();
    assert_eq!(missing.len(), 2, "{missing:?}");
}

#[test]
fn processes() {
    is_measured("spawn", &["flat", "component", "Lua", "tokio"]);
    for row in ["spawn-cold", "skynet", "skynet-classic", "skynet-1m"] {
        is_measured(row, &["flat", "Lua", "tokio"]);
    }
}

#[test]
fn memory() {
    is_measured("memory", &["flat", "component", "Lua", "tokio"]);
    is_measured("memory-used", &["flat", "Lua"]);
    // Larger crowds may be more than this machine allows.
    is_measured("memory-100k", &[]);
    is_measured("density", &[]);
    is_measured("parked", &["10,000 Lua", "100,000 Lua"]);
    is_measured("wake", &["Lua, not parked", "Lua"]);
}

#[test]
fn lua() {
    is_measured("lua-cpu", &["Lua, fast", "Lua, dense", "native Lua"]);
    is_measured(
        "lua-switches",
        &["Lua, fast", "RUST_BACKTRACE=1", "native Lua"],
    );
}

#[test]
fn latency() {
    is_measured("latency", &["flat, alone", "flat", "Lua"]);
}

#[test]
fn fall() {
    for row in ["fall-chain", "fall-star", "fall-mesh"] {
        is_measured(row, &["flat"]);
    }
}

/// Fails if the cost of an operation grows with unrelated things.
#[test]
fn growth() {
    is_measured("growth", &["unclaimed_messages", "coroutines_that_wait"]);
}

#[test]
fn apply() {
    is_measured("apply", &["flat", "Lua", "Lua, new"]);
    is_measured("apply-100k", &["Lua, new"]);
}

/// Measures a few attacks, if the command is built.
#[test]
fn hostile() {
    is_measured("hostile", &[]);
}

#[test]
fn start() {
    // The command is measured only if it is built.
    is_measured("start-cold", &[]);
    is_measured("start-warm", &[]);
    is_measured("lines", &[]);
}

#[test]
fn an_unknown_row_is_an_error() {
    let output = output(bench(&["rowndtrip"]));
    assert!(!output.status.success());
    assert!(output.stdout.is_empty());
    assert!(String::from_utf8_lossy(&output.stderr).contains("round-trip"));
}
