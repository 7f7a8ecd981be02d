//! The project's Rust, for builds of guests.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::{project, step};

/// The target of the interpreter.
pub(super) const TARGET: &str = "wasm32-wasip1";

/// Returns the directory of the project's own rustc and cargo.
///
/// # Errors
/// There is no Rust.
pub(super) fn rust_bin() -> Result<PathBuf> {
    let mut rustc = Command::new("rustc");
    rustc
        .args(["--print", "sysroot"])
        .current_dir(project::root());
    Ok(Path::new(step::output(rustc)?.trim()).join("bin"))
}

/// Lets `command` find the project's Rust whatever its home and directory:
/// rustup's own look-up depends on both.
///
/// # Errors
/// There is no Rust, or its path cannot be written into `PATH`.
pub(super) fn put_rust_first(command: &mut Command) -> Result<()> {
    let old = env::var_os("PATH").unwrap_or_default();
    let path = env::join_paths([rust_bin()?].into_iter().chain(env::split_paths(&old)));
    command.env("PATH", path.context("the path of Rust has a colon")?);
    // The variables that `cargo run` sets for xtask would reach the guest's
    // build scripts.
    for (name, _) in env::vars_os() {
        let name = name.to_string_lossy().into_owned();
        if name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_") || name == "CARGO"
        {
            command.env_remove(name);
        }
    }
    command.env_remove("LD_LIBRARY_PATH");
    Ok(())
}
