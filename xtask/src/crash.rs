//! `cargo xtask crash`: programs that are killed at random points, many times, and what they
//! keep.

use anyhow::Result;

use crate::project;
use crate::step::Step;

/// Kills of each program before a release.
pub(crate) const KILLS: u32 = 10_000;

/// Runs the tests of crashes with this number of kills each, in place of that of
/// `cargo xtask test`.
///
/// # Errors
/// They do not compile, or something that was acknowledged is lost.
pub(crate) fn run(kills: u32) -> Result<()> {
    let mut command = project::cargo(&project::root());
    command.args(["test", "--release", "--workspace", "--locked"]);
    command.args(["--test", "suites", "--", "after_a_crash", "--nocapture"]);
    command.env("WARREN_KILLS", kills.to_string());
    Step::new(
        "crashes",
        "the values that were lost are named above; the points of the kills are random",
        command,
    )
    .run()
}
