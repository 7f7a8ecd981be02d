//! Licences of dependencies: each must allow use in a project under MIT or
//! Apache-2.0.
//!
//! cargo-deny reads licences with the same crate, `spdx`, but brings some 140 crates to
//! build before the first check. Its advisories need the network, and fail a commit
//! that passed before.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use spdx::{Expression, ParseMode};

use crate::{project, step};

/// Licences that ask for no more than a notice.
const ALLOWED: [&str; 14] = [
    "0BSD",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "ISC",
    "MIT",
    "MIT-0",
    "Unicode-3.0",
    "Unlicense",
    "WTFPL",
    "Zlib",
];

/// Checks the packages of every workspace.
///
/// # Errors
/// A package has no licence of [`ALLOWED`] to choose, or cargo failed.
pub(crate) fn check() -> Result<()> {
    eprintln!("==> licences of the dependencies");
    let mut refused = Vec::new();
    for workspace in [project::root()]
        .into_iter()
        .chain(project::other_workspaces()?)
    {
        for package in packages(&workspace)? {
            let licence = package.license.as_deref().unwrap_or("none");
            if !is_allowed(licence) {
                refused.push(format!("{} {}: {licence}", package.name, package.version));
            }
        }
    }
    if !refused.is_empty() {
        bail!("licences that are not allowed:\n  {}", refused.join("\n  "));
    }
    Ok(())
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    version: String,
    license: Option<String>,
}

fn packages(workspace: &Path) -> Result<Vec<Package>> {
    let mut command = project::cargo(workspace);
    command.args(["metadata", "--format-version", "1", "--locked", "--quiet"]);
    let metadata: Metadata = serde_json::from_str(&step::output(command)?)
        .context("cargo metadata is not as expected")?;
    Ok(metadata.packages)
}

/// Returns whether licences of [`ALLOWED`] satisfy the expression. An exception
/// only ever adds a permission.
fn is_allowed(expression: &str) -> bool {
    let expression = Expression::parse_mode(expression, ParseMode::LAX);
    expression.is_ok_and(|expression| {
        expression.evaluate(|requirement| {
            requirement
                .license
                .id()
                .is_some_and(|id| ALLOWED.contains(&id.name))
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn expressions_are_decided() {
        assert!(is_allowed("MIT OR Apache-2.0"));
        assert!(is_allowed("MIT/Apache-2.0"));
        assert!(is_allowed("Apache-2.0 WITH LLVM-exception"));
        assert!(is_allowed("(MIT OR GPL-3.0-only) AND Unicode-3.0"));
        assert!(!is_allowed("MIT AND GPL-3.0-only"));
        assert!(!is_allowed("AGPL-3.0-or-later"));
        assert!(!is_allowed("none"));
    }
}
