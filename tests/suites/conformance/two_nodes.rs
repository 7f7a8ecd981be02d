//! Programs of some sections once more, on two nodes of a cluster: their partners are on the
//! other node.
//!
//! The program is the same file. Its copy gets a first line that takes `process` from
//! `elsewhere.lua`, and a manifest with a cluster of its own.

use std::fs;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use libtest_mimic::{Failed, Trial};
use warren_tests::nats::Server;
use warren_tests::{Outcome, Session, Warren, entries, packages};

use crate::programs::Program;

/// The sections whose promises hold between nodes, too.
const SECTIONS: [&str; 7] = [
    "cancel", "delivery", "exec", "groups", "names", "ties", "upgrade",
];

/// A program for which another node makes a difference.
struct Exception {
    program: &'static str,
    /// The difference.
    because: &'static str,
    /// A text that the program says of it. A program that does not is no exception any more.
    says: &'static str,
}

/// All programs of the sections that do not pass on two nodes.
static EXCEPTIONS: [Exception; 2] = [
    Exception {
        program: "groups/a_member_that_is_full",
        because: "`broadcast` does not wait for members of other nodes, whose refusals it does \
                  not know",
        says: "a_member_that_is_full.lua:19:",
    },
    Exception {
        program: "upgrade/keeps_what_was_not_read",
        because: "the name of a start is one of the new process's node",
        says: "name not registered",
    },
];

/// A program whose processes of both nodes take one name, one after the other. The name is free
/// for the node of its holder at once, and for the other node when the end is told there: the
/// main program reads of an end on its own node before.
const NOT_BY_TURNS: &str = "groups/end_of_a_member";

/// The file beside the programs.
const ELSEWHERE: &str = include_str!("elsewhere.lua");

/// The first line of each file, before what is there. The argument makes the main program
/// of node b.
const FIRST: &str = "if ... == 'node b' then return require('elsewhere').serve() end \
                     local process = require('elsewhere').process ";

/// Far more than a program takes on a busy machine.
const LIMIT: Duration = Duration::from_secs(240);

/// The one server, which is started when the first program needs it.
static SERVER: Mutex<Option<Server>> = Mutex::new(None);

/// The way in which processes are spread over the nodes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Spread {
    /// Each process starts its partners on the other node.
    Elsewhere,
    /// Each process starts its partners on the other node and on its own by turns.
    ByTurns,
}

/// Returns the tests of a program on two nodes; none if it has no partners.
pub(crate) fn trials(program: &Program) -> Vec<Trial> {
    let mut ways = Vec::new();
    if SECTIONS.contains(&program.section()) {
        let text = program.text();
        let starts = text.contains("app:processes");
        if starts || text.contains("process.registry") {
            ways.push(("on_two_nodes", Spread::Elsewhere));
        }
        if starts && exception(program).is_none() && program.name != NOT_BY_TURNS {
            ways.push(("on_two_nodes_by_turns", Spread::ByTurns));
        }
    }
    let trial = |(way, spread)| {
        let program = program.clone();
        Trial::test(format!("{way}/{}", program.name), move || {
            run(&program, spread);
            Ok(())
        })
    };
    ways.into_iter().map(trial).collect()
}

/// Returns the test that each exception is a program that has a test here.
pub(crate) fn rule(programs: &[Program]) -> Trial {
    let known = |name: &str| programs.iter().any(|program| program.name == name);
    let unknown: Vec<&str> = EXCEPTIONS
        .iter()
        .map(|exception| exception.program)
        .filter(|name| !known(name))
        .collect();
    Trial::test(
        "rules: exceptions on two nodes are programs",
        move || match unknown.is_empty() {
            true => Ok(()),
            false => Err(Failed::from(format!("no programs: {unknown:?}"))),
        },
    )
}

/// Ends the server.
pub(crate) fn end() {
    let mut server = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
    *server = None;
}

fn exception(program: &Program) -> Option<&'static Exception> {
    EXCEPTIONS.iter().find(|one| one.program == program.name)
}

/// Runs a program on node `a`, beside the same program on node `b`, which ends after it.
///
/// # Panics
/// The program does not end as its header says, or node `b` fails.
fn run(program: &Program, spread: Spread) {
    let moved = tempfile::tempdir().expect("a directory");
    prepare(program, spread, moved.path());
    let url = url();
    let start = |node: &str, arguments: &[&str]| -> Session {
        Warren::run(moved.path())
            .options(["--cluster", &url, "--node", node])
            .arguments(arguments)
            .start()
            .within(LIMIT)
    };
    let mut b = start("b", &["node b"]);
    b.wait_for_line("node b serves");
    let a = start("a", &[]).end();
    let b = b.end();
    match exception(program) {
        None => judge(program, &a, &b),
        Some(exception) => {
            let differs = a.status != Some(0) && a.stderr.contains(exception.says);
            let because = exception.because;
            assert!(
                differs,
                "it does not fail any more because {because}: {a}\non node b: {b}"
            );
        }
    }
    b.ends_with(0);
}

fn judge(program: &Program, a: &Outcome, b: &Outcome) {
    if a.status != Some(program.status()) {
        eprintln!("on node b: {b}");
    }
    program.check(a);
}

/// Returns the URL of the server.
fn url() -> String {
    let mut server = SERVER.lock().unwrap_or_else(PoisonError::into_inner);
    server.get_or_insert_with(Server::start).url.clone()
}

/// Writes the program as one of two nodes into a directory.
fn prepare(program: &Program, spread: Spread, into: &Path) {
    let mut manifest = String::new();
    if program.path().is_dir() {
        packages::copy_tree(program.path(), into);
        // Absent in most.
        manifest = fs::read_to_string(into.join("warren.toml")).unwrap_or_default();
    } else {
        let file = program.path().file_name().expect("a program has a name");
        packages::copy_tree(program.path(), &into.join(file));
        let stem = program.path().file_stem().and_then(|stem| stem.to_str());
        let stem = stem.expect("the name of a program is text");
        manifest.push_str(&format!("[app]\nmain = \"app:{stem}\"\n"));
    }
    assert!(!manifest.contains("[cluster]"), "it is a node already");
    manifest.push_str(&format!(
        "\n[cluster]\nname = \"{}\"\n",
        cluster(program, spread)
    ));
    fs::write(into.join("warren.toml"), manifest).expect("a manifest");
    for file in entries(into).expect("the directory can be read") {
        if file.extension().is_some_and(|extension| extension == "lua") {
            let text = fs::read_to_string(&file).expect("a file of Lua");
            fs::write(&file, format!("{FIRST}{text}")).expect("a file of Lua");
        }
    }
    let turns = |is_on: bool| format!("BY_TURNS <const> = {is_on}");
    assert!(ELSEWHERE.contains(&turns(false)));
    let elsewhere = ELSEWHERE.replace(&turns(false), &turns(spread == Spread::ByTurns));
    fs::write(into.join("elsewhere.lua"), elsewhere).expect("a file of Lua");
}

/// Returns the name of the cluster, which no other program has.
fn cluster(program: &Program, spread: Spread) -> String {
    let start = match spread {
        Spread::Elsewhere => 'e',
        Spread::ByTurns => 't',
    };
    let letters = program.name.chars().map(|letter| match letter {
        letter if letter.is_ascii_alphanumeric() => letter.to_ascii_lowercase(),
        _ => '-',
    });
    [start, '-'].into_iter().chain(letters).take(63).collect()
}
