//! Programs that others have written for Lua 5.4, unmodified: the official test files,
//! and libraries. They are installed from packages, and no part of the project.

#![allow(clippy::expect_used)]

#[path = "lua/official.rs"]
mod official;

use std::process::ExitCode;

use libtest_mimic::Arguments;

fn main() -> ExitCode {
    let trials = official::trials();
    libtest_mimic::run(&Arguments::from_args(), trials).exit_code()
}
