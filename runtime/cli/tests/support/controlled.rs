//! A program that runs in the directory of its test, and is reached through its control
//! socket.

use std::path::Path;

use warren_tests::{Outcome, Session};

use super::{outcome, warren};

/// Runs the program until it is ready.
pub(crate) fn start(dir: &Path) -> Session {
    let mut session = Session::start(warren(dir, &["run", "--control", "control", "."]));
    session.wait_for_line("ready");
    session
}

/// Runs a command that asks the program.
#[track_caller]
pub(crate) fn ask(dir: &Path, args: &[&str]) -> Outcome {
    let args = [args, &["--control", "control"]].concat();
    outcome(warren(dir, &args))
}

/// Sends `go` to the process `main`.
#[track_caller]
pub(crate) fn go(dir: &Path) {
    ask(dir, &["send", "main", "go"]).ends_with(0);
}

/// Sends `stop` to the process `main`, and waits for the end of the program.
#[track_caller]
pub(crate) fn end(dir: &Path, session: Session) -> Outcome {
    ask(dir, &["send", "main", "stop"]).ends_with(0);
    session.end()
}
