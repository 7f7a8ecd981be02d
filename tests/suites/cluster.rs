//! Several programs as nodes of one cluster, over a server of NATS.

#![allow(clippy::expect_used, reason = "a test program")]

use warren_tests::nats::Server;
use warren_tests::{Session, Warren};

const PROGRAM: &str = "tests/programs/cluster";

/// Starts a node with its part of the program.
fn node(server: &Server, name: &str, part: &str) -> Session {
    Warren::run(PROGRAM)
        .options(["--cluster", &server.url, "--node", name])
        .arguments([part])
        .start()
}

/// Runs a part on node `a` to its end, beside a node `b` that serves.
#[track_caller]
fn runs(part: &str, last_line: &str) {
    let server = Server::start();
    let mut b = node(&server, "b", "serve");
    b.wait_for_line("serving b");
    let mut a = node(&server, "a", part);
    a.wait_for_line(last_line);
    a.end().ends_with(0);
    b.kill();
}

#[test]
fn processes_of_two_nodes_talk_in_order() {
    runs("talk", "talked");
}

#[test]
fn ties_tell_of_ends_on_another_node() {
    runs("tie", "tied");
}

#[test]
fn execs_run_on_another_node_with_what_their_caller_hands_on() {
    runs("exec", "executed");
}

#[test]
fn a_name_has_one_holder_in_the_cluster() {
    runs("names", "named");
}

#[test]
fn a_group_has_members_on_two_nodes() {
    runs("groups", "grouped");
}

/// A node is killed, and starts again: what waited for it ends, and its PIDs are of nobody.
#[test]
fn a_killed_node_is_down_and_comes_back_as_another_one() {
    let server = Server::start();
    let mut b = node(&server, "b", "serve");
    b.wait_for_line("serving b");
    let mut a = node(&server, "a", "down");
    a.wait_for_line("kill b");
    b.signal("KILL");
    a.wait_for_line("b is down");
    let mut again = node(&server, "b", "serve");
    again.wait_for_line("serving b");
    a.wait_for_line("b is back");
    a.end().ends_with(0);
    again.kill();
}

/// The word count of the example is right although one of three nodes is killed.
#[test]
fn the_example_counts_on_when_a_node_is_killed() {
    let server = Server::start();
    let start = |name: &str, arguments: &[&str]| {
        Warren::run("examples/cluster")
            .options(["--cluster", &server.url, "--node", name])
            .arguments(arguments)
            .start()
    };
    let (mut b, mut c) = (start("b", &["serve"]), start("c", &["serve"]));
    b.wait_for_line("node b is up");
    c.wait_for_line("node c is up");
    let mut a = start("a", &["count", "3", "400"]);
    a.wait_for_line("a quarter is counted");
    c.signal("KILL");
    let ended = a.end().ends_with(0);
    let counts: Vec<&str> = ended.text().lines().rev().take(8).collect();
    let expected = [
        "the", "quick", "over", "lazy", "jumps", "fox", "dog", "brown",
    ];
    let expected = expected.map(|word| match word {
        "the" => "the\t800".to_owned(),
        word => format!("{word}\t400"),
    });
    assert_eq!(counts, expected);
    b.kill();
}

/// The keys of the example are right whichever node is killed in the middle of requests. The
/// second kill shows that the shards of the first node have moved.
#[test]
fn the_example_of_keys_loses_none_when_nodes_are_killed() {
    let server = Server::start();
    let start = |name: &str, arguments: &[&str]| {
        Warren::run("examples/kv")
            .options(["--cluster", &server.url, "--node", name])
            .arguments(arguments)
            .start()
    };
    let (mut b, mut c) = (start("b", &["serve"]), start("c", &["serve"]));
    b.wait_for_line("node b is up");
    c.wait_for_line("node c is up");
    let mut a = start("a", &["check", "3", "2", "3", "2"]);
    a.wait_for_line("64 keys are right on 3 nodes");
    c.kill();
    a.wait_for_line("64 keys are right on 2 nodes");
    let c = start("c", &["serve"]);
    a.wait_for_line("64 keys are right on 3 nodes");
    b.kill();
    a.wait_for_line("64 keys are right on 2 nodes");
    a.end().ends_with(0);
    c.kill();
}

/// A server elsewhere is not trusted without credentials.
#[test]
fn a_server_on_another_machine_needs_credentials() {
    let outcome = Warren::run(PROGRAM)
        .options(["--cluster", "nats://192.0.2.1:4222", "--node", "a"])
        .arguments(["serve"])
        .outcome();
    outcome.ends_with(1).says(&["credentials"]);
}

#[test]
fn a_node_needs_a_cluster() {
    let outcome = Warren::run(PROGRAM)
        .options(["--node", "a"])
        .arguments(["serve"])
        .outcome();
    outcome.ends_with(2).says(&["add `--cluster URL`"]);
}

#[test]
fn a_node_needs_a_name() {
    let outcome = Warren::run(PROGRAM)
        .options(["--cluster", "nats://127.0.0.1:4222"])
        .arguments(["serve"])
        .outcome();
    outcome.ends_with(2).says(&["--node"]);
}
