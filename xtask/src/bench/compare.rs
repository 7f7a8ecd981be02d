//! `cargo xtask bench --compare REV`: the benchmarks of a revision and of the present tree,
//! which take turns, in one table.
//!
//! The revision is laid out below the target directory and built there by its own chore.
//! The two builds share no file but the crates of others, which cargo builds once.

mod figures;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use super::{benchmarks, target_directory};
use crate::comparison::Comparison;
use crate::project;
use crate::step;
use figures::{Figures, Side};

/// One of the two builds.
struct Build {
    side: Side,
    /// Returns a command that runs the benchmarks with these arguments.
    command: Box<Making>,
}

/// Makes a command of arguments.
type Making = dyn Fn(&[OsString]) -> Result<Command>;

/// Measures both builds and prints the table.
///
/// # Errors
/// The revision does not exist, a build does not compile, or a row fails.
pub(crate) fn run(plan: &Comparison) -> Result<()> {
    let commit = commit(&plan.revision)?;
    let shared = target_directory()?.join("compare");
    let source = lay_out(&commit, &shared)?;
    let builds = [
        Build {
            side: Side::Before,
            command: Box::new(move |arguments| Ok(chore(&source, &shared, arguments))),
        },
        Build {
            side: Side::Now,
            command: Box::new(benchmarks),
        },
    ];
    // Each list also builds what it lists.
    let [before, now] = [&builds[0], &builds[1]].map(listed);
    let (before, now) = (before?, now?);
    let (rows, passed_over) = chosen(plan, &before, &now)?;
    for row in passed_over {
        eprintln!("{} has no row {row}", plan.revision);
    }
    let mut figures = Figures::default();
    for turn in 0..plan.turns {
        for row in &rows {
            // Neither build always follows the other.
            let order = if turn % 2 == 0 { [0, 1] } else { [1, 0] };
            for build in order.map(|number| &builds[number]) {
                let title = format!("turn {} of {}", turn + 1, plan.turns);
                eprintln!("==> {title}: {row}, {}", build.side.name());
                figures.add(build.side, &measured(build, row, &plan.options)?)?;
            }
        }
    }
    if plan.json {
        println!("{:#}", figures.to_json());
    } else {
        println!("before: {} ({})", plan.revision, &commit[..12]);
        print!("{figures}");
    }
    Ok(())
}

/// Returns the full hash of a revision.
fn commit(revision: &str) -> Result<String> {
    let mut git = Command::new("git");
    git.args(["rev-parse", "--verify", "--quiet", "--end-of-options"])
        .arg(format!("{revision}^{{commit}}"))
        .current_dir(project::root());
    let hash = step::output(git).with_context(|| format!("there is no revision {revision}"))?;
    Ok(hash.trim().to_owned())
}

/// Lays out the files of a commit below a directory, unless they are there, and returns
/// their root.
fn lay_out(commit: &str, below: &Path) -> Result<PathBuf> {
    let source = below.join(commit);
    if source.is_dir() {
        return Ok(source);
    }
    fs::create_dir_all(below).with_context(|| format!("cannot create {}", below.display()))?;
    // The directory gets its name once it is complete.
    let unfinished = tempfile::Builder::new()
        .prefix("source-")
        .tempdir_in(below)
        .with_context(|| format!("cannot create a directory in {}", below.display()))?;
    let archive = unfinished.path().join("archive.tar");
    let tree = unfinished.path().join("tree");
    fs::create_dir(&tree).with_context(|| format!("cannot create {}", tree.display()))?;
    let mut git = Command::new("git");
    git.args(["archive", "--format=tar", "--output"])
        .arg(&archive)
        .arg(commit)
        .current_dir(project::root());
    step::output(git)?;
    let mut tar = Command::new("tar");
    tar.arg("--extract")
        .arg("--file")
        .arg(&archive)
        .arg("--directory")
        .arg(&tree);
    step::output(tar)?;
    fs::rename(&tree, &source).with_context(|| format!("cannot create {}", source.display()))?;
    Ok(source)
}

/// Returns the chore of the benchmarks in another tree. It builds what has not been built.
fn chore(source: &Path, shared: &Path, arguments: &[OsString]) -> Command {
    let mut cargo = project::cargo(source);
    cargo
        .args(["xtask", "bench"])
        .args(arguments)
        .env("CARGO_TARGET_DIR", shared.join("build"));
    cargo
}

