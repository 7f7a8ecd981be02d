//! `cargo xtask dist DIRECTORY`: what a package of the command contains, in the
//! places of a Unix system below one prefix.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::step::{self, Step};
use crate::{bench, project};

/// Shells whose completions are laid out, each with the place of its file.
const COMPLETIONS: [(&str, &str); 3] = [
    ("bash", "share/bash-completion/completions/warren"),
    ("fish", "share/fish/vendor_completions.d/warren.fish"),
    ("zsh", "share/zsh/site-functions/_warren"),
];

/// Documents, relative to the root.
const DOCUMENTS: [&str; 4] = ["CHANGELOG.md", "LICENSE-APACHE", "LICENSE-MIT", "README.md"];

/// Builds the command, and lays it out below `prefix` with its completions, its
/// man pages and its documents.
///
/// # Errors
/// The command does not compile or fails; a file cannot be written.
pub(crate) fn run(prefix: &Path) -> Result<()> {
    let warren = bench::build()?.with_file_name("warren");
    lay_out(&warren, prefix)?;
    println!("{}", prefix.display());
    Ok(())
}

/// Lays out the command into a directory of its own, installs it by cargo into
/// another, and looks at both.
///
/// # Errors
/// As [`run`]; the installed command is not the one that was built; it has
/// symbols; a file is missing or empty.
pub(crate) fn check() -> Result<()> {
    let warren = bench::build()?.with_file_name("warren");
    let scratch = tempfile::tempdir().context("cannot make a directory")?;
    let prefix = scratch.path().join("dist");
    lay_out(&warren, &prefix)?;
    let mut expected: Vec<PathBuf> = vec!["bin/warren".into(), "share/man/man1/warren.1".into()];
    expected.extend(COMPLETIONS.map(|(_, place)| place.into()));
    for file in expected {
        let length = fs::metadata(prefix.join(&file)).map_or(0, |found| found.len());
        if length == 0 {
            bail!("{} is missing or empty", file.display());
        }
    }
    let mut symbols = Command::new("readelf");
    symbols.arg("--sections").arg(&warren).env("LC_ALL", "C");
    if cfg!(target_os = "linux") && step::output(symbols)?.contains(".symtab") {
        bail!("the command has symbols; see [profile.release.package.warren-cli]");
    }

    let mut install = project::cargo(&project::root());
    install.args(["install", "--path", "runtime/cli", "--locked", "--offline"]);
    install.args(["--no-track", "--root"]).arg(scratch.path());
    install.arg("--target-dir").arg(bench::target_directory()?);
    Step::new("installing", "what failed is said above", install).run()?;
    let installed = scratch.path().join("bin/warren");
    let mut version = Command::new(&installed);
    version.arg("--version");
    let version = step::output(version)?;
    if version.trim() != concat!("warren ", env!("CARGO_PKG_VERSION")) {
        bail!("{} is {version}", installed.display());
    }
    Ok(())
}

fn lay_out(warren: &Path, prefix: &Path) -> Result<()> {
    let binaries = prefix.join("bin");
    fs::create_dir_all(&binaries).with_context(|| cannot_write(&binaries))?;
    copy(warren, &binaries.join("warren"))?;
    let mut man = Command::new(warren);
    man.arg("man").arg(prefix.join("share/man/man1"));
    step::output(man)?;
    for (shell, place) in COMPLETIONS {
        let mut completions = Command::new(warren);
        completions.args(["completions", shell]);
        let script = step::output(completions)?;
        let path = prefix.join(place);
        let written = path.parent().map_or(Ok(()), fs::create_dir_all);
        written
            .and_then(|()| fs::write(&path, script))
            .with_context(|| cannot_write(&path))?;
    }
    let documents = prefix.join("share/doc/warren");
    fs::create_dir_all(&documents).with_context(|| cannot_write(&documents))?;
    for document in DOCUMENTS {
        copy(&project::root().join(document), &documents.join(document))?;
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to)
        .map(drop)
        .with_context(|| cannot_write(to))
}

fn cannot_write(path: &Path) -> String {
    format!("cannot write {}", path.display())
}
