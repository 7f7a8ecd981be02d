//! A copy of the kernel as a workspace of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::project;

/// The directory of the kernel.
const KERNEL: &str = "runtime/kernel";

/// The directories that are copied: the kernel and the crate that it depends on.
const COPIED: [&str; 2] = [KERNEL, "guest-sdk/rust/values"];

/// The copy, and its target directory. Builds are kept from one run to the
/// next.
pub(crate) struct Copy {
    tree: PathBuf,
    target: PathBuf,
    files: Vec<PathBuf>,
}

impl Copy {
    /// Copies the kernel with its dependency below a directory, over the files of an earlier run.
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub(crate) fn make(directory: &Path) -> Result<Self> {
        let mut files = project::files()?;
        files.retain(|file| COPIED.iter().any(|copied| file.starts_with(copied)));
        let copy = Self {
            tree: directory.join("tree"),
            target: directory.join("target"),
            files,
        };
        if copy.tree.exists() {
            fs::remove_dir_all(&copy.tree)
                .with_context(|| format!("cannot remove {}", copy.tree.display()))?;
        }
        copy.restore()?;
        let lock =
            fs::read(project::root().join("Cargo.lock")).context("cannot read Cargo.lock")?;
        write(&copy.tree.join("Cargo.lock"), &lock)?;
        write(&copy.tree.join("Cargo.toml"), manifest()?.as_bytes())?;
        Ok(copy)
    }

    /// Returns the directory of the copy's workspace.
    pub(crate) fn tree(&self) -> &Path {
        &self.tree
    }

    /// Returns the target directory.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Applies a patch made at the project's root.
    ///
    /// # Errors
    /// The patch does not apply.
    pub(crate) fn apply(&self, patch: &Path) -> Result<()> {
        let mut git = Command::new("git");
        git.args(["apply", "--whitespace=nowarn"])
            .arg(patch)
            .current_dir(&self.tree)
            // Inside a repository git would skip ignored files.
            .env(
                "GIT_CEILING_DIRECTORIES",
                self.tree.parent().unwrap_or(&self.tree),
            )
            .env_remove("GIT_DIR");
        let output = git.output().context("cannot start `git apply`")?;
        if !output.status.success() {
            bail!(
                "{} does not apply; update the patch: {}",
                patch.display(),
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        Ok(())
    }

    /// Undoes the patches. Unchanged files stay untouched: cargo goes by their
    /// times.
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub(crate) fn restore(&self) -> Result<()> {
        for file in &self.files {
            let path = project::root().join(file);
            let content =
                fs::read(&path).with_context(|| format!("cannot read {}", path.display()))?;
            let copied = self.tree.join(file);
            if fs::read(&copied).ok().as_ref() != Some(&content) {
                write(&copied, &content)?;
            }
        }
        Ok(())
    }
}

/// Returns the manifest of a workspace whose only member is the kernel.
fn manifest() -> Result<String> {
    let path = project::root().join("Cargo.toml");
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
    let mut manifest: toml::Table = text.parse().context("in Cargo.toml")?;
    let workspace = manifest
        .get_mut("workspace")
        .and_then(toml::Value::as_table_mut)
        .context("Cargo.toml has no workspace")?;
    workspace.insert("members".to_owned(), vec![KERNEL].into());
    workspace.remove("default-members");
    Ok(manifest.to_string())
}

fn write(path: &Path, content: &[u8]) -> Result<()> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).with_context(|| format!("cannot make {}", parent.display()))?;
    }
    fs::write(path, content).with_context(|| format!("cannot write {}", path.display()))
}
