//! Runs the built command in a directory of its test's.

pub(crate) mod controlled;

use std::path::Path;
use std::process::{Command, Stdio};

use warren_tests::{Outcome, Session};

/// Returns `warren` with these arguments, in this directory.
pub(crate) fn warren(dir: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_warren"));
    command
        .args(args)
        .current_dir(dir)
        // All tests share the compiled code, and nothing else on the machine.
        .env("XDG_CACHE_HOME", env!("CARGO_TARGET_TMPDIR"))
        .env_remove("WARREN_LOG")
        .stdin(Stdio::null());
    command
}

/// Runs `warren run` with these arguments to its end.
#[track_caller]
pub(crate) fn run(dir: &Path, args: &[&str]) -> Outcome {
    outcome(warren(dir, &[&["run"], args].concat()))
}

/// Runs a command to its end.
#[track_caller]
pub(crate) fn outcome(command: Command) -> Outcome {
    Session::start(command).end()
}
