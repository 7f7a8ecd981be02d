//! Open WebSockets: their memory beside those of axum, and a client that reads nothing.

use std::fs;
use std::net::TcpStream;
use std::path::PathBuf;
use std::time::Instant;

use anyhow::{Context, Result};
use warren_tests::Warren;

use super::http::AXUM;
use super::repeated::{microseconds, time};
use super::start::{NOT_BUILT, command};
use crate::bar::Bar;
use crate::bench::Bench;
use crate::measure::{Contender, Metric, Row};
use crate::open_files;
use crate::resident::Resident;
use crate::served::{LISTENING, Served};
use crate::serving::{Server, Serving, Threads};
use crate::statistics::percentile;
use crate::websocket::Socket;

pub(super) const NAME: &str = "sockets";
pub(super) const UNREAD: &str = "sockets-unread";

const RELAY: &str = "relay";

const EACH: &str = "memory of an open socket";

const METRICS: &[Metric] = &[
    kibibytes(EACH, true),
    kibibytes("of that page tables", false),
    time("to open one"),
];

pub(super) const BARS: &[Bar] = &[Bar::of_figure(RELAY, EACH, 40.0)];

const TIMES: &str = "times its p99 alone";

const UNREAD_METRICS: &[Metric] = &[
    time("p99 of a text and its answer, alone"),
    time("p99 beside a client that reads nothing"),
    Metric {
        name: TIMES,
        unit: "x",
        compared: false,
    },
    kibibytes("memory of the client that reads nothing", false),
];

pub(super) const UNREAD_BARS: &[Bar] = &[Bar::of_figure(RELAY, TIMES, 2.0)];

/// Sockets that are open before the memory is looked at, so that shared parts exist.
const FIRST: u32 = 50;

/// Files of either side that are not sockets of clients.
const OTHER_FILES: u32 = 500;

/// The path of the relays, and that of axum's sockets.
const RELAY_PATH: &str = "/";
const AXUM_PATH: &str = "/socket";

/// The files of the program.
const FILES: [(&str, &str); 3] = [
    (
        "warren.toml",
        include_str!("../../guests/http/sockets/warren.toml"),
    ),
    (
        "open.lua",
        include_str!("../../guests/http/sockets/open.lua"),
    ),
    (
        "room.lua",
        include_str!("../../guests/http/sockets/room.lua"),
    ),
];

/// Measures 10,000 open sockets.
pub(super) fn prepare(bench: &Bench) -> Result<Row<'_>> {
    let count: u32 = bench.amount(10_000, 50);
    let allowed = open_files::allow(u64::from(count + FIRST + OTHER_FILES));
    let (relay, axum) = match (allowed, Room::write(bench, NAME)?) {
        (Err(reason), _) => {
            let missing = |name| Contender::missing(name, reason.to_string());
            (missing(RELAY), missing(AXUM))
        }
        (Ok(()), room) => {
            let serving = Serving {
                server: Server::Axum,
                threads: Threads::of_all_cores(),
                cache: bench.cache(),
            };
            let axum = Contender::ready(AXUM, move || memory(&serving.start()?, AXUM_PATH, count));
            (
                of_room(room, move |served| memory(served, RELAY_PATH, count)),
                axum,
            )
        }
    };
    Ok(Row {
        name: NAME,
        metrics: METRICS,
        contenders: vec![relay, axum],
        baselines: &[AXUM],
        warm_ups: 0,
        rounds: bench.amount(3, 1),
    })
}

/// Measures a client beside one that reads nothing.
pub(super) fn prepare_unread(bench: &Bench) -> Result<Row<'_>> {
    let count: u32 = bench.amount(5_000, 20);
    let room = Room::write(bench, UNREAD)?;
    Ok(Row {
        name: UNREAD,
        metrics: UNREAD_METRICS,
        contenders: vec![of_room(room, move |served| unread(served, count))],
        baselines: &[],
        warm_ups: 0,
        rounds: bench.amount(5, 1),
    })
}

