//! Every statement of `docs/semantics.md` is shown by a program in
//! `tests/conformance`, and every program shows a statement. One test for each
//! program; the table at the end counts them by section.

#![allow(clippy::expect_used)]

#[path = "conformance/as_tests.rs"]
mod as_tests;
#[path = "conformance/programs.rs"]
mod programs;
#[path = "conformance/rules.rs"]
mod rules;
#[path = "conformance/statements.rs"]
mod statements;
#[path = "conformance/table.rs"]
mod table;
#[path = "conformance/two_nodes.rs"]
mod two_nodes;

use std::collections::HashSet;
use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};

use programs::Program;
use statements::Statement;
use table::Table;

fn main() -> ExitCode {
    let arguments = Arguments::from_args();
    let statements = match statements::read() {
        Ok(statements) => statements,
        Err(message) => return refuse(&message),
    };
    let programs = match programs::read() {
        Ok(programs) => programs,
        Err(message) => return refuse(&message),
    };
    let table = Arc::new(Table::new(&statements, &programs));
    let complaints = complaints(&statements, &programs);
    let mut trials = rules::trials();
    trials.push(Trial::test("statements_and_programs_match", move || {
        if complaints.is_empty() {
            return Ok(());
        }
        Err(Failed::from(complaints.join("\n")))
    }));
    trials.push(two_nodes::rule(&programs));
    trials.push(as_tests::trial(&programs));
    for program in programs {
        trials.extend(two_nodes::trials(&program));
        let table = Arc::clone(&table);
        let program = Arc::new(program);
        if !program.writes() {
            // Once more with processes that are parked as soon as they wait.
            let parked = program.parked();
            trials.push(Trial::test(parked.name.clone(), move || {
                parked.run(&[]);
                Ok(())
            }));
            // Virtual time changes no behaviour.
            let again = Arc::clone(&program);
            trials.push(Trial::test(
                format!("in_virtual_time/{}", again.name),
                move || {
                    again.run(&["--virtual-time"]);
                    Ok(())
                },
            ));
        }
        trials.push(Trial::test(program.name.clone(), move || {
            program.run(&[]);
            table.count(&program);
            Ok(())
        }));
    }
    // A filtered run prints no table.
    let whole = arguments.filter.is_none() && arguments.skip.is_empty() && !arguments.list;
    let conclusion = libtest_mimic::run(&arguments, trials);
    two_nodes::end();
    if whole {
        print!("{table}");
    }
    conclusion.exit_code()
}

fn refuse(message: &str) -> ExitCode {
    eprintln!("{message}");
    ExitCode::FAILURE
}

/// Returns the mismatches of statements and programs.
fn complaints(statements: &[Statement], programs: &[Program]) -> Vec<String> {
    let known: HashSet<&str> = statements.iter().map(|one| &*one.id).collect();
    let mut shown = HashSet::new();
    let mut complaints = Vec::new();
    for program in programs {
        if program.shows.is_empty() {
            complaints.push(format!("{} shows no statement", program.name));
        }
        for id in &program.shows {
            if !known.contains(&**id) {
                complaints.push(format!("{} shows {id}, which is none", program.name));
            }
            shown.insert(&**id);
        }
    }
    for statement in statements {
        if !shown.contains(&*statement.id) && statement.tests.is_empty() {
            complaints.push(format!("nothing shows {}", statement.id));
        }
        complaints.extend(statement.missing_tests());
    }
    complaints
}
