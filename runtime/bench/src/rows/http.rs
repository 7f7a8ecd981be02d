//! Hello over HTTP: a process for each request, beside `wasmtime serve` and axum.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::rc::Rc;

use anyhow::{Context, Result};
use warren_tests::Warren;

use super::name;
use super::repeated::{microseconds, time};
use super::start::{NOT_BUILT, command};
use crate::bar::Bar;
use crate::bench::Bench;
use crate::measure::{Contender, Metric, Row};
use crate::processor;
use crate::rust_guests;
use crate::served::{LISTENING, Served};
use crate::serving::{HELLO_LUA, Server, Serving, Threads};
use crate::wrk::{self, Load, Wrk};

pub(super) const NAME: &str = "http";

pub(super) const RATE: Metric = Metric {
    name: "requests per second",
    unit: "/s",
    compared: true,
};
pub(super) const P50: Metric = time("p50");
pub(super) const P99: Metric = time("p99");
pub(super) const PROCESSOR: Metric = time("processor time of the server for each");

const METRICS: &[Metric] = &[RATE, P50, P99, PROCESSOR];

pub(super) const AXUM: &str = "axum";
const RUST: &str = "Rust";
const WASMTIME: &str = "wasmtime serve";

/// The rule of decision 14, and the component on both runtimes.
pub(super) const BARS: &[Bar] = &[
    Bar::of_least_ratio(name::LUA, RATE.name, AXUM, 1.0 / 3.0),
    Bar::of_least_ratio(name::LUA, RATE.name, WASMTIME, 1.0),
    Bar::of_least_ratio(name::COMPONENT, RATE.name, WASMTIME, 1.5),
];

/// The environment variable of the command `wasmtime`.
const WASMTIME_COMMAND: &str = "WASMTIME";

const NO_WASMTIME: &str = "`cargo xtask bench http` installs wasmtime, or WASMTIME names it";

/// The text of `wasmtime serve` before its address.
const SERVING: &str = "Serving HTTP on http://";

/// A server, or the reason why it is not measured.
pub(super) type Found = Result<Served, String>;

pub(super) fn prepare(bench: &Bench) -> Result<Row<'_>> {
    let wrk = Wrk::find(bench.scratch())?.map(Rc::new);
    let load = Load {
        connections: bench.amount(32, 4),
        seconds: bench.amount(3, 1),
        pause: None,
    };
    let axum = Serving {
        server: Server::Axum,
        threads: Threads::of_all_cores(),
        cache: bench.cache(),
    };
    let lua = written(bench, "lua", "hello.lua", HELLO_LUA.as_bytes())?;
    let rust = match rust_guests::module("hello")? {
        Some(module) => serve(bench, &written(bench, "rust", "hello.wasm", &module)?)?,
        None => Err(rust_guests::MISSING.to_owned()),
    };
    let (component, wasmtime) = match rust_guests::component()? {
        Some(component) => {
            let path = written(bench, "component", "hello.wasm", &component)?;
            (serve(bench, &path)?, serve_by_wasmtime(&path)?)
        }
        None => {
            let reason = rust_guests::NO_COMPONENT.to_owned();
            (Err(reason.clone()), Err(reason))
        }
    };
    let servers = [
        (name::LUA, serve(bench, &lua)?),
        (RUST, rust),
        (name::COMPONENT, component),
        (WASMTIME, wasmtime),
        (AXUM, checked(axum.start()?)?),
    ];
    let contender = |(name, found): (&'static str, Found)| {
        contender(name, found, &wrk, move |wrk, served| {
            measure(wrk, served, load)
        })
    };
    Ok(Row {
        name: NAME,
        metrics: METRICS,
        contenders: servers.into_iter().map(contender).collect(),
        baselines: &[AXUM, WASMTIME],
        warm_ups: bench.amount(1, 0),
        rounds: bench.amount(7, 1),
    })
}

/// Returns a contender that is measured with `wrk`, if both are there.
pub(super) fn contender<'a>(
    name: &'static str,
    found: Found,
    wrk: &Option<Rc<Wrk>>,
    sample: impl Fn(&Wrk, &Served) -> Result<Vec<f64>> + 'a,
) -> Contender<'a> {
    match (wrk, found) {
        (None, _) => Contender::missing(name, wrk::MISSING),
        (Some(_), Err(reason)) => Contender::missing(name, reason),
        (Some(wrk), Ok(served)) => {
            let wrk = Rc::clone(wrk);
            Contender::ready(name, move || sample(&wrk, &served))
        }
    }
}

/// Returns the figures of [`RATE`], [`P50`], [`P99`] and [`PROCESSOR`].
pub(super) fn measure(wrk: &Wrk, served: &Served, load: Load) -> Result<Vec<f64>> {
    let before = processor::time_of(served.os_pid())?;
    let answers = wrk.send(served.address(), load)?;
    let used = processor::time_of(served.os_pid())?.saturating_sub(before);
    Ok(vec![
        answers.per_second,
        answers.p50,
        answers.p99,
        microseconds(used) / answers.count,
    ])
}

/// Returns a server that says hello.
///
/// # Errors
/// It says something else.
pub(super) fn checked(served: Served) -> Result<Found> {
    served.check_hello()?;
    Ok(Ok(served))
}

/// Writes the only file of a program.
fn written(bench: &Bench, directory: &str, file: &str, code: &[u8]) -> Result<PathBuf> {
    let directory = bench.scratch().join(NAME).join(directory);
    fs::create_dir_all(&directory).context("no directory for a program")?;
    let path = directory.join(file);
    fs::write(&path, code).with_context(|| format!("{} is not written", path.display()))?;
    Ok(path)
}

/// Serves a program of one file by the command.
fn serve(bench: &Bench, path: &Path) -> Result<Found> {
    if command()?.is_none() {
        return Ok(Err(NOT_BUILT.to_owned()));
    }
    let warren = Warren::tool("serve", path)
        .options(["--listen", "127.0.0.1:0"])
        .cache(&bench.scratch().join("command"));
    checked(Served::start(warren.into_command(), LISTENING)?)
}

fn serve_by_wasmtime(path: &Path) -> Result<Found> {
    let Some(command) = env::var_os(WASMTIME_COMMAND) else {
        return Ok(Err(NO_WASMTIME.to_owned()));
    };
    let mut wasmtime = Command::new(command);
    wasmtime.args(["serve", "--addr", "127.0.0.1:0"]).arg(path);
    checked(Served::start(wasmtime, SERVING)?)
}
