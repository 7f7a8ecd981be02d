//! `cargo xtask fuzz`: hands random bytes to the readers of untrusted bytes.
//!
//! The targets are those of `tests/fuzz` and the decoders in JavaScript and
//! Python. libFuzzer, from LLVM's runtime library, drives the first: the
//! project's own crates are compiled once more with its coverage, and share
//! their dependencies with every other build.

mod counts;
mod coverage;
mod library;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::step::{self, Step};
use crate::{project, scripting};

use counts::Count;

pub(crate) use coverage::stand_in_for_rustc;

/// Targets that libFuzzer drives.
const GUIDED: [&str; 15] = [
    "values",
    "c",
    "alike",
    "lua",
    "flat",
    "modules",
    "manifests",
    "policies",
    "texts",
    "operations",
    "control",
    "cache",
    "routes",
    "heads",
    "frames",
];

/// Targets that drive themselves, each with its script.
const OTHERS: [(&str, &str); 2] = [
    ("js", "guest-sdk/js/fuzz.mjs"),
    ("python", "guest-sdk/python/fuzz.py"),
];

/// The program that makes core modules for the target `modules`, below the root.
const MODULES: &str = "target/fuzz/modules/release/warren-fuzz-modules";

/// The targets to fuzz, and the time for each.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plan {
    /// One target; all if absent.
    pub(crate) target: Option<String>,
    /// Seconds for each target.
    pub(crate) seconds: u32,
}

impl Plan {
    /// Default number of seconds for a target.
    pub(crate) const SECONDS: u32 = 60;
}

/// Time for each target of [`check`].
const CHECKED: u32 = 10;

/// Runs the targets that drive themselves, for a moment each. The others need a build of their
/// own for libFuzzer; the tests run the inputs that they make and those of the corpus.
///
/// # Errors
/// As [`run`].
pub(crate) fn check() -> Result<()> {
    finish(run_scripts(OTHERS.to_vec(), CHECKED)?)
}

/// Runs the targets, and prints a table of each target's executions and of how
/// far its inputs got.
///
/// # Errors
/// No such target, a target that found a fault or whose inputs did not get far
/// enough, or a missing build tool.
pub(crate) fn run(plan: &Plan) -> Result<()> {
    let wanted = |name: &str| plan.target.as_deref().is_none_or(|target| target == name);
    let guided: Vec<&str> = GUIDED.into_iter().filter(|name| wanted(name)).collect();
    let others: Vec<_> = OTHERS
        .into_iter()
        .filter(|(name, _)| wanted(name))
        .collect();
    if guided.is_empty() && others.is_empty() {
        let names: Vec<&str> = GUIDED
            .into_iter()
            .chain(OTHERS.map(|(name, _)| name))
            .collect();
        bail!(
            "there is no fuzz target {}; the targets are {}",
            plan.target.as_deref().unwrap_or_default(),
            names.join(", ")
        );
    }
    let mut results = Vec::new();
    if !guided.is_empty() {
        let program = build()?;
        if guided.contains(&"modules") {
            build_maker_of_modules()?;
        }
        for name in guided {
            let counts = run_guided(&program, name, plan.seconds);
            results.push(Outcome { name, counts });
        }
    }
    results.extend(run_scripts(others, plan.seconds)?);
    finish(results)
}

