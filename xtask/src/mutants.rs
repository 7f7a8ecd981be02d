//! `cargo xtask mutants`: tests the kernel's tests. Each patch in
//! `runtime/kernel/mutations` breaks one promise of the kernel. It is applied
//! to a copy, never to the tree, and some test of the copy must fail.

mod copy;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use anyhow::{Context, Result, bail};

use crate::project;
use copy::Copy;

/// The suites that run on every mutant: cargo's arguments, and the table's
/// name.
const SUITES: [(&str, &[&str]); 3] = [
    ("unit", &["--lib"]),
    ("contract", &["--test", "contract"]),
    ("simulator", &["--test", "simulator"]),
];

/// Tests the copy as it is, then every mutant, and prints a table.
///
/// # Errors
/// A mutation that no test notices, that does not apply or does not compile; a
/// kernel whose tests fail without one.
pub(crate) fn run() -> Result<()> {
    let mutations = mutations()?;
    let copy = Copy::make(&project::root().join("target/mutants"))?;
    build(&copy).context("the kernel as it is")?;
    for (suite, arguments) in SUITES {
        let output = test(&copy, arguments)?;
        if !output.status.success() {
            bail!(
                "{suite} tests fail without any mutation:\n{}",
                text(&output)
            );
        }
    }
    let width = mutations.iter().map(|mutation| mutation.name.len()).max();
    let width = width.unwrap_or_default();
    println!("{:width$}  unit  contract  simulator", "mutation");
    let mut unnoticed = Vec::new();
    for mutation in &mutations {
        copy.apply(&mutation.patch)?;
        build(&copy).with_context(|| mutation.name.clone())?;
        let mut red = [false; SUITES.len()];
        for (red, (_, arguments)) in red.iter_mut().zip(SUITES) {
            *red = !test(&copy, arguments)?.status.success();
        }
        copy.restore()?;
        let [unit, contract, simulator] = red.map(|red| if red { "red" } else { "-" });
        println!(
            "{:width$}  {unit:4}  {contract:8}  {simulator}",
            mutation.name
        );
        if red == [false; SUITES.len()] {
            unnoticed.push(&*mutation.name);
        }
    }
    if !unnoticed.is_empty() {
        bail!("no test notices {}", unnoticed.join(", "));
    }
    println!("mutants: all {} were noticed", mutations.len());
    Ok(())
}

struct Mutation {
    name: String,
    patch: PathBuf,
}

/// Returns all mutations, by name.
fn mutations() -> Result<Vec<Mutation>> {
    let directory = project::root().join("runtime/kernel/mutations");
    let listed =
        fs::read_dir(&directory).with_context(|| format!("cannot read {}", directory.display()))?;
    let mut mutations = Vec::new();
    for entry in listed {
        let patch = entry?.path();
        if patch.extension().is_some_and(|end| end == "patch") {
            let name = patch.file_stem().unwrap_or_default();
            mutations.push(Mutation {
                name: name.to_string_lossy().into_owned(),
                patch,
            });
        }
    }
    if mutations.is_empty() {
        bail!("there is no mutation in {}", directory.display());
    }
    mutations.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(mutations)
}

/// Compiles every suite, so that a later failure is a failed test.
fn build(copy: &Copy) -> Result<()> {
    let mut command = cargo(copy.tree(), copy.target());
    for (_, arguments) in SUITES {
        command.args(arguments);
    }
    let output = command.arg("--no-run").output()?;
    if !output.status.success() {
        bail!("does not compile:\n{}", text(&output));
    }
    Ok(())
}

fn test(copy: &Copy, arguments: &[&str]) -> Result<Output> {
    let output = cargo(copy.tree(), copy.target()).args(arguments).output();
    output.context("cannot start `cargo test`")
}

fn cargo(tree: &Path, target: &Path) -> Command {
    let mut command = project::cargo(tree);
    command
        .args(["test", "--quiet", "--package", "warren-kernel"])
        .arg("--target-dir")
        .arg(target)
        // A mutation may leave code unused: its warnings are expected.
        .env("RUSTFLAGS", "-Awarnings")
        .stdin(Stdio::null());
    command
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mutation_says_what_it_breaks_and_applies() {
        let directory = tempfile::tempdir().unwrap();
        let copy = Copy::make(directory.path()).unwrap();
        let mutations = mutations().unwrap();
        assert!(mutations.len() >= 10);
        for mutation in mutations {
            let patch = fs::read_to_string(&mutation.patch).unwrap();
            let line = patch.lines().next().unwrap_or_default();
            assert!(line.ends_with('.'), "{}: {line}", mutation.name);
            copy.apply(&mutation.patch).unwrap();
            copy.restore().unwrap();
        }
    }
}
