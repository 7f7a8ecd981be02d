//! The drivers of the targets: libFuzzer, which comes with LLVM's runtime
//! library, and Python with the package by which its SDK reads values.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::project;
use crate::step::{self, Step};

/// The package with the library.
const PACKAGE: &str = "libclang-rt-22-dev";

const REMEDY: &str = "install LLVM's runtime library (libclang_rt.fuzzer)";

/// Returns the library's path; installs the library if it is missing.
///
/// # Errors
/// There is no apt-get, or it failed.
pub(super) fn find_or_install() -> Result<PathBuf> {
    if let Some(library) = find()? {
        return Ok(library);
    }
    let mut apt = Command::new("apt-get");
    apt.args(["install", "--yes", "--no-install-recommends", PACKAGE])
        .env("DEBIAN_FRONTEND", "noninteractive");
    Step::new("libFuzzer", REMEDY, apt).run()?;
    find()?.with_context(|| format!("{PACKAGE} has no libFuzzer for this machine; {REMEDY}"))
}

/// Returns a Python with the packages of the SDK for Python.
///
/// # Errors
/// There is no Python, or its packages cannot be installed.
pub(super) fn python() -> Result<PathBuf> {
    let root = project::root();
    let environment = root.join("target/fuzz/python");
    let python = environment.join("bin/python");
    let mut shows = Command::new(&python);
    shows.args(["-c", "import msgpack"]);
    if step::output(shows).is_err() {
        let mut venv = Command::new("python3");
        venv.args(["-m", "venv", "--clear"]).arg(&environment);
        Step::new("an environment for Python", "install python3-venv", venv).run()?;
        let mut pip = Command::new(&python);
        pip.args(["-m", "pip", "install", "--quiet", "--require-hashes", "-r"])
            .arg(root.join("guest-sdk/python/requirements.txt"));
        Step::new(
            "the packages of the SDK for Python",
            "pip must reach them",
            pip,
        )
        .run()?;
    }
    Ok(python)
}

/// Returns the newest installed library.
fn find() -> Result<Option<PathBuf>> {
    let name = format!("libclang_rt.fuzzer-{}.a", std::env::consts::ARCH);
    let mut search = Command::new("find");
    search.args(["/usr/lib", "-name", &name]);
    let found = step::output(search)?;
    let mut paths: Vec<&str> = found.lines().collect();
    paths.sort_unstable();
    Ok(paths.last().map(PathBuf::from))
}
