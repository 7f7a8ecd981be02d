//! The whole command, from its start to its end.

use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

use anyhow::{Context, Result, ensure};

use crate::bench::Bench;
use crate::measure::{Contender, Metric, Row};

pub(super) const COLD: &str = "start-cold";
pub(super) const WARM: &str = "start-warm";

const METRICS: &[Metric] = &[Metric {
    name: "hello.lua, all of it",
    unit: "ms",
    compared: true,
}];

const PROGRAM: &str = include_str!("../../guests/hello.lua");
const EXPECTED: &str = "Hello from Lua 5.4\n";

pub(super) const WARREN: &str = "warren run";

/// The reason why the command is not measured.
pub(super) const NOT_BUILT: &str =
    "there is no warren beside this program; cargo build --release makes it";

pub(super) const LUA: &str = "lua5.4";

pub(super) fn prepare_cold(bench: &Bench) -> Result<Row<'_>> {
    prepare(bench, COLD, 0, bench.amount(3, 1), |command, program| {
        let cache = tempfile::tempdir_in(bench.scratch()).context("no directory for a cache")?;
        warren(command, program, cache.path())
    })
}

pub(super) fn prepare_warm(bench: &Bench) -> Result<Row<'_>> {
    let cache = bench.scratch().join("command");
    // The first round fills the cache.
    prepare(
        bench,
        WARM,
        1,
        bench.amount(25, 1),
        move |command, program| warren(command, program, &cache),
    )
}

fn prepare<'a>(
    bench: &'a Bench,
    name: &'static str,
    warm_ups: usize,
    rounds: usize,
    run: impl Fn(&Path, &Path) -> Result<f64> + 'a,
) -> Result<Row<'a>> {
    let program = bench.scratch().join("hello.lua");
    fs::write(&program, PROGRAM).context("hello.lua is not written")?;
    let warren = match command()? {
        Some(command) => {
            let program = program.clone();
            Contender::ready(WARREN, move || Ok(vec![run(&command, &program)?]))
        }
        None => Contender::missing(WARREN, NOT_BUILT),
    };
    let lua = if Command::new(LUA).arg("-v").output().is_ok() {
        Contender::ready(LUA, move || {
            Ok(vec![milliseconds(Command::new(LUA).arg(&program))?])
        })
    } else {
        Contender::missing(
            LUA,
            "it is not installed; on Debian: apt-get install lua5.4",
        )
    };
    Ok(Row {
        name,
        metrics: METRICS,
        contenders: vec![warren, lua],
        baselines: &[LUA],
        warm_ups,
        rounds,
    })
}

/// Returns the command that was built together with this program.
pub(super) fn command() -> Result<Option<PathBuf>> {
    let own = std::env::current_exe().context("where this program is")?;
    let command = own.with_file_name("warren");
    match fs::metadata(&command) {
        Ok(_) => Ok(Some(command)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("{} is unusable", command.display())),
    }
}

fn warren(command: &Path, program: &Path, cache: &Path) -> Result<f64> {
    let arguments = [OsStr::new("run"), program.as_os_str()];
    milliseconds(
        Command::new(command)
            .args(arguments)
            .env("XDG_CACHE_HOME", cache),
    )
}

fn milliseconds(command: &mut Command) -> Result<f64> {
    let began = Instant::now();
    let output = command.output().context("it does not start")?;
    let elapsed = began.elapsed();
    ensure!(
        output.status.success() && output.stdout == EXPECTED.as_bytes(),
        "it printed {:?} and {:?}, and ended with {}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr),
        output.status
    );
    Ok(elapsed.as_secs_f64() * 1e3)
}
