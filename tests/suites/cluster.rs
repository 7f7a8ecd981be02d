//! Several programs as nodes of one cluster, over a server of NATS.

#![allow(clippy::expect_used, reason = "a test program")]

use warren_tests::nats::Server;
use warren_tests::{Session, Warren};

const PROGRAM: &str = "tests/programs/cluster";
/// A program with a service that runs once in the cluster.
const ONCE: &str = "tests/programs/once";

/// Starts a program as a node.
fn start(program: &str, server: &Server, name: &str, arguments: &[&str]) -> Session {
    Warren::run(program)
        .options(["--cluster", &server.url, "--node", name])
        .arguments(arguments)
        .start()
}

/// Starts a node with its part of the program.
fn node(server: &Server, name: &str, part: &str) -> Session {
    start(PROGRAM, server, name, &[part])
}

/// Starts a node whose service runs once in the cluster.
fn once(server: &Server, name: &str) -> Session {
    start(ONCE, server, name, &[])
}

/// Starts the nodes `a`, which runs the service, and `b`, which stands by.
fn two_with_a_service() -> (Server, Session, Session) {
    let server = Server::start();
    let mut a = once(&server, "a");
    a.wait_for_line("the clock runs on a");
    a.wait_for_line("the clock answers from a");
    let mut b = once(&server, "b");
    b.wait_for_line("the clock answers from a");
    (server, a, b)
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
fn a_start_on_another_node_is_watched_from_before_its_process_runs() {
    runs("watch", "watched");
}

#[test]
fn execs_run_on_another_node_with_what_their_caller_hands_on() {
    runs("exec", "executed");
}

#[test]
fn a_name_has_one_holder_in_the_cluster() {
    runs("names", "named");
}

/// The command lists the names of the cluster with their holders.
#[test]
fn the_names_of_the_cluster_are_listed() {
    let server = Server::start();
    let sockets = tempfile::tempdir().expect("a directory");
    let socket = sockets.path().join("control");
    let socket = socket.to_str().expect("text");
    let mut b = node(&server, "b", "serve");
    b.wait_for_line("serving b");
    let options = ["--cluster", &server.url, "--node", "a", "--control", socket];
    let mut a = Warren::run(PROGRAM)
        .options(options)
        .arguments(["hold"])
        .start();
    a.wait_for_line("held");
    let names = |options: &[&str]| {
        let outcome = Warren::tool("cluster", "names")
            .arguments(["--control", socket])
            .arguments(options)
            .outcome()
            .ends_with(0);
        outcome.text().to_owned()
    };
    let lines = names(&[]);
    let lines: Vec<&str> = lines.lines().collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(
        lines[0].starts_with("room:a  {a@app:processes|0x"),
        "{lines:?}"
    );
    assert!(
        lines[1].starts_with("room:b  {b@app:processes|0x"),
        "{lines:?}"
    );
    assert!(lines[1].contains("} on b, token "), "{lines:?}");
    let first: serde_json::Value =
        serde_json::from_str(&names(&["--json", "--limit", "1"])).expect("JSON");
    assert_eq!(first[0]["name"], "room:a");
    assert_eq!(first[0]["node"], "a");
    assert!(first[0]["token"].as_u64() > Some(0), "{first}");
    assert_eq!(first.as_array().map(Vec::len), Some(1));
    let rest = names(&["--after", "room:a"]);
    assert!(
        rest.starts_with("room:b  ") && rest.lines().count() == 1,
        "{rest}"
    );
    a.kill();
    b.kill();
}

#[test]
fn a_group_has_members_on_two_nodes() {
    runs("groups", "grouped");
}

#[test]
fn events_reach_the_subscriptions_of_all_nodes() {
    runs("events", "heard");
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

#[test]
fn a_service_of_the_cluster_moves_when_its_node_is_killed() {
    let (_server, a, mut b) = two_with_a_service();
    a.signal("KILL");
    b.wait_for_line("the clock runs on b");
    b.wait_for_line("the clock answers from b");
    b.kill();
}

#[test]
fn a_service_of_the_cluster_moves_when_its_node_ends_in_order() {
    let (_server, a, mut b) = two_with_a_service();
    a.signal("TERM");
    b.wait_for_line("the clock runs on b");
    b.wait_for_line("the clock answers from b");
    b.kill();
}

/// The node that goes on finds its service lost, ends it, and stands by: it can start the service
/// again only once its first process has ended.
#[test]
fn a_node_that_was_stopped_has_lost_its_service_and_stands_by() {
    let (_server, mut a, mut b) = two_with_a_service();
    a.signal("STOP");
    b.wait_for_line("the clock runs on b");
    a.signal("CONT");
    a.wait_for_line("the clock answers from b");
    b.signal("KILL");
    a.wait_for_line("the clock runs on a");
    a.wait_for_line("the clock answers from a");
    a.kill();
}

/// The word count of the example is right although one of three nodes is killed.
#[test]
fn the_example_counts_on_when_a_node_is_killed() {
    let server = Server::start();
    let start =
        |name: &str, arguments: &[&str]| start("examples/cluster", &server, name, arguments);
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
    let start = |name: &str, arguments: &[&str]| start("examples/kv", &server, name, arguments);
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
