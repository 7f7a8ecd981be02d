//! The command of wasmtime, in the version that the runtime is built with: a baseline of the
//! benchmarks.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::project;
use crate::step::{self, Step};

/// The environment variable that names the command.
pub(crate) const COMMAND: &str = "WASMTIME";

/// Returns the command: that of [`COMMAND`], else one below the user's cache. If that is
/// missing, it is installed or there is none.
///
/// # Errors
/// The named command has another version, or cargo cannot install it.
pub(crate) fn command(installs: bool) -> Result<Option<PathBuf>> {
    let lock = fs::read_to_string(project::root().join("Cargo.lock"));
    let version = version_in(&lock.context("cannot read Cargo.lock")?)?;
    if let Some(command) = env::var_os(COMMAND) {
        let command = PathBuf::from(command);
        check(&command, &version)?;
        return Ok(Some(command));
    }
    let directory = project::cache()?.join(format!("wasmtime-{version}"));
    let command = directory.join("bin/wasmtime");
    if !command.is_file() {
        if !installs {
            return Ok(None);
        }
        install(&version, &directory)?;
    }
    Ok(Some(command))
}

/// Installs the command by cargo, outside of the project.
fn install(version: &str, directory: &Path) -> Result<()> {
    let mut cargo = project::cargo(&project::root());
    cargo
        .args(["install", "wasmtime-cli", "--version", version, "--locked"])
        .arg("--root")
        .arg(directory)
        // Its crates are not those of the project.
        .env_remove("CARGO_TARGET_DIR");
    let title = format!("installing wasmtime {version} (about 20 minutes on two cores)");
    Step::new(title, "WASMTIME names an installed one", cargo).run()
}

fn check(command: &Path, version: &str) -> Result<()> {
    let mut shows = Command::new(command);
    shows.arg("--version");
    let shown = step::output(shows)?;
    ensure!(
        shown.split_whitespace().nth(1) == Some(version),
        "{} is `{}`, and the runtime is built with {version}",
        command.display(),
        shown.trim()
    );
    Ok(())
}

/// Returns the version of wasmtime in a lock file of cargo.
fn version_in(lock: &str) -> Result<String> {
    let lock: toml::Table = lock.parse().context("in Cargo.lock")?;
    let packages = lock.get("package").and_then(toml::Value::as_array);
    let mut packages = packages.into_iter().flatten();
    let is_wasmtime = |package: &&toml::Value| {
        package.get("name").and_then(toml::Value::as_str) == Some("wasmtime")
    };
    let version = packages
        .find(is_wasmtime)
        .and_then(|package| package.get("version")?.as_str());
    let version = version.context("Cargo.lock has no wasmtime")?;
    Ok(version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_that_of_the_lock_file() {
        let lock = "[[package]]\nname = \"wasmtime-wasi\"\nversion = \"1.0.0\"\n\
                    [[package]]\nname = \"wasmtime\"\nversion = \"2.0.0\"\n";
        assert_eq!(version_in(lock).unwrap(), "2.0.0");
        assert!(version_in("version = 4\n").is_err());
    }

    #[test]
    fn another_version_is_refused() {
        let error = check(Path::new("echo"), "48.0.0").unwrap_err();
        assert!(error.to_string().contains("48.0.0"), "{error}");
    }
}
