//! The guests on the Rust SDK. They are a package of their own, for another
//! target, which is built before the benchmarks run.

use std::env;
use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

/// Names the directory they were built into.
const DIRECTORY: &str = "WARREN_RUST_GUESTS";

/// What a row says where they are not built.
pub(crate) const MISSING: &str = "no guests in Rust: `cargo xtask bench` builds them where Rust has \
                                  wasm32-unknown-unknown, or after `cargo xtask guests --toolchain`";

/// The binaries of `guests/rust`: `ping` is the definition `bench:rust/ping`.
const NAMES: [&str; 2] = ["echo", "ping"];

/// Where they are, if they are built.
pub(crate) fn directory() -> Option<PathBuf> {
    env::var_os(DIRECTORY).map(PathBuf::from)
}

/// Name and module of each; none where they are not built.
///
/// # Errors
/// They are not where they should be.
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
