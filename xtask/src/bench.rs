//! `cargo xtask bench`: the benchmarks, which print one table.

use std::ffi::OsString;

use anyhow::Result;

use crate::project;
use crate::step::Step;

/// Runs the benchmarks with the given arguments.
///
/// # Errors
/// They do not compile, or one failed.
pub(crate) fn run(arguments: &[OsString]) -> Result<()> {
    let mut command = project::cargo(&project::root());
    command
        .args([
            "run",
            "--release",
            "--locked",
            "--package",
            "warren-bench",
            "--",
        ])
        .args(arguments);
    Step::new("benchmarks", "what failed is said above", command).run()
}
