//! Hello over HTTP beside an endless loop in another host.

use std::cell::Cell;
use std::fs;
use std::io::{ErrorKind, Read};
use std::net::TcpStream;
use std::rc::Rc;

use anyhow::{Context, Result, bail, ensure};
use warren_tests::Warren;

use super::http::{P50, P99, RATE};
use super::start::{NOT_BUILT, command};
use crate::bar::Bar;
use crate::bench::Bench;
use crate::measure::{Contender, Metric, Row};
use crate::served::{LISTENING, Served};
use crate::serving::HELLO_LUA;
use crate::wrk::{self, Load, Wrk};

pub(super) const NAME: &str = "http-neighbour";

const ALONE: &str = "alone";
const BESIDE: &str = "beside a loop";

const METRICS: &[Metric] = &[P50, P99, RATE];

pub(super) const BARS: &[Bar] = &[Bar::of_ratio(BESIDE, P99.name, ALONE, 1.5)];

/// Connections of the clients.
const CONNECTIONS: usize = 16;

/// Part of the highest rate of requests that the clients send: a server with room for more.
const SHARE: f64 = 0.25;

/// The files of the program.
const FILES: [(&str, &str); 4] = [
    (
        "warren.toml",
        include_str!("../../guests/http/neighbour/warren.toml"),
    ),
    ("hello.lua", HELLO_LUA),
    (
        "loop.lua",
        include_str!("../../guests/http/neighbour/loop.lua"),
    ),
    (
        "stop.lua",
        include_str!("../../guests/http/neighbour/stop.lua"),
    ),
];

pub(super) fn prepare(bench: &Bench) -> Result<Row<'_>> {
    let contenders = match Neighbours::start(bench)? {
        Ok(neighbours) => {
            let neighbours = Rc::new(neighbours);
            let alone = Rc::clone(&neighbours);
            vec![
                Contender::ready(ALONE, move || alone.measure()),
                Contender::ready(BESIDE, move || {
                    let pause = neighbours.pause()?;
                    let looping = Looping::start(&neighbours.served)?;
                    let figures = neighbours.measure_with(pause)?;
                    looping.stop(&neighbours.served)?;
                    Ok(figures)
                }),
            ]
        }
        Err(reason) => [ALONE, BESIDE]
            .map(|name| Contender::missing(name, reason))
            .into(),
    };
    Ok(Row {
        name: NAME,
        metrics: METRICS,
        contenders,
        baselines: &[ALONE],
        warm_ups: bench.amount(1, 0),
        rounds: bench.amount(9, 1),
    })
}

/// A program of two tenants.
struct Neighbours {
    served: Served,
    wrk: Wrk,
    seconds: u32,
    /// Mean pause of a connection in milliseconds, once the highest rate is known.
    pause: Cell<Option<u32>>,
}

impl Neighbours {
    /// Starts the program on two cores: the loop takes one of them. Returns the reason why
    /// it cannot be measured here.
    fn start(bench: &Bench) -> Result<Result<Neighbours, &'static str>> {
        let Some(wrk) = Wrk::find(bench.scratch())? else {
            return Ok(Err(wrk::MISSING));
        };
        if command()?.is_none() {
            return Ok(Err(NOT_BUILT));
        }
        let directory = bench.scratch().join(NAME);
        fs::create_dir(&directory).context("no directory for the program")?;
        for (name, text) in FILES {
            let written = fs::write(directory.join(name), text);
            written.with_context(|| format!("{name} is not written"))?;
        }
        let warren = Warren::tool("serve", &directory)
            .cache(&bench.scratch().join("command"))
            .on_two_cores();
        let served = Served::start(warren.into_command(), LISTENING)?;
        served.check_hello()?;
        Ok(Ok(Neighbours {
            served,
            wrk,
            seconds: bench.amount(3, 1),
            pause: Cell::new(None),
        }))
    }

    fn measure(&self) -> Result<Vec<f64>> {
        self.measure_with(self.pause()?)
    }

    fn measure_with(&self, pause: u32) -> Result<Vec<f64>> {
        let answers = self
            .wrk
            .send(self.served.address(), self.load(Some(pause)))?;
        Ok(vec![answers.p50, answers.p99, answers.per_second])
    }

    /// Returns the pause with which the clients send [`SHARE`] of the highest rate.
    fn pause(&self) -> Result<u32> {
        if let Some(pause) = self.pause.get() {
            return Ok(pause);
        }
        let highest = self.wrk.send(self.served.address(), self.load(None))?;
        let milliseconds = CONNECTIONS as f64 * 1e3 / (highest.per_second * SHARE);
        let pause = (milliseconds.ceil() as u32).clamp(1, 1_000);
        self.pause.set(Some(pause));
        Ok(pause)
    }

    fn load(&self, pause: Option<u32>) -> Load {
        Load {
            connections: CONNECTIONS,
            seconds: self.seconds,
            pause,
        }
    }
}

/// The loop, from when it runs until it is stopped.
struct Looping(TcpStream);

impl Looping {
    /// Asks for the loop, and waits until it runs.
    fn start(served: &Served) -> Result<Looping> {
        let mut stream = served.ask("/loop")?;
        let (mut answer, mut piece) = (Vec::new(), [0; 1024]);
        while !answer.ends_with(b"runs\r\n") {
            let len = stream
                .read(&mut piece)
                .context("the loop is not answered")?;
            let read = piece.get(..len).unwrap_or_default();
            if read.is_empty() {
                bail!("the loop answers {:?}", String::from_utf8_lossy(&answer));
            }
            answer.extend_from_slice(read);
        }
        Ok(Looping(stream))
    }

    /// Ends the loop, and waits until it has ended.
    ///
    /// # Errors
    /// The loop ended before.
    fn stop(mut self, served: &Served) -> Result<()> {
        self.0.set_nonblocking(true)?;
        let early = self.0.read(&mut [0; 1024]);
        ensure!(
            early.is_err_and(|error| error.kind() == ErrorKind::WouldBlock),
            "the loop ended while its effect was measured"
        );
        self.0.set_nonblocking(false)?;
        served.answer("/stop")?;
        let mut rest = [0; 1024];
        loop {
            match self.0.read(&mut rest) {
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::ConnectionReset => return Ok(()),
                Err(error) => return Err(error).context("the loop does not end"),
            }
        }
    }
}
