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

/// The text of a row if the component is not built.
pub(crate) const NO_COMPONENT: &str =
    "no component in Rust: `cargo xtask bench http` builds it where the guests in Rust are built";

/// The binaries of `guests/rust`: `ping` is the definition `bench:rust/ping`.
const NAMES: [&str; 4] = ["echo", "hello", "operations", "ping"];

/// The component of `guests/component`, which answers requests.
const COMPONENT: &str = "hello_component";

/// Returns the directory, if they are built.
pub(crate) fn directory() -> Option<PathBuf> {
    env::var_os(DIRECTORY).map(PathBuf::from)
}

/// Returns name and module of each; none if they are not built.
///
/// # Errors
/// A module is missing in its directory.
pub(crate) fn modules() -> Result<Vec<(&'static str, Vec<u8>)>> {
    if directory().is_none() {
        return Ok(Vec::new());
    }
    let module = |name| Ok((name, module(name)?.context(MISSING)?));
    NAMES.into_iter().map(module).collect()
}

/// Returns one module; `None` if they are not built.
///
/// # Errors
/// The module is missing in its directory.
pub(crate) fn module(name: &str) -> Result<Option<Vec<u8>>> {
    let Some(directory) = directory() else {
        return Ok(None);
    };
    let path = directory.join(format!("{name}.wasm"));
    let module = fs::read(&path);
    let module = module.with_context(|| format!("cannot read {}", path.display()))?;
    Ok(Some(module))
}

/// Returns the component; `None` if it is not built.
///
/// # Errors
/// It cannot be read.
pub(crate) fn component() -> Result<Option<Vec<u8>>> {
    match directory() {
        Some(directory) if directory.join(format!("{COMPONENT}.wasm")).is_file() => {
            module(COMPONENT)
        }
        _ => Ok(None),
    }
}