fn run_scripts(targets: Vec<(&'static str, &str)>, seconds: u32) -> Result<Vec<Outcome>> {
    if !targets.is_empty() {
        scripting::install()?;
    }
    let mut results = Vec::new();
    for (name, script) in targets {
        let counts = run_script(name, script, seconds);
        results.push(Outcome { name, counts });
    }
    Ok(results)
}

/// Prints the table, and fails if a target has.
fn finish(results: Vec<Outcome>) -> Result<()> {
    print!("{}", table(&results));
    let failed: Vec<&str> = results
        .iter()
        .filter(|result| result.counts.is_err())
        .map(|result| result.name)
        .collect();
    if !failed.is_empty() {
        bail!("fuzzing found faults in {}", failed.join(", "));
    }
    Ok(())
}

/// The result of a target.
struct Outcome {
    name: &'static str,
    /// The counts, the executions first.
    counts: Result<Vec<Count>>,
}

/// Returns one line for each target: its name, its finds, and its counts.
fn table(results: &[Outcome]) -> String {
    let mut table = String::from("target      finds  counts\n");
    for Outcome { name, counts } in results {
        let (finds, counts) = match counts {
            Ok(counts) => {
                let counts: Vec<String> = counts
                    .iter()
                    .map(|count| format!("{} {}", count.number, count.name))
                    .collect();
                ("0", counts.join(", "))
            }
            Err(_) => ("1", "see above".to_owned()),
        };
        table += &format!("{name:10}  {finds:>5}  {counts}\n");
    }
    table
}

/// Runs a target that drives itself.
fn run_script(name: &str, script: &str, seconds: u32) -> Result<Vec<Count>> {
    let said = command_of(name).and_then(|mut driver| {
        eprintln!("==> fuzz {name} for {seconds} s");
        driver
            .arg(script)
            .arg(seconds.to_string())
            .current_dir(project::root());
        step::output(driver)
    });
    let counts = said.and_then(|said| {
        let counts = counts::read(&said);
        counts::check(&counts)?;
        Ok(counts)
    });
    said_aloud(name, counts)
}

/// Returns the interpreter of a target that drives itself.
fn command_of(name: &str) -> Result<Command> {
    if name == "js" {
        Ok(Command::new("node"))
    } else {
        Ok(Command::new(library::python()?))
    }
}

/// Prints an error when it happens; the table comes much later.
fn said_aloud(name: &str, counts: Result<Vec<Count>>) -> Result<Vec<Count>> {
    if let Err(error) = &counts {
        eprintln!("error: fuzz {name}: {error:#}");
    }
    counts
}

/// Builds the program of all guided targets, and returns its path.
fn build() -> Result<PathBuf> {
    let library = library::find_or_install()?;
    let root = project::root();
    // The target `control` talks to a program without coverage.
    let mut plain = project::cargo(&root);
    plain.args([
        "build",
        "--release",
        "--workspace",
        "--locked",
        "--bin",
        "warren",
    ]);
    Step::new("the command", "it must compile", plain).run()?;
    let mut covered = project::cargo(&root);
    covered.args([
        "build",
        "--release",
        "--workspace",
        "--locked",
        "--bin",
        "warren-fuzz",
    ]);
    coverage::ask_for(&mut covered, &library)?;
    Step::new("the fuzz targets", "they must compile", covered).run()?;
    // Moved out of the way of the next build without coverage.
    let program = root.join("target/fuzz/program/warren-fuzz");
    let directory = program.parent().context("a path has a parent")?;
    fs::create_dir_all(directory)
        .with_context(|| format!("cannot make {}", directory.display()))?;
    fs::copy(root.join("target/release/warren-fuzz"), &program)
        .with_context(|| format!("cannot write {}", program.display()))?;
    Ok(program)
}

/// Builds [`MODULES`] in its own workspace.
fn build_maker_of_modules() -> Result<()> {
    let root = project::root();
    let mut maker = project::cargo(&root.join("tests/fuzz/modules"));
    maker
        .args(["build", "--release", "--locked", "--bins", "--target-dir"])
        .arg(root.join("target/fuzz/modules"));
    Step::new("the maker of modules", "it must compile", maker).run()
}

/// Runs one target under libFuzzer.
fn run_guided(program: &Path, name: &str, seconds: u32) -> Result<Vec<Count>> {
    said_aloud(name, drive(program, name, seconds))
}

fn drive(program: &Path, name: &str, seconds: u32) -> Result<Vec<Count>> {
    let root = project::root();
    let found = root.join("target/fuzz").join(name);
    let growing = found.join("corpus");
    fs::create_dir_all(&growing).with_context(|| format!("cannot make {}", growing.display()))?;
    let mut fuzzer = Command::new(program);
    fuzzer
        .env("WARREN_FUZZ_TARGET", name)
        .env("WARREN", root.join("target/release/warren"))
        .env("RUST_BACKTRACE", "1")
        .current_dir(&root)
        .env("WARREN_FUZZ_MODULES", root.join(MODULES))
        .arg(format!("-max_total_time={seconds}"))
        // Few made modules are longer.
        .arg("-max_len=8192")
        // An input takes milliseconds; the timeout allows for a loaded machine.
        .args(["-timeout=300", "-rss_limit_mb=4096", "-print_final_stats=1"])
        .arg(format!("-artifact_prefix={}/", found.display()))
        .arg(growing)
        .arg(root.join("tests/fuzz/corpus").join(name))
        .stdin(Stdio::null());
    eprintln!("==> fuzz {name} for {seconds} s");
    let output = fuzzer
        .output()
        .with_context(|| format!("cannot start {}", program.display()))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() {
        let last: Vec<&str> = said.lines().rev().take(60).collect();
        for line in last.into_iter().rev() {
            eprintln!("{line}");
        }
        bail!(
            "it ended with {}; the input is in {}, and belongs into tests/fuzz/corpus/{name} \
             when the fault is mended",
            output.status,
            found.display()
        );
    }
    let counts = counts::read(&said);
    counts::check(&counts)?;
    Ok(counts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_a_line_for_each_target() {
        let counts = counts::read("stat::number_of_executed_units: 5\nreached::ids read: 2\n");
        let results = [
            Outcome {
                name: "texts",
                counts: Ok(counts),
            },
            Outcome {
                name: "js",
                counts: Err(anyhow::anyhow!("a find")),
            },
        ];
        assert_eq!(
            table(&results),
            "target      finds  counts\n\
             texts           0  5 executions, 2 ids read\n\
             js              1  see above\n"
        );
    }
}
