//! A pair of processes beside the attacks of `tests/hostile`, which run in another host.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{ChildStdout, Stdio};
use std::rc::Rc;

use anyhow::{Context, Error, Result};
use warren_tests::Warren;
use warren_tests::hostile::{self, Attack};

use super::start::{NOT_BUILT, command};
use crate::bar::Bar;
use crate::bench::Bench;
use crate::measure::{Contender, Metric, Row};

pub(super) const NAME: &str = "hostile";

const TIMES: &str = "times its p99 alone";

const METRICS: &[Metric] = &[
    Metric {
        name: "p99 of a pair alone",
        unit: "us",
        compared: false,
    },
    Metric {
        name: "p99 beside the attack",
        unit: "us",
        compared: false,
    },
    Metric {
        name: TIMES,
        unit: "x",
        compared: false,
    },
];

pub(super) const BARS: &[Bar] = &[Bar::of_each_figure(TIMES, 2.0)];

const MAIN: &str = include_str!("../../guests/hostile/main.lua");
const BYSTANDER: &str = include_str!("../../guests/hostile/bystander.lua");

/// Measures the pair beside each attack, of which a quick run has few.
pub(super) fn prepare(bench: &Bench) -> Result<Row<'_>> {
    let pair = Rc::new(Pair::new(bench)?);
    let attacks = hostile::read().map_err(Error::msg)?;
    let is_built = command()?.is_some();
    let contender = |attack: Attack| {
        // The names of contenders live as long as the program.
        let name: &'static str = attack.name.clone().leak();
        if !is_built {
            return Contender::missing(name, NOT_BUILT);
        }
        let pair = Rc::clone(&pair);
        Contender::ready(name, move || pair.beside(&attack))
    };
    Ok(Row {
        name: NAME,
        metrics: METRICS,
        contenders: attacks
            .into_iter()
            .take(bench.amount(usize::MAX, 3))
            .map(contender)
            .collect(),
        baselines: &[],
        warm_ups: 0,
        rounds: bench.amount(3, 1),
    })
}

/// The code of the pair and of the process that starts it and the attack.
struct Pair {
    main: PathBuf,
    bystander: PathBuf,
    cache: PathBuf,
    /// Milliseconds of each phase.
    length: u32,
}

impl Pair {
    fn new(bench: &Bench) -> Result<Pair> {
        let directory = bench.scratch().join("hostile");
        let pair = Pair {
            main: directory.join("main.lua"),
            bystander: directory.join("bystander.lua"),
            cache: bench.scratch().join("command"),
            length: bench.amount(500, 20),
        };
        fs::create_dir(&directory).context("no directory for the pair")?;
        fs::write(&pair.main, MAIN).context("main.lua is not written")?;
        fs::write(&pair.bystander, BYSTANDER).context("bystander.lua is not written")?;
        Ok(pair)
    }

    /// Runs the pair, alone and then beside an attack.
    fn beside(&self, attack: &Attack) -> Result<Vec<f64>> {
        let program = hostile::program_of(attack, &self.main, &self.bystander);
        let mut warren = Warren::run("program")
            .current_dir(program.path())
            .cache(&self.cache)
            .on_two_cores();
        if attack.is_unread {
            let pipe = program.path().join("unread");
            hostile::make_pipe(&pipe);
            warren = warren.unread_stderr(&pipe);
        }
        let mut child = warren
            .options(&attack.options)
            .arguments([self.length.to_string()])
            .into_command()
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("the command does not start")?;
        let stdout = child.stdout.take().context("its output is a pipe")?;
        let figures = figures(stdout);
        let status = child.wait().context("the command is not waited for")?;
        figures?.with_context(|| format!("it measured nothing, and ended with {status}"))
    }
}

/// Reads all that the program prints, and returns the last figures in it.
fn figures(stdout: ChildStdout) -> Result<Option<Vec<f64>>> {
    let mut stdout = BufReader::new(stdout);
    let (mut figures, mut line) = (None, Vec::new());
    while stdout.read_until(b'\n', &mut line).context("its output")? > 0 {
        figures = parsed(&line).or(figures);
        line.clear();
    }
    Ok(figures)
}

/// Reads the line of the first process; attacks print others.
fn parsed(line: &[u8]) -> Option<Vec<f64>> {
    let line = std::str::from_utf8(line).ok()?;
    let (alone, beside) = line.trim_end().strip_prefix("p99: ")?.split_once(' ')?;
    let (alone, beside): (f64, f64) = (alone.parse().ok()?, beside.parse().ok()?);
    Some(vec![alone / 1e3, beside / 1e3, beside / alone])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_of_the_first_process_is_read() {
        assert_eq!(parsed(b"p99: 5000 7500\n"), Some(vec![5.0, 7.5, 1.5]));
        for other in [&b"p99: x"[..], b"a line\n", b"\xff", b"p99: 5000\n"] {
            assert_eq!(parsed(other), None);
        }
    }
}
