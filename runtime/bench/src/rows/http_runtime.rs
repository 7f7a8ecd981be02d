//! Hello over HTTP, with the connections on one thread or on one for each core.

use std::rc::Rc;

use anyhow::Result;

use super::http::{self, Found, P50, P99, PROCESSOR, RATE};
use super::repeated::time;
use crate::bench::Bench;
use crate::measure::{Metric, Row};
use crate::rust_guests;
use crate::serving::{Server, Serving, Threads};
use crate::wrk::{Load, Wrk};

pub(super) const NAME: &str = "http-runtime";

const METRICS: &[Metric] = &[
    RATE,
    P50,
    P99,
    PROCESSOR,
    time("p50 of one connection"),
    time("p99 of one connection"),
];

/// The connections of these are on the thread that waits for the end of the program.
const CURRENT: [&str; 2] = ["Lua, current", "Rust, current"];

/// The connections of these are on one thread of their own.
const ONE: [&str; 2] = ["Lua, one", "Rust, one"];

/// The connections of these are on as many threads as there are cores, as those of the command.
const CORES: [&str; 2] = ["Lua, cores", "Rust, cores"];

pub(super) fn prepare(bench: &Bench) -> Result<Row<'_>> {
    let wrk = Wrk::find(bench.scratch())?.map(Rc::new);
    let many = Load {
        connections: bench.amount(32, 4),
        seconds: bench.amount(3, 1),
        pause: None,
    };
    let one = Load {
        connections: 1,
        seconds: bench.amount(2, 1),
        pause: None,
    };
    let kinds = [
        (CURRENT, Threads::of(0)),
        (ONE, Threads::of(1)),
        (CORES, Threads::of_all_cores()),
    ];
    let mut contenders = Vec::new();
    for (place, server) in [Server::Lua, Server::Rust].into_iter().enumerate() {
        for (names, threads) in kinds {
            let found = start(bench, server, threads)?;
            contenders.push(http::contender(
                names[place],
                found,
                &wrk,
                move |wrk, served| {
                    let mut figures = http::measure(wrk, served, many)?;
                    let alone = wrk.send(served.address(), one)?;
                    figures.extend([alone.p50, alone.p99]);
                    Ok(figures)
                },
            ));
        }
    }
    Ok(Row {
        name: NAME,
        metrics: METRICS,
        contenders,
        baselines: &CURRENT,
        warm_ups: bench.amount(1, 0),
        rounds: bench.amount(7, 1),
    })
}

fn start(bench: &Bench, server: Server, threads: Threads) -> Result<Found> {
    if server == Server::Rust && rust_guests::directory().is_none() {
        return Ok(Err(rust_guests::MISSING.to_owned()));
    }
    let serving = Serving {
        server,
        threads,
        cache: bench.cache(),
    };
    http::checked(serving.start()?)
}
