//! `cargo xtask test`: every test, with cargo alone.

use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Result, bail};

use crate::step::Step;
use crate::tally::Tally;
use crate::{guests, project, scripting};

/// Tests at once for each core: many wait for a time to come or for other programs.
const AT_ONCE: usize = 2;

const REMEDY: &str = "the failing tests are named above";

/// Runs every test, then prints the counts.
///
/// # Errors
/// A test failed, or a command could not run at all. The other suites still
/// run.
pub(crate) fn run() -> Result<()> {
    let root = project::root();
    // If a tool chain is not available, the tests that need it name the remedy.
    for outcome in [guests::install_toolchain(), scripting::install()] {
        if let Err(error) = outcome {
            eprintln!("error: {error:#}");
        }
    }
    let mut tally = Tally::default();
    let mut failures = Vec::new();
    let mut suite = |title: &str, arguments: &str, directory: &Path| {
        let mut command = if directory == root {
            project::cargo(directory)
        } else {
            project::cargo_beside(directory)
        };
        command.args(arguments.split_whitespace());
        if let Err(error) = Step::new(title, REMEDY, command).run_tests(&mut tally) {
            eprintln!("error: {error:#}");
            failures.push(error);
        }
    };

    if has_nextest() {
        let arguments = format!(
            "nextest run --release --workspace --locked --no-fail-fast --test-threads {}",
            AT_ONCE * std::thread::available_parallelism().map_or(1, usize::from)
        );
        suite("tests", &arguments, &root);
        suite(
            "documentation tests",
            "test --release --workspace --locked --doc",
            &root,
        );
    } else {
        suite(
            "tests",
            "test --release --workspace --locked --no-fail-fast",
            &root,
        );
    }
    // Again with debug assertions; its few dependencies make that cheap.
    suite(
        "kernel, debug",
        "test --package warren-kernel --locked --no-fail-fast",
        &root,
    );
    for workspace in project::other_workspaces()? {
        // A feature of the guest replaces the imports of its host on this
        // machine.
        suite(
            &project::name(&workspace),
            "test --all-features --locked --no-fail-fast",
            &workspace,
        );
    }

    println!("all suites: {tally}");
    match failures.len() {
        0 if tally.passed == 0 => bail!("no test ran"),
        0 => Ok(()),
        1 => bail!("1 suite failed"),
        n => bail!("{n} suites failed"),
    }
}

fn has_nextest() -> bool {
    let mut nextest = Command::new("cargo-nextest");
    nextest
        .args(["nextest", "--version"])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    nextest.status().is_ok_and(|status| status.success())
}
