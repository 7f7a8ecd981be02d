//! `cargo xtask fuzz`: hands random bytes to what reads the bytes of strangers.
//!
//! The targets are those of `tests/fuzz` and the decoders in JavaScript and
//! Python. libFuzzer, from LLVM's runtime library, drives the first: the
//! project's own crates are compiled once more with its coverage, and share all
//! that they depend on with every other build.

mod coverage;
mod library;

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::project;
use crate::step::{self, Step};

pub(crate) use coverage::stand_in_for_rustc;

/// Those that libFuzzer drives.
const GUIDED: [&str; 10] = [
    "values",
    "c",
    "lua",
    "flat",
    "modules",
    "manifests",
    "policies",
    "texts",
    "control",
    "cache",
];

/// Those that drive themselves, each with the script that does.
const OTHERS: [(&str, &str); 2] = [
    ("js", "guest-sdk/js/fuzz.mjs"),
    ("python", "guest-sdk/python/fuzz.py"),
];

/// What to fuzz, and for how long.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plan {
    /// One target; all where it is absent.
    pub(crate) target: Option<String>,
    /// Seconds for each.
    pub(crate) seconds: u32,
}

impl Plan {
    /// Seconds for a target where nobody says how many.
    pub(crate) const SECONDS: u32 = 60;
}

/// Runs the targets, and says how often each was tried.
///
/// # Errors
/// No such target, a target that found something, or what builds them is
/// missing.
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
            "no fuzz target is named {}; there are {}",
            plan.target.as_deref().unwrap_or_default(),
            names.join(", ")
        );
    }
    let mut failed = Vec::new();
    if !guided.is_empty() {
        let program = build()?;
        for name in guided {
            if let Err(error) = run_guided(&program, name, plan.seconds) {
                eprintln!("error: {error:#}");
                failed.push(name);
            }
        }
    }
    for (name, script) in others {
        let mut driver = if name == "js" {
            Command::new("node")
        } else {
            Command::new(library::python()?)
        };
        driver
            .arg(script)
            .arg(plan.seconds.to_string())
            .current_dir(project::root());
        let remedy = "the bytes that it failed on are above";
        if let Err(error) = Step::new(format!("fuzz {name}"), remedy, driver).run() {
            eprintln!("error: {error:#}");
            failed.push(name);
        }
    }
    if !failed.is_empty() {
        bail!("fuzzing found something in {}", failed.join(", "));
    }
    Ok(())
}

/// Builds the program of all guided targets, and returns where it is.
fn build() -> Result<PathBuf> {
    let library = library::find_or_install()?;
    let root = project::root();
    // The program that the target `control` talks to has no coverage.
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
    // Out of the way of the next build without coverage.
    let program = root.join("target/fuzz/program/deps/warren-fuzz");
    let directory = program.parent().context("a path has a parent")?;
    fs::create_dir_all(directory)
        .with_context(|| format!("cannot make {}", directory.display()))?;
    fs::copy(root.join("target/release/warren-fuzz"), &program)
        .with_context(|| format!("cannot write {}", program.display()))?;
    Ok(program)
}

/// Runs one target under libFuzzer.
fn run_guided(program: &PathBuf, name: &str, seconds: u32) -> Result<()> {
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
        .arg(format!("-max_total_time={seconds}"))
        .args(["-timeout=60", "-rss_limit_mb=4096", "-print_final_stats=1"])
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
            "{name}: ended with {}; the input is in {}, and belongs into tests/fuzz/corpus/{name} \
             when the fault is mended",
            output.status,
            found.display()
        );
    }
    let executions = said
        .lines()
        .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"))
        .map_or("?", str::trim);
    println!("fuzz {name}: {executions} executions, nothing found");
    Ok(())
}

/// Runs a command for what it prints.
fn printed(program: &str, arguments: &[&str]) -> Result<String> {
    let mut command = Command::new(program);
    command.args(arguments);
    step::output(command)
}
