//! Machine-specific texts: no file of the project names a directory of
//! somebody's machine, or the address of a package registry, which cargo, apt
//! and the like know themselves.

use std::env;
use std::fs;

use anyhow::{Context, Result, bail};

use crate::project::{self, HOMES};

/// The split strings keep this file from being found by its own check.
const REGISTRIES: [&str; 8] = [
    concat!("index.", "crates.io"),
    concat!("static.", "crates.io"),
    concat!("crates.io", "-index"),
    concat!("static.", "rust-lang.org"),
    concat!("deb.", "debian.org"),
    concat!("snapshot.", "debian.org"),
    concat!("files.", "pythonhosted.org"),
    concat!("registry.", "npmjs.org"),
];

/// Reads every file of the project.
///
/// # Errors
/// A file contains such a text, or cannot be read.
pub(crate) fn check() -> Result<()> {
    eprintln!("==> paths of a machine and addresses of registries");
    let root = project::root();
    let mut here = vec![root.display().to_string()];
    here.extend(
        env::home_dir()
            .map(|home| home.display().to_string())
            .filter(|home| home.len() > 1),
    );
    let mut found = Vec::new();
    for file in project::files()? {
        let contents = fs::read(root.join(&file))
            .with_context(|| format!("cannot read {}", file.display()))?;
        let Ok(text) = String::from_utf8(contents) else {
            continue;
        };
        // Cargo writes the name of the public registry there, whatever it
        // fetches from.
        let is_lock = file.file_name().is_some_and(|name| name == "Cargo.lock");
        for (line, text) in (1..).zip(text.lines()) {
            let registry = REGISTRIES
                .iter()
                .find(|host| !is_lock && text.contains(*host))
                .copied();
            let directory = HOMES.iter().copied().chain(here.iter().map(String::as_str));
            if let Some(what) = registry.or(directory
                .into_iter()
                .find(|path| names_directory(text, path)))
            {
                found.push(format!("{}:{line}: {what}", file.display()));
            }
        }
    }
    if !found.is_empty() {
        bail!(
            "paths of a machine or addresses of registries in:\n  {}",
            found.join("\n  ")
        );
    }
    Ok(())
}

/// Returns whether `text` has `directory` as an absolute path, not as the end
/// of a relative one.
fn names_directory(text: &str, directory: &str) -> bool {
    text.match_indices(directory).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        before.is_none_or(|c| !(c.is_alphanumeric() || "._-/}*~$".contains(c)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absolute_paths_are_found_and_relative_ones_are_not() {
        let [_, home, ..] = HOMES;
        assert!(names_directory(&format!("cd {home}ann"), home));
        assert!(names_directory(&format!("\"{home}ann\""), home));
        assert!(names_directory(&format!("{home}ann"), home));
        assert!(!names_directory(&format!("some{home}ann"), home));
        assert!(!names_directory(
            &format!("..{home}ann and ${{prefix}}{home}"),
            home
        ));
    }
}