/// Returns the contender of the program, which starts for each sample.
fn of_room<'a>(
    room: Option<Room>,
    sample: impl Fn(&Served) -> Result<Vec<f64>> + 'a,
) -> Contender<'a> {
    match room {
        Some(room) => Contender::ready(RELAY, move || sample(&room.start()?)),
        None => Contender::missing(RELAY, NOT_BUILT),
    }
}

/// A program whose sockets are relays to one process.
struct Room {
    directory: PathBuf,
    cache: PathBuf,
}

impl Room {
    /// Writes the program; `None` without the command.
    fn write(bench: &Bench, name: &str) -> Result<Option<Room>> {
        if command()?.is_none() {
            return Ok(None);
        }
        let directory = bench.scratch().join(name);
        fs::create_dir(&directory).context("no directory for the program")?;
        for (name, text) in FILES {
            let written = fs::write(directory.join(name), text);
            written.with_context(|| format!("{name} is not written"))?;
        }
        Ok(Some(Room {
            directory,
            cache: bench.scratch().join("command"),
        }))
    }

    fn start(&self) -> Result<Served> {
        let warren = Warren::tool("serve", &self.directory).cache(&self.cache);
        Served::start(warren.into_command(), LISTENING)
    }
}

/// Returns the memory of each of so many open sockets, and the time in which each was opened.
fn memory(served: &Served, path: &str, count: u32) -> Result<Vec<f64>> {
    let first = open(served, path, FIRST)?;
    let before = Resident::of(served.os_pid())?;
    let began = Instant::now();
    let others = open(served, path, count)?;
    let opened = began.elapsed();
    let after = Resident::of(served.os_pid())?;
    drop((first, others));
    let share = after.each_since(before, count);
    Ok(vec![
        (share.pages + share.tables) / 1024.0,
        share.tables / 1024.0,
        microseconds(opened) / f64::from(count),
    ])
}

fn open(served: &Served, path: &str, count: u32) -> Result<Vec<TcpStream>> {
    let open = |_| Ok(Socket::open(served.address(), path)?.into_silent());
    (0..count).map(open).collect()
}

/// Fills the socket of one client, and returns the answers' times of another before and behind
/// that, their ratio, and the memory of the first.
fn unread(served: &Served, count: u32) -> Result<Vec<f64>> {
    let mut other = Socket::open(served.address(), RELAY_PATH)?;
    p99(&mut other, count.div_ceil(10))?;
    let alone = p99(&mut other, count)?;
    let before = Resident::of(served.os_pid())?;
    let mut silent = Socket::open(served.address(), RELAY_PATH)?;
    silent.say("flood")?;
    // The process is busy with the flood until the socket takes no more.
    while !has_flooded(&mut other)? {}
    let after = Resident::of(served.os_pid())?;
    let beside = p99(&mut other, count)?;
    drop(silent);
    let share = after.each_since(before, 1);
    Ok(vec![
        alone,
        beside,
        beside / alone,
        (share.pages + share.tables) / 1024.0,
    ])
}

/// Asks whether a flood has come to its end.
fn has_flooded(socket: &mut Socket) -> Result<bool> {
    socket.say("how many?")?;
    Ok(socket.hear()?.ends_with(":1}"))
}

/// Returns the microseconds that 99 of 100 answers do not exceed.
fn p99(socket: &mut Socket, count: u32) -> Result<f64> {
    let mut times = Vec::new();
    for _ in 0..count {
        let began = Instant::now();
        has_flooded(socket)?;
        times.push(microseconds(began.elapsed()));
    }
    times.sort_by(f64::total_cmp);
    percentile(&times, 0.99).context("nothing was asked")
}

const fn kibibytes(name: &'static str, compared: bool) -> Metric {
    Metric {
        name,
        unit: "KiB",
        compared,
    }
}
