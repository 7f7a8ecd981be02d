//! `cargo xtask crash`: programs with durable queues, killed at random moments.

use anyhow::Result;

use crate::project;
use crate::step::Step;

/// Kills, if the command does not say how many. The tests kill 200 times.
pub(crate) const KILLS: u32 = 10_000;

/// Runs the crash tests.
///
/// # Errors
/// They do not compile, or what a program acknowledged is not there.
pub(crate) fn run(kills: u32) -> Result<()> {
    let mut command = project::cargo(&project::root());
    command.args(["test", "--release", "--workspace", "--locked"]);
    command.args(["--test", "suites", "--", "--nocapture", "crash"]);
    command.env("WARREN_KILLS", kills.to_string());
    Step::new("crashes", "the job that is lost is named above", command).run()
}
