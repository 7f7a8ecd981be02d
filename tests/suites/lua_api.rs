//! `docs/lua-api.md` against the library it describes. Every function is
//! documented, every documented function exists and has an example, and every
//! example runs and prints its stated output. An example must fail if its
//! function is replaced by one that does nothing.

#![allow(clippy::expect_used)]

#[path = "lua_api/document.rs"]
mod document;
#[path = "lua_api/globals.rs"]
mod globals;
#[path = "lua_api/rules.rs"]
mod rules;
#[path = "lua_api/run.rs"]
mod run;
#[path = "lua_api/sabotage.rs"]
mod sabotage;

use std::fs;
use std::process::ExitCode;
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};
use warren_tests::{TIMEOUT, project};

use document::{Document, Example, Function, Section};
use globals::Globals;

const FILE: &str = "docs/lua-api.md";

/// The page about modules in Lua. Its examples run, too, and show each function.
const PATTERNS: &str = "docs/patterns.md";

/// Time after which a sabotaged example that waits in vain counts as failed;
/// most fail at once.
const NOTICED: Duration = Duration::from_secs(3);

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    match (read(FILE), read(PATTERNS)) {
        (Ok(document), Ok(patterns)) => {
            let mut trials = trials(document);
            trials.extend(patterns.sections.iter().flat_map(runs));
            // The page also names the handlers that a program writes.
            let proofs_of = |section| proofs(section, sabotage::is_of_a_pattern);
            trials.extend(patterns.sections.iter().flat_map(proofs_of));
            libtest_mimic::run(&arguments, trials).exit_code()
        }
        (Err(why), _) | (_, Err(why)) => {
            eprintln!("{why}");
            ExitCode::FAILURE
        }
    }
}

fn read(file: &str) -> Result<Document, String> {
    fs::read_to_string(project().join(file))
        .map_err(|error| error.to_string())
        .and_then(|text| Document::parse(&text))
        .map_err(|why| format!("{file}: {why}"))
}

/// Returns a test for each example of a section.
fn runs(section: &Section) -> Vec<Trial> {
    let run = |(number, example): (usize, &Example)| {
        let example = example.clone();
        Trial::test(format!("runs: {} ({number})", section.title), move || {
            run::run(&example, TIMEOUT).map_err(Failed::from)
        })
    };
    (1..).zip(&section.examples).map(run).collect()
}

/// Returns a test for each of the functions of a section that `is_shown` picks.
fn proofs(section: &Section, is_shown: fn(&Function) -> bool) -> Vec<Trial> {
    let prove = |function: &Function| {
        let (function, examples) = (function.clone(), section.examples.clone());
        Trial::test(format!("is shown: {}", function.name), move || {
            prove(&function, &examples, NOTICED).map_err(Failed::from)
        })
    };
    let functions = section.functions.iter();
    functions.filter(|f| is_shown(f)).map(prove).collect()
}

fn trials(document: Document) -> Vec<Trial> {
    let mut trials = rules::trials();
    let runs_of_all: Vec<Trial> = document.sections.iter().flat_map(runs).collect();
    let proofs: Vec<Trial> = document
        .sections
        .iter()
        .flat_map(|section| proofs(section, |_| true))
        .collect();
    trials.push(Trial::test(
        "document and library match",
        move || match complaints(&document, &globals::read()) {
            none if none.is_empty() => Ok(()),
            some => Err(Failed::from(some.join("\n"))),
        },
    ));
    trials.extend(runs_of_all);
    trials.extend(proofs);
    trials
}

/// Proves that some example of a function fails without it, or does not end in
/// time.
fn prove(function: &Function, examples: &[Example], limit: Duration) -> Result<(), String> {
    let mut examples = examples
        .iter()
        .filter(|example| sabotage::mentions(example, function));
    let noticed =
        |example: &Example| run::run(&sabotage::without(example, function), limit).is_err();
    if examples.any(noticed) {
        return Ok(());
    }
    Err(format!(
        "no example of {} notices that it does nothing",
        function.name
    ))
}

/// Returns the mismatches of document and library.
fn complaints(document: &Document, globals: &Globals) -> Vec<String> {
    let mut complaints = Vec::new();
    let sections = || document.sections.iter();
    let documented = |path: &String| {
        let is_it = |function: &Function| {
            function.name == *path || function.name.replace(':', ".") == *path
        };
        sections().flat_map(|section| &section.functions).any(is_it)
    };
    for path in globals.functions.iter().filter(|path| !documented(path)) {
        complaints.push(format!("{path} is not documented"));
    }
    for path in &globals.values {
        if !document.mentions.contains(path) {
            complaints.push(format!("{path} is not mentioned"));
        }
    }
    for section in sections() {
        complaints.extend(missing(section, globals));
    }
    complaints
}

/// Returns a section's documented functions that do not exist or have no
/// example, and its examples that show nothing.
fn missing(section: &Section, globals: &Globals) -> Vec<String> {
    let mut complaints = Vec::new();
    for function in &section.functions {
        let name = &function.name;
        // A method's example shows that it exists.
        if function.method().is_none() && !globals.functions.contains(name) {
            complaints.push(format!("{name} is documented and not there"));
        }
        let mut examples = section.examples.iter();
        if !examples.any(|example| sabotage::mentions(example, function)) {
            complaints.push(format!("{name} has no example"));
        }
    }
    for (number, example) in (1..).zip(&section.examples) {
        if example.stdout.is_empty() && example.stderr.is_empty() {
            complaints.push(format!("{} ({number}) shows nothing", section.title));
        }
    }
    complaints
}
