//! Programs that others have written for Lua 5.4, unmodified: the official test files,
//! and libraries. They are installed from packages, and no part of the project.

#![allow(clippy::expect_used)]

#[path = "lua/libraries.rs"]
mod libraries;
#[path = "lua/official.rs"]
mod official;

use std::process::ExitCode;

use libtest_mimic::Arguments;

fn main() -> ExitCode {
    let mut trials = official::trials();
    trials.extend(libraries::trials());
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
