//! The command, as an operator runs it.
#![cfg(unix)]

use std::io::{BufRead, BufReader, Read};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};

use hyper::{Method, StatusCode};

use crate::client::{ask, get, request};
use crate::setup::{APP, cache, run};

/// The command while it runs. Dropped before its end, it is killed.
struct Running {
    child: Child,
    output: BufReader<ChildStdout>,
    address: SocketAddr,
}

impl Running {
    fn start() -> Running {
        let mut child = Command::new(env!("CARGO_BIN_EXE_warren-server"))
            .args([
                APP,
                "--listen",
                "127.0.0.1:0",
                "--deadline",
                "120",
                "--grace",
                "120",
            ])
            .arg("--cache")
            .arg(cache())
            .env_remove("WARREN_LOG")
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let line = line(&mut output);
        let address = line.strip_prefix("listening on http://").expect(&line);
        Running {
            address: address.parse().unwrap(),
            child,
            output,
        }
    }

    /// Sends a signal, then waits for the end: its status and the log.
    fn end_by(mut self, signal: &str) -> (Option<i32>, String) {
        let kill = format!("kill -s {signal} {}", self.child.id());
        assert!(
            Command::new("sh")
                .args(["-c", &kill])
                .status()
                .unwrap()
                .success()
        );
        let mut log = String::new();
        let mut errors = self.child.stderr.take().unwrap();
        errors.read_to_string(&mut log).unwrap();
        (self.child.wait().unwrap().code(), log)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn line(output: &mut BufReader<ChildStdout>) -> String {
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}

#[test]
fn a_signal_ends_it_when_the_request_that_runs_is_answered() {
    for signal in ["TERM", "INT"] {
        let mut server = Running::start();
        let address = server.address;
        let report = std::thread::spawn(move || {
            run(ask(
                address,
                request(Method::GET, "/acme/report?after=200ms", ""),
            ))
        });
        assert_eq!(line(&mut server.output), "a report is asked for");
        let (status, log) = server.end_by(signal);
        assert_eq!(status, Some(0), "{log}");
        let report = report.join().unwrap().unwrap();
        assert_eq!(
            (report.status, report.text()),
            (StatusCode::OK, "all is well\n")
        );
    }
}

#[test]
fn the_log_has_the_error_behind_an_id() {
    let server = Running::start();
    let answer = run(get(server.address, "/globex/crash"));
    let id = answer.json()["id"].as_str().unwrap().to_owned();
    let (_, log) = server.end_by("TERM");
    let entry = log.lines().find(|line| line.contains(&id)).expect(&log);
    assert!(
        entry.contains("globex/http.lua:25: attempt to concatenate a nil value"),
        "{entry}"
    );
    assert!(
        entry.contains("GET /globex/crash in {tenants:globex|"),
        "{entry}"
    );
}

#[test]
fn a_program_that_cannot_be_opened_is_an_error_of_one_line() {
    let output = Command::new(env!("CARGO_BIN_EXE_warren-server"))
        .arg("there/is/no/such/program")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(
        text.starts_with("error: ") && text.contains("there/is/no/such/program"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 1, "{text}");
}

#[test]
fn the_load_test_runs_to_its_end() {
    let output = Command::new(env!("CARGO_BIN_EXE_warren-server-load"))
        .args(["--quick", "--json", APP, "--cache"])
        .arg(cache())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    for rounds in [
        &report["closed"]["plain"],
        &report["closed"]["lua"],
        &report["plain"]["quiet"],
        &report["plain"]["looping"],
        &report["lua"]["quiet"],
        &report["lua"]["looping"],
    ] {
        let requests = rounds[0]["requests"].as_u64().unwrap();
        assert!(requests > 0, "{report:#}");
    }
}
