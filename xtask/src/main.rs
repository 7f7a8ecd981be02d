//! The project's chores, as `cargo xtask CHORE`; `cargo xtask help` lists them.

mod arguments;
mod bench;
mod ci;
mod comparison;
mod crash;
mod dist;
mod emmylua;
mod fuzz;
mod guard;
mod guests;
mod mutants;
mod project;
mod scripting;
mod simulate;
mod step;
mod tally;
mod test;
mod wasmtime;

use std::process::ExitCode;

use arguments::{Chore, USAGE};

fn main() -> ExitCode {
    if let Some(code) = ci::api::stand_in_for_rustdoc() {
        return code;
    }
    if let Some(code) = fuzz::stand_in_for_rustc() {
        return code;
    }
    let chore = match arguments::parse(lexopt::Parser::from_env()) {
        Ok(chore) => chore,
        Err(error) => {
            eprintln!("error: {error}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let outcome = match chore {
        Chore::Help => {
            println!("{USAGE}");
            Ok(())
        }
        Chore::Test => test::run(),
        Chore::Bench(arguments) => bench::run(&arguments),
        Chore::Compare(plan) => bench::compare::run(&plan),
        Chore::Guard { update } => guard::run(update),
        Chore::Fuzz(plan) => fuzz::run(&plan),
        Chore::Simulate(plan) => simulate::run(plan),
        Chore::Api { update } => ci::api::run(update),
        Chore::Crash { kills } => crash::run(kills),
        Chore::Mutants => mutants::run(),
        Chore::Guests(action) => guests::run(action),
        Chore::Dist(prefix) => dist::run(&prefix),
        Chore::Ci(extent) => ci::run(extent),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
