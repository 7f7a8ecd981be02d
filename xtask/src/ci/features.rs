//! The tests use only features of dependencies that the command uses.
//!
//! Both are built in one directory, by the README's two commands. A feature
//! that only one of them has, of a crate that wasmtime uses too, would have
//! wasmtime built twice.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Result, bail};

use crate::{project, step};

/// The features of each crate, by name and version. A crate that is built more
/// than once has several sets.
type Features = BTreeMap<String, BTreeSet<String>>;

/// Compares cargo's resolution with tests and without.
///
/// # Errors
/// There is a difference, or cargo fails.
pub(crate) fn check() -> Result<()> {
    eprintln!("==> tests ask no features of dependencies that the command does not ask for");
    let differences = differences(&resolved("normal,build")?, &resolved("normal,build,dev")?);
    if !differences.is_empty() {
        bail!(
            "without tests and with them, features differ of:\n  {}\n\
             list those that are missing in [workspace.dependencies]",
            differences.join("\n  ")
        );
    }
    Ok(())
}

fn resolved(edges: &str) -> Result<Features> {
    let mut tree = project::cargo(&project::root());
    tree.args(["tree", "--locked", "--workspace", "--prefix", "none"])
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

fn differences(without: &Features, with: &Features) -> Vec<String> {
    let differing = without.iter().filter_map(|(package, features)| {
        let others = with.get(package)?;
        (features != others)
            .then(|| format!("{package}: {} and {}", any_of(features), any_of(others)))
    });
    differing.collect()
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
}
