//! Sixteen talking pairs beside 100,000 waiting processes, with and without an
//! observer that watches them all.

use std::process;
use std::rc::Rc;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Result, anyhow};
use warren::Inspector;
use warren::introspection::{Query, Sort};

use super::repeated::{microseconds, time};
use super::round_trip::ping_arguments;
use crate::bench::Bench;
use crate::guests::Arguments;
use crate::max_map_count::Raised;
use crate::measure::{Contender, Metric, Row};
use crate::node::{BenchNode, Setup};
use crate::payload::Payload;
use crate::processor;

pub(super) const NAME: &str = "watched";

const METRICS: &[Metric] = &[
    time("there and back, beside 100,000 that wait"),
    time("processor time of each, the watcher's included"),
];

const UNWATCHED: &str = "unwatched";
const WATCHED: &str = "watched";

const PAIRS_AT_ONCE: usize = 16;

pub(super) fn prepare(bench: &Bench) -> Result<Row<'_>> {
    let idle: u32 = bench.amount(100_000, 100);
    let count: u32 = bench.amount(250_000, 10);
    let raised = match Raised::for_processes(idle) {
        Ok(raised) => raised,
        Err(reason) => return Ok(missing(&reason.to_string())),
    };
    let setup = Setup {
        max_processes: idle as usize + 10_000,
        ..Setup::default()
    };
    let node = Rc::new(BenchNode::set_up(&bench.cache(), setup)?);
    // Each answers one message before it waits.
    let arguments = Arguments::new().number(idle).number(1);
    node.run("bench:flat/crowd", &arguments.text("bench:flat/echo"))?;
    let sample = move |node: &BenchNode| {
        let arguments = ping_arguments(count, "bench:flat/echo", Payload::Bytes64);
        let before = processor::time_of(process::id())?;
        let run = node.run_many("bench:flat/ping", &arguments, PAIRS_AT_ONCE)?;
        let used = processor::time_of(process::id())?.saturating_sub(before);
        let all = f64::from(count) * PAIRS_AT_ONCE as f64;
        anyhow::Ok(vec![
            microseconds(run.elapsed) / all,
            microseconds(used) / all,
        ])
    };
    let (unwatched, watched) = (Rc::clone(&node), node);
    Ok(Row {
        name: NAME,
        metrics: METRICS,
        contenders: vec![
            Contender::ready(WATCHED, move || {
                let _: &Raised = &raised;
                let watcher = Watcher::start(watched.inspector());
                let figures = sample(&watched)?;
                watcher.stop()?;
                Ok(figures)
            }),
            Contender::ready(UNWATCHED, move || sample(&unwatched)),
        ],
        baselines: &[UNWATCHED],
        warm_ups: 1,
        rounds: bench.amount(9, 1),
    })
}

/// Returns the row for a machine without room for so many processes.
fn missing<'a>(reason: &str) -> Row<'a> {
    Row {
        name: NAME,
        metrics: METRICS,
        contenders: [WATCHED, UNWATCHED]
            .map(|name| Contender::missing(name, reason))
            .into(),
        baselines: &[UNWATCHED],
        warm_ups: 0,
        rounds: 1,
    }
}

/// A thread that looks at all processes as often as `warren top` does, and
/// builds what the program would send to it.
struct Watcher {
    stop: Sender<()>,
    thread: JoinHandle<()>,
}

impl Watcher {
    fn start(inspector: Inspector) -> Watcher {
        let (stop, stopped) = mpsc::channel();
        let thread = thread::spawn(move || {
            let query = Query {
                sort: Sort::Load,
                limit: 1_000,
                ..Query::default()
            };
            loop {
                let listing = inspector.processes(&query);
                let json = serde_json::to_vec(&listing);
                assert!(json.is_ok_and(|json| !json.is_empty()));
                // `top` leaves the program alone for a hundred times as long.
                let pause = Duration::from_micros(listing.took_us * 100);
                let pause = pause.max(Duration::from_secs(1));
                match stopped.recv_timeout(pause) {
                    Err(RecvTimeoutError::Timeout) => {}
                    _ => return,
                }
            }
        });
        Watcher { stop, thread }
    }

    fn stop(self) -> Result<()> {
        drop(self.stop);
        self.thread
            .join()
            .map_err(|_| anyhow!("the watcher panicked"))
    }
}
