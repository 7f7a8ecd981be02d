//! Packages of guests in Rust, built for a chore such as the benchmarks.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::Result;

use super::rust::rust_bin;
use super::toolchain;
use crate::project;
use crate::step::{self, Step};

/// The target of core modules that import only the process API.
const TARGET: &str = "wasm32-unknown-unknown";

/// Builds a package and returns the directory of its modules; `None` if neither
/// Rust nor the guest tool chain has the target.
///
/// # Errors
/// The package does not compile.
pub(crate) fn build(package: &str) -> Result<Option<PathBuf>> {
    let directory = project::root().join(package);
    let Some(mut cargo) = cargo(&directory)? else {
        return Ok(None);
    };
    let target = project::root().join("target/guests");
    cargo
        .args(["build", "--release", "--locked", "--target", TARGET])
        .arg("--target-dir")
        .arg(&target);
    let title = format!("building {package}");
    Step::new(title, "the failure is shown above", cargo).run()?;
    Ok(Some(target.join(TARGET).join("release")))
}

/// Returns Rust's own cargo if it has the target, else that of the guest tool
/// chain.
fn cargo(directory: &Path) -> Result<Option<Command>> {
    let mut libraries = Command::new(rust_bin()?.join("rustc"));
    libraries.args(["--print", "target-libdir", "--target", TARGET]);
    if Path::new(step::output(libraries)?.trim()).is_dir() {
        return Ok(Some(project::cargo(directory)));
    }
    let installed = toolchain::default_prefix()?.join("sysroot/lib/rustlib");
    if !installed.join(TARGET).is_dir() {
        return Ok(None);
    }
    let mut cargo = Command::new(project::root().join("guest-sdk/toolchain/cargo.sh"));
    cargo.current_dir(directory);
    Ok(Some(cargo))
}