/// Returns the rows of a build, each with true if it is measured where none is named.
fn listed(build: &Build) -> Result<Vec<(String, bool)>> {
    let command = (build.command)(&["--list".into()])?;
    let line = format!("listing the rows, {}", build.side.name());
    eprintln!("==> {line}");
    let list = output(command).with_context(|| line)?;
    let list = String::from_utf8(list).context("the list of rows is not UTF-8")?;
    let row = |line: &str| {
        let name = line.split_whitespace().next()?;
        Some((name.to_owned(), !line.ends_with("(only when named)")))
    };
    Ok(list.lines().filter_map(row).collect())
}

/// Returns the rows to measure, and those that are not measured because the revision does
/// not have them.
///
/// # Errors
/// The present tree has no row of a name.
fn chosen(
    plan: &Comparison,
    before: &[(String, bool)],
    now: &[(String, bool)],
) -> Result<(Vec<String>, Vec<String>)> {
    let mut rows = Vec::new();
    for name in &plan.rows {
        let row = now.iter().find(|(row, _)| name == &**row);
        let Some((row, _)) = row else {
            bail!(
                "there is no row {}; `cargo xtask bench --list` lists them",
                name.display()
            );
        };
        rows.push(row.clone());
    }
    if rows.is_empty() {
        let usual = now.iter().filter(|(_, is_usual)| *is_usual);
        rows.extend(usual.map(|(row, _)| row.clone()));
    }
    let is_there = |row: &String| before.iter().any(|(old, _)| old == row);
    Ok(rows.into_iter().partition(is_there))
}

/// Measures one row and returns its figures as JSON.
///
/// # Errors
/// The row failed. A figure over its bar is no failure here.
fn measured(build: &Build, row: &str, options: &[OsString]) -> Result<serde_json::Value> {
    let mut arguments: Vec<OsString> = vec!["--json".into(), row.into()];
    arguments.extend_from_slice(options);
    let mut command = (build.command)(&arguments)?;
    command.stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command.output().context("the benchmarks do not start")?;
    serde_json::from_slice(&output.stdout).with_context(|| {
        let (side, status) = (build.side.name(), output.status);
        format!("{row}, {side}: the benchmarks ended with {status} and printed no figures")
    })
}

/// Returns a command's standard output; its standard error passes through.
fn output(mut command: Command) -> Result<Vec<u8>> {
    command.stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command.output().context("the benchmarks do not start")?;
    if !output.status.success() {
        bail!("the benchmarks ended with {}", output.status);
    }
    Ok(output.stdout)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan(rows: &[&str]) -> Comparison {
        Comparison {
            revision: "HEAD".into(),
            rows: rows.iter().map(OsString::from).collect(),
            turns: 1,
            options: Vec::new(),
            json: false,
        }
    }

    fn rows(names: &[(&str, bool)]) -> Vec<(String, bool)> {
        let owned = |(name, is_usual): &(&str, bool)| ((*name).to_owned(), *is_usual);
        names.iter().map(owned).collect()
    }

    #[test]
    fn rows_that_the_revision_lacks_are_passed_over() {
        let before = rows(&[("spawn", true), ("density", false)]);
        let now = rows(&[("spawn", true), ("wake", true), ("density", false)]);
        let (measured, passed_over) = chosen(&plan(&[]), &before, &now).unwrap();
        assert_eq!(
            (measured, passed_over),
            (vec!["spawn".into()], vec!["wake".into()])
        );
        let (measured, _) = chosen(&plan(&["density"]), &before, &now).unwrap();
        assert_eq!(measured, ["density"]);
        assert!(chosen(&plan(&["dentisy"]), &before, &now).is_err());
    }

    #[test]
    fn a_revision_is_laid_out_once() {
        let below = tempfile::tempdir().unwrap();
        let commit = commit("HEAD").unwrap();
        let source = lay_out(&commit, below.path()).unwrap();
        assert!(source.join("xtask/src/main.rs").is_file());
        fs::write(source.join("mark"), "").unwrap();
        assert_eq!(lay_out(&commit, below.path()).unwrap(), source);
        assert!(source.join("mark").is_file());
        assert_eq!(fs::read_dir(below.path()).unwrap().count(), 1);
    }

    #[test]
    fn an_unknown_revision_is_named() {
        let error = commit("no-such-revision").unwrap_err().to_string();
        assert_eq!(error, "there is no revision no-such-revision");
    }
}
