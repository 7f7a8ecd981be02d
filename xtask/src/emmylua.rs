//! The checker of emmylua, which reads annotations of LuaCATS.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::project;
use crate::step::Step;

/// The environment variable that names the command.
const COMMAND: &str = "EMMYLUA_CHECK";

/// The version that CI uses: another one may warn of other things.
const VERSION: &str = "0.25.1";

/// Returns the command: that of [`COMMAND`], else one below the user's cache, which is
/// installed if it is missing.
///
/// # Errors
/// Cargo cannot install it.
pub(crate) fn command() -> Result<PathBuf> {
    if let Some(command) = env::var_os(COMMAND) {
        return Ok(PathBuf::from(command));
    }
    let directory = project::cache()?.join(format!("emmylua_check-{VERSION}"));
    let command = directory.join("bin/emmylua_check");
    if !command.is_file() {
        install(&directory)?;
    }
    Ok(command)
}

/// Installs the command by cargo, outside of the project. An unoptimized one compiles in a
/// fraction of the time, and checks some hundred small files in seconds.
fn install(directory: &Path) -> Result<()> {
    fs::create_dir_all(directory)
        .with_context(|| format!("cannot make {}", directory.display()))?;
    let mut cargo = project::cargo(&project::root());
    cargo
        .args(["install", "emmylua_check", "--version", VERSION, "--locked"])
        .args(["--debug", "--root"])
        .arg(directory)
        .env("CARGO_PROFILE_DEV_DEBUG", "0")
        // Its crates are not those of the project.
        .env_remove("CARGO_TARGET_DIR");
    let title = format!("installing emmylua_check {VERSION} (about 3 minutes on two cores)");
    Step::new(title, "EMMYLUA_CHECK names an installed one", cargo).run()
}
