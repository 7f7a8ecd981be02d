//! Lines that the whole command writes and reads.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::rc::Rc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};

use super::start::{LUA, NOT_BUILT, WARREN, command};
use crate::bar::Bar;
use crate::bench::Bench;
use crate::measure::{Contender, Metric, Row};

pub(super) const NAME: &str = "lines";

const TO_FILE: &str = "print to a file";
const TO_PIPE: &str = "print to a pipe";
const STDIN: &str = "io.lines() of standard input";
const FILE: &str = "io.lines(name)";

const METRICS: &[Metric] = &[
    milliseconds(TO_FILE),
    milliseconds(TO_PIPE),
    milliseconds(STDIN),
    milliseconds(FILE),
];

/// A thread of the command reads standard input for the process, so that bar is wider.
pub(super) const BARS: &[Bar] = &[
    Bar::of_ratio(WARREN, TO_FILE, LUA, 1.5),
    Bar::of_ratio(WARREN, TO_PIPE, LUA, 1.5),
    Bar::of_ratio(WARREN, STDIN, LUA, 2.0),
    Bar::of_ratio(WARREN, FILE, LUA, 1.5),
];

const PROGRAM: &str = include_str!("../../guests/lines.lua");

pub(super) fn prepare(bench: &Bench) -> Result<Row<'_>> {
    let lines = Rc::new(Lines::new(bench)?);
    let warren = match command()? {
        Some(command) => {
            let (lines, cache) = (Rc::clone(&lines), bench.scratch().join("command"));
            Contender::ready(WARREN, move || {
                lines.measure(|| {
                    let mut warren = Command::new(&command);
                    warren.env("XDG_CACHE_HOME", &cache);
                    warren.arg("run").arg("--read").arg(&lines.directory);
                    warren
                })
            })
        }
        None => Contender::missing(WARREN, NOT_BUILT),
    };
    let lua = if Command::new(LUA).arg("-v").output().is_ok() {
        Contender::ready(LUA, move || lines.measure(|| Command::new(LUA)))
    } else {
        Contender::missing(
            LUA,
            "it is not installed; on Debian: apt-get install lua5.4",
        )
    };
    Ok(Row {
        name: NAME,
        metrics: METRICS,
        contenders: vec![warren, lua],
        baselines: &[LUA],
        warm_ups: 1,
        rounds: bench.amount(7, 1),
    })
}

const fn milliseconds(name: &'static str) -> Metric {
    Metric {
        name,
        unit: "ms",
        compared: true,
    }
}

/// The program and its input.
struct Lines {
    directory: PathBuf,
    count: u32,
    /// Bytes of the input, without the ends of lines.
    bytes: usize,
}

impl Lines {
    fn new(bench: &Bench) -> Result<Lines> {
        let directory = bench.scratch().join("lines");
        let count = bench.amount(1_000_000, 1_000);
        let input: String = (1..=count)
            .map(|line| format!("this is line\t{line}\n"))
            .collect();
        fs::create_dir(&directory).context("no directory for lines")?;
        fs::write(directory.join("lines.lua"), PROGRAM).context("lines.lua is not written")?;
        fs::write(directory.join("input"), &input).context("the input is not written")?;
        let bytes = input.len() - count as usize;
        Ok(Lines {
            directory,
            count,
            bytes,
        })
    }

    /// Runs the program in its four ways; returns milliseconds.
    fn measure(&self, interpreter: impl Fn() -> Command) -> Result<Vec<f64>> {
        let input = self.directory.join("input");
        let told = format!("{}\t{}\n", self.count, self.bytes).into_bytes();
        let printed = fs::read(&input).context("the input is gone")?;
        [
            ("print", Output::File, &printed),
            ("print", Output::Pipe, &printed),
            ("stdin", Output::File, &told),
            ("file", Output::File, &told),
        ]
        .into_iter()
        .map(|(how, output, expected)| self.run(interpreter(), how, output, &input, expected))
        .collect()
    }

    fn run(
        &self,
        mut interpreter: Command,
        how: &str,
        output: Output,
        input: &Path,
        expected: &[u8],
    ) -> Result<f64> {
        let typed = File::open(input).context("the input is gone")?;
        interpreter
            .arg(self.directory.join("lines.lua"))
            .args([how, &self.count.to_string()])
            .arg(input)
            .stdin(typed)
            .stderr(Stdio::inherit());
        let (elapsed, status, written) = match output {
            Output::File => self.run_to_file(interpreter)?,
            Output::Pipe => run_to_pipe(interpreter)?,
        };
        ensure!(
            status.success() && written == expected,
            "`{how}` wrote {} bytes, not the expected {}, and ended with {status}",
            written.len(),
            expected.len()
        );
        Ok(elapsed.as_secs_f64() * 1e3)
    }

    fn run_to_file(&self, mut interpreter: Command) -> Result<Ran> {
        let output = self.directory.join("output");
        interpreter.stdout(File::create(&output).context("the output is not made")?);
        let began = Instant::now();
        let status = interpreter.status().context("it does not start")?;
        let elapsed = began.elapsed();
        let written = fs::read(&output).context("the output is gone")?;
        Ok((elapsed, status, written))
    }
}

/// The place of what a program prints.
#[derive(Clone, Copy, Debug)]
enum Output {
    File,
    Pipe,
}

/// The time of a program, its status, and what it printed.
type Ran = (Duration, ExitStatus, Vec<u8>);

/// Runs a program whose output is read while it comes.
fn run_to_pipe(mut interpreter: Command) -> Result<Ran> {
    interpreter.stdout(Stdio::piped());
    let began = Instant::now();
    // Standard error is inherited: there is nothing else to read.
    let output = interpreter.output().context("it does not start")?;
    Ok((began.elapsed(), output.status, output.stdout))
}
