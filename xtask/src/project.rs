//! The project's directory and files.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::step;

/// Directories of people's files: a path below one of these is somebody's. The
/// split strings keep this file out of the check's own findings.
pub(crate) const HOMES: [&str; 4] = [
    concat!("/ro", "ot/"),
    concat!("/ho", "me/"),
    concat!("/Us", "ers/"),
    concat!("/wo", "rk/"),
];

/// Returns the root of the repository.
pub(crate) fn root() -> PathBuf {
    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    package.parent().unwrap_or(package).to_path_buf()
}

/// Returns the label of a workspace: its directory, relative to [`root`].
pub(crate) fn name(workspace: &Path) -> String {
    match workspace.strip_prefix(root()) {
        Ok(relative) if relative.as_os_str().is_empty() => "the workspace".to_owned(),
        Ok(relative) => relative.display().to_string(),
        Err(_) => workspace.display().to_string(),
    }
}

/// Returns cargo, started in a directory of the project.
pub(crate) fn cargo(directory: &Path) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(directory);
    command
}

/// Returns cargo in a workspace of its own beside the one at the root. They
/// share a target directory, for they depend on much the same crates.
pub(crate) fn cargo_beside(workspace: &Path) -> Command {
    let mut command = cargo(workspace);
    command.env("CARGO_TARGET_DIR", root().join("target/guests"));
    command
}

/// Returns the directory of installed tools, below the user's cache.
///
/// # Errors
/// The user has no home directory.
pub(crate) fn cache() -> Result<PathBuf> {
    let named = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = named
        .filter(|path| path.is_absolute())
        .or_else(|| Some(env::home_dir()?.join(".cache")))
        .context("there is no home directory")?;
    Ok(cache.join("warren"))
}

/// Returns every file that is committed or could be: tracked, or untracked and
/// not ignored. Relative to [`root`], sorted.
///
/// # Errors
/// Git is missing, or this is not a clone of the repository.
pub(crate) fn files() -> Result<Vec<PathBuf>> {
    let mut git = Command::new("git");
    git.args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ])
    .current_dir(root());
    let mut files: Vec<_> = step::output(git)?
        .split_terminator('\0')
        .map(PathBuf::from)
        .collect();
    // Git still lists a file that is deleted but not yet committed as deleted.
    files.retain(|file| root().join(file).is_file());
    files.sort();
    files.dedup();
    Ok(files)
}

/// Returns the directories of the cargo workspaces beside the one at the root,
/// such as guests and examples, which have lock files of their own.
///
/// # Errors
/// As [`files`], or a manifest cannot be read.
pub(crate) fn other_workspaces() -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for file in files()? {
        let Some(directory) = file
            .parent()
            .filter(|parent| !parent.as_os_str().is_empty())
        else {
            continue;
        };
        if file.file_name().is_none_or(|name| name != "Cargo.toml") {
            continue;
        }
        let path = root().join(&file);
        let manifest =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let manifest: toml::Table = manifest
            .parse()
            .with_context(|| format!("in {}", path.display()))?;
        if manifest.contains_key("workspace") {
            found.push(root().join(directory));
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_is_the_directory_of_the_lock_file() {
        assert!(root().join("Cargo.lock").is_file());
    }

    #[test]
    fn files_are_those_of_the_project() {
        let files = files().unwrap();
        assert!(files.contains(&PathBuf::from("xtask/src/project.rs")));
        assert!(!files.iter().any(|file| file.starts_with("target")));
    }

    #[test]
    fn the_lua_guest_is_a_workspace_of_its_own() {
        assert!(
            other_workspaces()
                .unwrap()
                .contains(&root().join("guest-sdk/lua"))
        );
    }
}
