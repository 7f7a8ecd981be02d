//! Clusters whose nodes or server are killed, stopped or without room.

#![allow(clippy::expect_used, reason = "a test program")]

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use warren_tests::nats::Server;
use warren_tests::{Session, Warren, packages, project};

const PROGRAM: &str = "tests/programs/lost_nodes";
/// The `down_after` of the program.
const DOWN_AFTER: Duration = Duration::from_secs(2);

/// Starts a node with its part of the program.
fn node(server: &Server, name: &str, arguments: &[&str]) -> Session {
    node_of(&project().join(PROGRAM), server, name, arguments)
}

fn node_of(program: &Path, server: &Server, name: &str, arguments: &[&str]) -> Session {
    Warren::run(program)
        .options(["--cluster", &server.url, "--node", name])
        .arguments(arguments)
        .start()
}

/// Copies the program with another `down_after`.
fn with_down_after(down_after: &str) -> TempDir {
    let copy = tempfile::tempdir().expect("a directory");
    packages::copy_tree(&project().join(PROGRAM), copy.path());
    let manifest = copy.path().join("warren.toml");
    let text = fs::read_to_string(&manifest).expect("a manifest");
    let changed = text.replace("\"2s\"", &format!("{down_after:?}"));
    assert_ne!(text, changed);
    fs::write(&manifest, changed).expect("a manifest");
    copy
}

/// Waits for a line with this word and a number, and returns the number.
#[track_caller]
fn number_after(session: &mut Session, word: &str) -> u64 {
    loop {
        let line = session.line().expect("a line in time").expect("a line");
        let line = String::from_utf8(line).expect("text");
        if let Some(number) = line.trim_end().strip_prefix(word) {
            return number.trim_start().parse().expect("a number");
        }
    }
}

#[test]
fn a_killed_node_is_down_in_the_promised_time() {
    let server = Server::start();
    let mut watchers = ["a", "b"].map(|name| node(&server, name, &["watch"]));
    for watcher in &mut watchers {
        watcher.wait_for_line("watching");
    }
    // A busy machine may tell of it late, but not each time.
    let times = [(); 3].map(|()| {
        let mut c = node(&server, "c", &["watch"]);
        c.wait_for_line("watching");
        for watcher in &mut watchers {
            watcher.wait_for_line("up c");
        }
        let killed = Instant::now();
        c.kill();
        for watcher in &mut watchers {
            watcher.wait_for_line("down c");
        }
        killed.elapsed()
    });
    let promised = DOWN_AFTER + Duration::from_secs(1);
    assert!(times.iter().any(|time| *time <= promised), "{times:?}");
    for watcher in watchers {
        watcher.kill();
    }
}

/// Nothing is lost or doubled, and nobody is down, if the server is back within `down_after`.
#[test]
fn a_server_that_starts_again_under_load_loses_nothing() {
    let program = with_down_after("5m");
    let mut server = Server::start();
    let start = |server: &Server, name, arguments: &[&str]| {
        node_of(program.path(), server, name, arguments)
    };
    let mut b = start(&server, "b", &["watch", "a"]);
    let mut a = start(&server, "a", &["load"]);
    b.wait_for_line("watching");
    a.wait_for_line("500 are sent");
    server.kill();
    server.start_again();
    let c = start(&server, "c", &["finish"]);
    a.wait_for_line("all have arrived");
    c.end().ends_with(0);
    for (session, other) in [(a, "b"), (b, "a")] {
        session.signal("KILL");
        let ended = session.end();
        assert!(
            !ended.text().contains(&format!("down {other}\n")),
            "{ended}"
        );
    }
}

#[test]
fn a_server_that_is_away_takes_nodes_and_names_along_until_it_is_back() {
    let mut server = Server::start();
    let mut a = node(&server, "a", &["watch", "b"]);
    let mut b = node(&server, "b", &["watch", "a"]);
    a.wait_for_line("watching");
    b.wait_for_line("watching");
    server.kill();
    // In this order, because the lease is longer than `down_after`.
    a.wait_for_line("down b");
    b.wait_for_line("down a");
    a.wait_for_line("lost watcher a");
    b.wait_for_line("lost watcher b");
    server.start_again();
    a.wait_for_line("up b");
    b.wait_for_line("up a");
    a.kill();
    b.kill();
}

/// A node that is stopped has given up its names when another one takes them, and learns that
/// when it goes on.
#[test]
fn a_stopped_node_has_lost_its_names_before_another_has_them() {
    let server = Server::start();
    let mut a = node(&server, "a", &["hold"]);
    a.wait_for_line("holding");
    let mut b = node(&server, "b", &["succeed"]);
    b.wait_for_line("waiting");
    a.signal("STOP");
    let taken = number_after(&mut b, "taken");
    a.signal("CONT");
    let held = number_after(&mut a, "held");
    assert!(held < taken, "held at {held}, taken at {taken}");
    a.wait_for_line("lost");
    a.end().ends_with(0);
    b.kill();
}

#[test]
fn a_full_disk_refuses_new_names_with_the_reason_and_stops_nothing() {
    // Some fifty names.
    let server = Server::with_room(64 << 10);
    let mut b = node(&server, "b", &["watch"]);
    b.wait_for_line("watching");
    let a = node(&server, "a", &["fill"]);
    let ended = a.end().ends_with(0);
    let lines: Vec<&str> = ended.text().lines().collect();
    let [refused, "going on"] = lines[..] else {
        panic!("{ended}");
    };
    let refused = refused.strip_prefix("refused: Unavailable: the broker refused: ");
    let reason = refused.expect("a refusal of the broker");
    assert!(reason.contains("insufficient resources"), "{reason}");
    b.wait_for_line("lost watcher b");
    b.kill();
}
