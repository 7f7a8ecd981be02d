//! The command alone, the workspace and its tests use the same features of the
//! dependencies that they share.
//!
//! All are built in one directory: by `cargo install` and by the README's two
//! commands. A feature that only one of them has, of a crate that wasmtime uses
//! too, would have wasmtime built twice.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};

use crate::{project, step};

/// The features of each crate, by name and version. A crate that is built more
/// than once has several sets.
type Features = BTreeMap<String, BTreeSet<String>>;

/// Compares cargo's resolutions of the command, of the workspace and of its
/// tests.
///
/// # Errors
/// There is a difference, or cargo fails.
pub(crate) fn check() -> Result<()> {
    eprintln!("==> command, workspace and tests use the same features of dependencies");
    let workspace = resolved("--workspace", "normal,build")?;
    let tests = resolved("--workspace", "normal,build,dev")?;
    // First without what runs while compiling, which has features of its own.
    let compiled = |selection| resolved(selection, "normal,no-proc-macro");
    let installed = compiled("--package=warren-cli")?;
    let command = resolved("--package=warren-cli", "normal,build")?;
    let mut problems = Vec::new();
    for difference in differences(&workspace, &tests) {
        problems.push(format!(
            "{difference} without tests and with them; list those that are missing in \
             [workspace.dependencies]"
        ));
    }
    let mut installing = differences(&installed, &compiled("--workspace")?);
    installing.extend(differences(&command, &shared(&command, &workspace)));
    for difference in installing {
        problems.push(format!(
            "{difference} in the command and in the workspace; let runtime/cli/Cargo.toml \
             depend on it as the other members do"
        ));
    }
    if !problems.is_empty() {
        bail!("features differ:\n  {}", problems.join("\n  "));
    }
    Ok(())
}

fn resolved(selection: &str, edges: &str) -> Result<Features> {
    let mut tree = project::cargo(&project::root());
    tree.args(["tree", "--locked", selection, "--prefix", "none"])
        .args(["--format", "{p}|{f}", "--edges", edges]);
    Ok(parse(&step::output(tree)?))
}

fn parse(listed: &str) -> Features {
    let mut features = Features::new();
    for line in listed.lines() {
        // Marks lines that were listed before.
        let line = line.trim_end_matches(" (*)");
        if let Some((package, of_it)) = line.split_once('|') {
            let all = features.entry(package.to_owned()).or_default();
            all.insert(of_it.to_owned());
        }
    }
    features
}

/// Returns the crates of both that are not built with the same sets of features.
fn differences(without: &Features, with: &Features) -> Vec<String> {
    let differing = without.iter().filter_map(|(package, features)| {
        let others = with.get(package)?;
        (features != others)
            .then(|| format!("{package}: {} and {}", any_of(features), any_of(others)))
    });
    differing.collect()
}

/// Returns the part of `with` whose sets of features `without` has, too: a crate
/// may be built once more for others, such as a build script.
///
/// A crate of which no set is the same keeps all its sets, so that it differs.
fn shared(without: &Features, with: &Features) -> Features {
    let mut shared = with.clone();
    for (package, features) in without {
        if let Some(others) = shared.get_mut(package)
            && features.is_subset(others)
        {
            others.clone_from(features);
        }
    }
    shared
}

fn any_of(features: &BTreeSet<String>) -> String {
    let features: Vec<_> = features.iter().map(String::as_str).collect();
    features.join(" or ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_feature_more_is_named_with_its_crate() {
        let without = parse("a v1.0.0|std\nb v2.0.0|\n");
        let with = parse("a v1.0.0|alloc,std\na v1.0.0|alloc,std (*)\nb v2.0.0| (*)\nc v1.0.0|\n");
        assert_eq!(
            differences(&without, &with),
            ["a v1.0.0: std and alloc,std"]
        );
        assert!(differences(&with, &with).is_empty());
    }

    #[test]
    fn a_crate_that_others_build_once_more_is_the_same() {
        let command = parse("a v1.0.0|std\n");
        let both = parse("a v1.0.0|std\na v1.0.0|alloc,std\n");
        assert!(differences(&command, &shared(&command, &both)).is_empty());
        let another = parse("a v1.0.0|alloc,std\n");
        assert_eq!(differences(&command, &shared(&command, &another)).len(), 1);
    }
}
