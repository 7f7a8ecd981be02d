//! `cargo xtask test`: every test, with cargo alone.

use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use anyhow::{Result, bail};

use crate::step::Step;
use crate::tally::Tally;
use crate::{guests, project, scripting};

/// Tests at once for each core: many wait for a time to come or for other programs.
const AT_ONCE: usize = 2;

const REMEDY: &str = "the failing tests are named above";

const REMEDY_OF_A_BUILD: &str = "the errors of the compiler are above";

/// Runs every test, then prints the counts.
///
/// # Errors
/// A test failed, or a command could not run at all. The other suites still
/// run.
pub(crate) fn run() -> Result<()> {
    let root = project::root();
    let nextest = has_nextest();
    // What is fetched meanwhile keeps no core busy.
    thread::scope(|scope| {
        scope.spawn(install);
        build(&root, nextest);
    });
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

    if nextest {
        let arguments = format!(
            "nextest run --release --workspace --locked --no-fail-fast --test-threads {}",
            AT_ONCE * thread::available_parallelism().map_or(1, usize::from)
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

/// Installs what the tests need. If a tool chain is not available, the tests that need it name
/// the remedy.
fn install() {
    for outcome in [guests::install_toolchain(), scripting::install()] {
        if let Err(error) = outcome {
            eprintln!("error: {error:#}");
        }
    }
}

/// Builds the tests. Where that fails, the suite that follows says why once more.
fn build(root: &Path, nextest: bool) {
    let mut command = project::cargo(root);
    command.args(if nextest {
        &["nextest", "run"][..]
    } else {
        &["test"]
    });
    command.args(["--release", "--workspace", "--locked", "--no-run"]);
    if let Err(error) = Step::new("building the tests", REMEDY_OF_A_BUILD, command).run() {
        eprintln!("error: {error:#}");
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
