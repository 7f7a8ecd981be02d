//! The crates that are meant to be published can be packaged, each complete.
//!
//! Nothing is compiled: `cargo package` would build every dependency again.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::step::{self, Step};
use crate::{bench, project};

/// The crates in the order of their dependencies, each with its directory.
const PUBLISHED: [(&str, &str); 8] = [
    ("warren-values", "guest-sdk/rust/values"),
    ("warren-kernel", "runtime/kernel"),
    ("warren-cluster", "runtime/cluster"),
    ("warren-engine", "runtime/engine"),
    ("warren-capabilities", "runtime/capabilities"),
    ("warren-app", "runtime/app"),
    ("warren-runtime", "runtime"),
    ("warren-cli", "runtime/cli"),
];

/// Code that includes another file, each up to the quote before its path.
const INCLUDES: [&str; 3] = ["include_str!(\"", "include_bytes!(\"", "#[path = \""];

/// Modules of tests, which read documents of the project.
const TESTS: [&str; 1] = ["src/manifest/reference.rs"];

/// Packages all crates, and follows what their sources include.
///
/// # Errors
/// A manifest lacks what a package needs; a source includes a file that its
/// package does not have.
pub(crate) fn check() -> Result<()> {
    let mut package = project::cargo(&project::root());
    package.args([
        "package",
        "--no-verify",
        "--allow-dirty",
        "--offline",
        "--quiet",
    ]);
    package.arg("--target-dir").arg(bench::target_directory()?);
    for (name, _) in PUBLISHED {
        package.args(["--package", name]);
    }
    Step::new("packaging", "what is missing is said above", package).run()?;
    let mut missing = Vec::new();
    for (name, directory) in PUBLISHED {
        let directory = project::root().join(directory);
        let mut list = project::cargo(&directory);
        list.args([
            "package",
            "--list",
            "--allow-dirty",
            "--offline",
            "--package",
            name,
        ]);
        let listed = step::output(list)?;
        let files: BTreeSet<PathBuf> = listed.lines().map(PathBuf::from).collect();
        for file in files.iter().filter(|file| is_source(file)) {
            let path = directory.join(file);
            let text = fs::read_to_string(&path)
                .with_context(|| format!("cannot read {}", path.display()))?;
            for included in includes(&text) {
                let at = beside(file, included);
                if at.is_none_or(|at| !files.contains(&at)) {
                    missing.push(format!("{name}: {} includes {included}", file.display()));
                }
            }
        }
    }
    if !missing.is_empty() {
        bail!(
            "files outside of their package:\n  {}",
            missing.join("\n  ")
        );
    }
    Ok(())
}

fn is_source(file: &Path) -> bool {
    file.starts_with("src")
        && file.extension().is_some_and(|extension| extension == "rs")
        && !TESTS.iter().any(|test| file == Path::new(test))
}

/// Returns the paths that a source includes, but for its documents.
fn includes(text: &str) -> Vec<&str> {
    let of_line = |line| INCLUDES.iter().find_map(|start| after(line, start));
    text.lines()
        .filter(|line| !line.trim_start().starts_with("#[doc"))
        .filter_map(of_line)
        .collect()
}

/// Returns the text between `start` and the next quote.
fn after<'a>(line: &'a str, start: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(start)?;
    rest.split_once('"').map(|(path, _)| path)
}

/// Returns the path of `included` within the package; `None` outside of it.
fn beside(file: &Path, included: &str) -> Option<PathBuf> {
    let mut path = file.parent()?.to_path_buf();
    for component in Path::new(included).components() {
        match component {
            Component::ParentDir => {
                if !path.pop() {
                    return None;
                }
            }
            Component::CurDir => {}
            other => path.push(other),
        }
    }
    Some(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn includes_are_found_and_resolved() {
        let text = "const A: &str = include_str!(\"../a.txt\");\n#[path = \"b.rs\"]\nmod b;\n\
                    #[doc = include_str!(\"../../c.md\")]\ninclude!(concat!(x));\n";
        assert_eq!(includes(text), ["../a.txt", "b.rs"]);
        let file = Path::new("src/deep/x.rs");
        assert_eq!(beside(file, "../a.txt"), Some("src/a.txt".into()));
        assert_eq!(beside(file, "../../a.txt"), Some("a.txt".into()));
        assert_eq!(beside(file, "../../../a.txt"), None);
    }
}
