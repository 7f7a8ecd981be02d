//! `cargo xtask bench`: the benchmarks, which print one table.

pub(crate) mod compare;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::guests::package;
use crate::step::{self, Step};
use crate::{project, wasmtime};

/// The package of Rust guests that the benchmarks run.
const RUST_GUESTS: &str = "runtime/bench/guests/rust";

/// The package of the component that answers requests. Its module goes to the same directory.
const COMPONENT: &str = "runtime/bench/guests/component";

/// The row that needs the component and wasmtime.
const HTTP: &str = "http";

/// Runs the benchmarks with the given arguments.
///
/// # Errors
/// The benchmarks do not compile, or one failed.
pub(crate) fn run(arguments: &[OsString]) -> Result<()> {
    let benchmarks = benchmarks(arguments)?;
    Step::new("benchmarks", "the failure is shown above", benchmarks).run()
}

/// Builds the benchmarks, and the guests that they need for these arguments, and returns the
/// command that runs them.
fn benchmarks(arguments: &[OsString]) -> Result<Command> {
    let mut benchmarks = Command::new(build()?);
    benchmarks.args(arguments);
    if let Some(directory) = package::build(RUST_GUESTS)? {
        benchmarks.env("WARREN_RUST_GUESTS", directory);
    }
    let has = |word: &str| arguments.iter().any(|argument| argument == word);
    if has(HTTP) {
        package::build(COMPONENT)?;
        // A quick run installs nothing that takes longer than itself.
        match wasmtime::command(!has("--quick")) {
            Ok(Some(command)) => {
                benchmarks.env(wasmtime::COMMAND, command);
            }
            Ok(None) => {}
            // The row says so, and shows the rest.
            Err(error) => {
                eprintln!("error: no wasmtime: {error:#}");
                benchmarks.env_remove(wasmtime::COMMAND);
            }
        }
    }
    Ok(benchmarks)
}

/// Builds the benchmarks and returns the program's path.
///
/// # Errors
/// The benchmarks do not compile.
pub(crate) fn build() -> Result<PathBuf> {
    // Builds the whole workspace: the benchmarks run the command too, and to
    // select one package is to select other features, with which wasmtime would
    // be built again.
    let mut build = project::cargo(&project::root());
    build.args(["build", "--release", "--locked", "--workspace"]);
    Step::new("building", "the failure is shown above", build).run()?;
    Ok(target_directory()?.join("release").join("warren-bench"))
}

/// Returns cargo's target directory.
pub(crate) fn target_directory() -> Result<PathBuf> {
    let mut metadata = project::cargo(&project::root());
    metadata.args(["metadata", "--format-version=1", "--no-deps", "--locked"]);
    let metadata: serde_json::Value = serde_json::from_str(&step::output(metadata)?)
        .context("`cargo metadata` did not print JSON")?;
    let directory = metadata["target_directory"].as_str();
    directory
        .map(PathBuf::from)
        .context("`cargo metadata` names no target directory")
}
