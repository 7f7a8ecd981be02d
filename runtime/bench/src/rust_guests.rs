//! The guests on the Rust SDK. They are a package of their own, for another
//! target, which is built before the benchmarks run.

use std::env;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

/// The environment variable of the directory with their modules.
const DIRECTORY: &str = "WARREN_RUST_GUESTS";

/// The text of a row if they are not built.
pub(crate) const MISSING: &str = "no guests in Rust: `cargo xtask bench` builds them where Rust has \
                                  wasm32-unknown-unknown, or after `cargo xtask guests --toolchain`";

/// The binaries of `guests/rust`: `ping` is the definition `bench:rust/ping`.
const NAMES: [&str; 3] = ["echo", "operations", "ping"];

/// Returns the directory, if they are built.
pub(crate) fn directory() -> Option<PathBuf> {
    env::var_os(DIRECTORY).map(PathBuf::from)
}

/// Returns name and module of each; none if they are not built.
///
/// # Errors
/// A module is missing in its directory.
pub(crate) fn modules() -> Result<Vec<(&'static str, Vec<u8>)>> {
    let Some(directory) = directory() else {
        return Ok(Vec::new());
    };
    let module = |name| {
        let path = directory.join(format!("{name}.wasm"));
        let module = fs::read(&path);
        Ok((
            name,
            module.with_context(|| format!("cannot read {}", path.display()))?,
        ))
    };
    NAMES.into_iter().map(module).collect()
}
