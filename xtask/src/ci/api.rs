//! The public API of the library, compared with its committed list. Each of its types has
//! an example.
//!
//! The list is made from rustdoc's JSON, which rustdoc writes on the nightly
//! channel only, or when told to behave as nightly. Cargo must not see that
//! setting: build scripts of our dependencies would, and everything be built
//! anew. So cargo runs this program in place of rustdoc.

use std::env;
use std::ffi::OsString;
use std::process::{Command, ExitCode};

use anyhow::{Context, Result};

use crate::project;
use crate::step::Step;

/// Set when this program is called in place of rustdoc.
const AS_RUSTDOC: &str = "WARREN_XTASK_AS_RUSTDOC";

/// The library, and our crates whose items it re-exports, by their names in
/// rustdoc.
const LIBRARIES: [&str; 5] = [
    "warren",
    "warren_app",
    "warren_engine",
    "warren_values",
    "warren_kernel",
];

/// The committed list, below the root.
const SNAPSHOT: &str = "runtime/public-api.txt";

/// Compares the public API with the list, or updates the list. Looks for an example in the
/// document of each type.
///
/// # Errors
/// API and list differ, a type has no example, or rustdoc fails.
pub(crate) fn run(update: bool) -> Result<()> {
    let root = project::root();
    let mut doc = project::cargo(&root);
    doc.args(["doc", "--release", "--workspace", "--no-deps", "--locked"])
        .arg("--target-dir")
        .arg(root.join("target"));
    doc.env(
        "RUSTDOC",
        env::current_exe().context("xtask cannot tell its own path")?,
    )
    .env(AS_RUSTDOC, "1");
    Step::new("public items of the library", "see above", doc).run()?;

    let mut compare = project::cargo_beside(&root.join("xtask/api"));
    compare
        .args(["run", "--quiet", "--locked", "--"])
        .arg(root.join(SNAPSHOT))
        .args(LIBRARIES.map(|library| root.join(format!("target/doc/{library}.json"))));
    if update {
        compare.arg("--update");
    }
    let remedy = "accept an intended change with `cargo xtask api --update`, and give each type \
                  without an example a block of Rust in its document";
    Step::new("public API", remedy, compare).run()
}

/// Runs rustdoc in cargo's place, with JSON as output for the libraries.
/// Returns `None` if this program was called as itself.
pub(crate) fn stand_in_for_rustdoc() -> Option<ExitCode> {
    env::var_os(AS_RUSTDOC)?;
    let arguments: Vec<OsString> = env::args_os().skip(1).collect();
    let is_library = arguments
        .windows(2)
        .any(|pair| pair[0] == "--crate-name" && LIBRARIES.iter().any(|name| pair[1] == *name));
    let mut rustdoc = Command::new("rustdoc");
    rustdoc.args(&arguments);
    if is_library {
        rustdoc
            .args(["-Z", "unstable-options", "--output-format", "json"])
            .env("RUSTC_BOOTSTRAP", "1");
    }
    let code = match rustdoc.status() {
        Ok(status) => status.code().and_then(|code| u8::try_from(code).ok()),
        Err(error) => {
            eprintln!("error: cannot start rustdoc: {error}");
            None
        }
    };
    Some(code.map_or(ExitCode::FAILURE, ExitCode::from))
}
