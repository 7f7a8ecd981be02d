//! `cargo xtask guard`: compares each operation's instructions with a baseline.
//!
//! Valgrind's callgrind counts the instructions, undisturbed by other programs
//! of the machine. An operation's count is the difference of two runs of
//! different length, so that starting up counts for nothing. Each run is made
//! several times, and the least count is taken: the order in which threads
//! start lays out the heap, and in some layouts the allocator searches long.
//! The baseline is committed in `runtime/bench/instructions.toml`.

mod baseline;
mod valgrind;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::project;
use baseline::Baseline;
use valgrind::Valgrind;

/// The counted operations, as `warren-bench --counted` calls them, and their
/// number in the shorter of the two runs.
const OPERATIONS: [(&str, u64); 6] = [
    ("flat-round-trip", 400),
    ("lua-round-trip", 300),
    ("lua-call", 300),
    ("flat-spawn", 300),
    ("lua-spawn", 200),
    ("lua-values", 100),
];

/// Runs of each length. One of twelve had such a layout on a busy machine, worth
/// 4 % of a spawn.
const RUNS: usize = 3;

/// Part by which an operation may become more expensive. The counts of two builds
/// vary by less than 2.5 %: hash maps and the interpreter's snapshot have random
/// seeds.
const TOLERANCE: f64 = 0.04;

/// Counts all operations and compares them with the baseline, or makes them the
/// baseline.
///
/// # Errors
/// An operation takes more instructions than the tolerance allows; the
/// benchmarks do not compile or fail; valgrind cannot be installed.
pub(crate) fn run(update: bool) -> Result<()> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        println!("NOT CHECKED: the baseline is for x86-64 Linux");
        return Ok(());
    }
    let valgrind = match Valgrind::ensure()? {
        Ok(valgrind) => valgrind,
        Err(reason) => {
            println!("NOT CHECKED: {reason}");
            return Ok(());
        }
    };
    let program = crate::bench::build()?;
    let path = project::root().join("runtime/bench/instructions.toml");
    let mut counts = Vec::new();
    for (operation, times) in OPERATIONS {
        eprintln!("==> instructions of {operation}");
        counts.push((operation, count(&valgrind, &program, operation, times)?));
    }
    if update {
        Baseline::of(&counts).write(&path)?;
        println!("guard: written to runtime/bench/instructions.toml");
        return Ok(());
    }
    compare(&Baseline::read(&path)?, &counts)
}

/// Returns the instructions of one operation.
fn count(valgrind: &Valgrind, program: &Path, operation: &str, times: u64) -> Result<u64> {
    let cache = cache()?;
    let command = |times: u64| {
        let mut command = Command::new(program);
        command
            .args(["--counted", operation, "--times", &times.to_string()])
            .arg("--cache")
            .arg(&cache);
        command
    };
    // Compiles the code that is not in the cache yet, at full speed.
    let status = command(1).status().context("the benchmarks do not start")?;
    if !status.success() {
        bail!("{operation}: the benchmarks ended with {status}");
    }
    // Valgrind's processor has other features than this one. Code is compiled
    // again for it, which would count for the shorter run alone.
    valgrind.instructions(&command(1))?;
    let least = |times: u64| -> Result<u64> {
        (0..RUNS).try_fold(u64::MAX, |least, _| {
            Ok(least.min(valgrind.instructions(&command(times))?))
        })
    };
    let (short, long) = (least(times)?, least(3 * times)?);
    Ok(long.saturating_sub(short) / (2 * times))
}

/// Returns the cache directory of the counted runs.
fn cache() -> Result<PathBuf> {
    let cache = project::root().join("target/guard");
    std::fs::create_dir_all(&cache)
        .with_context(|| format!("cannot create {}", cache.display()))?;
    Ok(cache.join("code"))
}

/// Prints a table; fails if an operation became more expensive.
fn compare(baseline: &Baseline, counts: &[(&str, u64)]) -> Result<()> {
    let mut worse = Vec::new();
    println!(
        "{:18} {:>12} {:>12}   change",
        "instructions of", "baseline", "now"
    );
    for (operation, now) in counts {
        let was = baseline.instructions(operation)?;
        let change = *now as f64 / was as f64 - 1.0;
        let verdict = if change > TOLERANCE {
            worse.push(*operation);
            "  too many"
        } else if change < -TOLERANCE {
            "  fewer: `cargo xtask guard --update` keeps it so"
        } else {
            ""
        };
        println!(
            "{operation:18} {was:>12} {now:>12}  {:>+6.1} %{verdict}",
            change * 100.0
        );
    }
    if !worse.is_empty() {
        bail!(
            "more than {:.0} % more instructions: {}; if that is worth it, `cargo xtask guard \
             --update` and the commit's message say why",
            TOLERANCE * 100.0,
            worse.join(", ")
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_that_became_more_expensive_are_named() {
        let baseline = Baseline::of(&[("a", 1_000), ("b", 1_000)]);
        compare(&baseline, &[("a", 1_039), ("b", 500)]).unwrap();
        let error = compare(&baseline, &[("a", 1_041), ("b", 1_000)]).unwrap_err();
        assert!(error.to_string().contains("instructions: a;"), "{error}");
    }

    #[test]
    fn an_operation_without_baseline_is_an_error() {
        let baseline = Baseline::of(&[("a", 1_000)]);
        assert!(compare(&baseline, &[("b", 1)]).is_err());
    }

    #[test]
    fn everything_counted_has_a_baseline() {
        let path = project::root().join("runtime/bench/instructions.toml");
        let baseline = Baseline::read(&path).unwrap();
        for (operation, _) in OPERATIONS {
            assert!(baseline.instructions(operation).unwrap() > 0);
        }
    }
}
