//! The tool chain of guests, installed by `guest-sdk/toolchain/setup.sh`.

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::inputs::sha256;
use super::rust::{TARGET as INTERPRETER_TARGET, put_rust_first, rust_bin};
use crate::{project, step};

/// The targets of guests: a reactor with the C library, for the interpreter;
/// and a module that imports only the process API.
const TARGETS: &str = "wasm32-wasip1 wasm32-unknown-unknown";

/// An installed tool chain.
pub(crate) struct Toolchain {
    prefix: PathBuf,
}

/// The tool chain is not available on this machine: not a failure of the
/// project.
#[derive(Debug)]
pub(crate) struct Unavailable(String);

impl std::fmt::Display for Unavailable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unavailable {}

/// Returns the directory of the tool chain, as `default-prefix.sh` decides.
///
/// # Errors
/// There is neither a home directory nor `GUEST_TOOLCHAIN`.
pub(crate) fn default_prefix() -> Result<PathBuf> {
    let script = project::root().join("guest-sdk/toolchain/default-prefix.sh");
    let mut bash = Command::new("bash");
    bash.args(["-euc", ". \"$0\"; printf %s \"$GUEST_TOOLCHAIN\""]);
    bash.arg(script);
    let prefix = step::output(bash)?;
    std::path::absolute(prefix).context("GUEST_TOOLCHAIN is empty")
}

impl Toolchain {
    /// Returns the tool chain in `prefix`. Installs it if it is missing, or
    /// belongs to another version of Rust or of the set-up, which takes about
    /// three minutes.
    ///
    /// # Errors
    /// [`Unavailable`], or the set-up failed.
    pub(crate) fn ensure(prefix: &Path) -> Result<Self> {
        let toolchain = Self {
            prefix: prefix.to_path_buf(),
        };
        let wanted = stamp()?;
        refuse_if_shared(prefix)?;
        let stamp_path = prefix.join("stamp");
        let installed = fs::read_to_string(&stamp_path).is_ok_and(|stamp| stamp == wanted);
        if !installed || toolchain.versions().is_err() {
            eprintln!(
                "==> installing the guest tool chain in {} (about three minutes)",
                prefix.display()
            );
            let scripts = project::root().join("guest-sdk/toolchain");
            set_up(prefix, &scripts, TARGETS)?;
            fs::write(&stamp_path, wanted)
                .with_context(|| format!("cannot write {}", stamp_path.display()))?;
        }
        Ok(toolchain)
    }

    /// Installs a separate tool chain in `prefix` with the scripts of
    /// `scripts`, for the target of the interpreter alone.
    ///
    /// # Errors
    /// As [`ensure`](Self::ensure).
    pub(crate) fn install(prefix: &Path, scripts: &Path) -> Result<Self> {
        set_up(prefix, scripts, INTERPRETER_TARGET)?;
        Ok(Self {
            prefix: prefix.to_path_buf(),
        })
    }

    /// Returns the tool chain's directory.
    pub(crate) fn prefix(&self) -> &Path {
        &self.prefix
    }

    /// Returns its tools, by name: a version or a hash each.
    ///
    /// # Errors
    /// The set-up did not write them.
    pub(crate) fn versions(&self) -> Result<BTreeMap<String, String>> {
        let path = self.prefix.join("versions.toml");
        let text =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        toml::from_str(&text).with_context(|| format!("in {}", path.display()))
    }
}

/// Refuses a directory into which another user could have put programs.
#[cfg(unix)]
fn refuse_if_shared(prefix: &Path) -> Result<()> {
    use std::os::unix::fs::MetadataExt;
    let (Ok(there), Ok(me)) = (fs::metadata(prefix), fs::metadata("/proc/self")) else {
        return Ok(());
    };
    let shown = prefix.display();
    if there.uid() != me.uid() && there.uid() != 0 {
        bail!(
            "{shown} belongs to user {}; set GUEST_TOOLCHAIN to a directory of your own",
            there.uid()
        );
    }
    if there.mode() & 0o022 != 0 {
        bail!("others may write to {shown}, and programs from it would run; run `rm -r {shown}`");
    }
    Ok(())
}

#[cfg(not(unix))]
fn refuse_if_shared(_prefix: &Path) -> Result<()> {
    Ok(())
}

/// Returns a text that changes with every input of the set-up, by which an
/// outdated tool chain is known.
fn stamp() -> Result<String> {
    let scripts = project::root().join("guest-sdk/toolchain");
    let mut stamp = format!("targets {TARGETS}\n");
    for script in ["setup.sh", "rustc.sh"] {
        let path = scripts.join(script);
        let text = fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
        stamp += &format!("{script} {}\n", sha256(&text));
    }
    let mut version = Command::new(rust_bin()?.join("rustc"));
    version.arg("-vV");
    Ok(stamp + &step::output(version)?)
}

/// The set-up's exit status if a part is not available.
const EX_UNAVAILABLE: i32 = 69;

fn set_up(prefix: &Path, scripts: &Path, targets: &str) -> Result<()> {
    let script = scripts.join("setup.sh");
    let mut command = Command::new("bash");
    command
        .arg(&script)
        .env("GUEST_TOOLCHAIN", prefix)
        .env("TARGETS", targets)
        .current_dir(project::root());
    put_rust_first(&mut command)?;
    let mut child = command
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", script.display()))?;
    let mut last = String::new();
    if let Some(stderr) = child.stderr.take() {
        for line in BufReader::new(stderr).lines() {
            last = line?;
            eprintln!("{last}");
        }
    }
    let status = child.wait()?;
    match status.code() {
        Some(0) => Ok(()),
        Some(EX_UNAVAILABLE) => Err(Unavailable(last).into()),
        _ => bail!("`{}` ended with {status}: {last}", script.display()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Installs with the set-up `script`.
    fn install(script: &str) -> Result<Toolchain> {
        let scripts = tempfile::tempdir()?;
        fs::write(scripts.path().join("setup.sh"), script)?;
        Toolchain::install(&scripts.path().join("prefix"), scripts.path())
    }

    #[test]
    fn an_unavailable_tool_chain_is_told_from_a_failure() {
        let unavailable = install("echo no clang >&2; exit 69").err().unwrap();
        assert!(unavailable.is::<Unavailable>());
        assert_eq!(unavailable.to_string(), "no clang");

        let failed = install("echo disk full >&2; exit 1").err().unwrap();
        assert!(!failed.is::<Unavailable>());
        assert!(
            failed.to_string().ends_with("exit status: 1: disk full"),
            "{failed}"
        );
    }

    #[test]
    fn an_installed_tool_chain_says_its_versions() {
        let kept = tempfile::tempdir().unwrap();
        let versions = kept.path().join("versions.toml");
        fs::write(&versions, "clang = \"22\"\n").unwrap();
        let toolchain = Toolchain {
            prefix: kept.path().to_path_buf(),
        };
        assert_eq!(toolchain.versions().unwrap()["clang"], "22");
        fs::remove_file(&versions).unwrap();
        assert!(toolchain.versions().is_err());
    }
}
