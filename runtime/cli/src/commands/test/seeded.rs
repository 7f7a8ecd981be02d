//! Tests in runs whose chances a seed fixes, each in a runtime of its own.

use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tokio::task::JoinSet;
use warren::app::Test;
use warren::{Runtime, Sink, Stream};

use super::outcome::{Failure, Tested};
use super::schedule::Schedule;
use super::{End, Run, TestArgs, cut_by, open, single};
use crate::exit::Exit;
use crate::report::failure;
use crate::report::stderr;
use crate::signals::Signals;

/// Bytes that are kept of the output of a run.
const MAX_OUTPUT: usize = 1 << 20;

/// The seeds of each test.
#[derive(Clone, Debug)]
pub(super) struct Seeds {
    seeds: RangeInclusive<u64>,
    /// True if processes are delayed.
    simulates: bool,
}

impl Seeds {
    /// Returns the seeds that the command line asks for, if it does.
    pub(super) fn of(args: &TestArgs) -> Option<Seeds> {
        let first = args.seed.unwrap_or(1);
        let count = match (args.simulate, args.seed) {
            (None, None) => return None,
            (None, Some(_)) => 1,
            (Some(count), _) => count.get(),
        };
        Some(Seeds {
            seeds: first..=first.saturating_add(count - 1),
            simulates: args.simulate.is_some(),
        })
    }
}

/// Runs the tests, as many at a time as there are jobs. A test ends with the first seed that
/// it fails with.
pub(super) async fn run_tests(
    run: &mut Run<'_>,
    seeds: Seeds,
    tests: &[Test],
    signals: &mut Signals,
) -> End {
    let jobs = run.args.jobs();
    if let Some(cut) = cut_by(&run.report.start(tests.len(), jobs)) {
        return cut;
    }
    let mut schedule = Schedule::new(tests);
    let mut waiting = Vec::new();
    let mut running = JoinSet::new();
    loop {
        while waiting.len() + running.len() < jobs
            && let Some((place, test)) = schedule.begin()
        {
            waiting.push(Seeded {
                place,
                test,
                left: seeds.seeds.clone(),
                begun: Instant::now(),
            });
        }
        for mut seeded in waiting.drain(..) {
            let Some(seed) = seeded.left.next() else {
                continue;
            };
            let output = Output::default();
            let started = start(run, seed, seeds.simulates, &output);
            let (timeout, services) = (run.args.timeout, !run.args.no_services);
            running.spawn(async move {
                let tested = match started {
                    Ok((runtime, ids)) => {
                        let tested = attempt(&runtime, &ids, &seeded.test, timeout, services);
                        let tested = tested.await;
                        runtime.shutdown(Duration::ZERO).await;
                        tested
                    }
                    Err(failure) => failed(&seeded.test, failure),
                };
                (seeded, seed, tested, output)
            });
        }
        let joined = tokio::select! {
            biased;
            stop = signals.next() => return End::Stopped(stop),
            joined = running.join_next() => joined,
        };
        let (seeded, seed, mut tested, output) = match joined {
            None => return End::Done,
            Some(Ok(joined)) => joined,
            Some(Err(error)) => {
                let message = format!("a test could not be watched: {error}");
                let failure = failure::Failure::new(Exit::Failed, message);
                return End::Cut(Err(Box::new(failure)));
            }
        };
        if tested.has_passed() && !seeded.left.is_empty() {
            waiting.push(seeded);
            continue;
        }
        output.pass_on();
        if !tested.has_passed() {
            tested.name_seed(seed, seeds.simulates);
        }
        tested.duration = seeded.begun.elapsed();
        schedule.end(seeded.place);
        if let Some(cut) = cut_by(&run.report.add(seeded.place, tested)) {
            return cut;
        }
    }
}

/// A test, and the seeds that it did not run with.
struct Seeded {
    place: usize,
    test: Test,
    left: RangeInclusive<u64>,
    begun: Instant,
}

/// Starts a runtime for one run of a test. Returns it with the ids of the program.
fn start(
    run: &Run<'_>,
    seed: u64,
    simulates: bool,
    output: &Output,
) -> Result<(Runtime, Vec<Arc<str>>), Failure> {
    let app = open(run.args).map_err(|failures| {
        let messages = failures.as_slice().iter();
        let messages: Vec<&str> = messages.map(|failure| failure.message.as_str()).collect();
        Failure::new(messages.join("\n"))
    })?;
    let ids = app.ids();
    let builder = run.builder(app).output(output.clone());
    let builder = match simulates {
        // Records and likely mistakes would come once for each seed.
        true => builder.simulate(seed).log(|_| ()).mistakes(|_| ()),
        false => builder.seed(seed),
    };
    match builder.start() {
        Ok(runtime) => Ok((runtime, ids)),
        Err(error) => Err(Failure::new(format!("no runtime: {error}"))),
    }
}

/// Runs a test once.
async fn attempt(
    runtime: &Runtime,
    ids: &[Arc<str>],
    test: &Test,
    timeout: Duration,
    services: bool,
) -> Tested {
    // The time that code takes to compile is not the seed's. Files that are no code of their
    // own fail.
    for id in ids {
        let _ = runtime.prepare(&**id).await;
    }
    if services && let Err(error) = runtime.start_services().await {
        return failed(test, Failure::new(error.to_string()));
    }
    single::run(runtime.clone(), test.clone(), timeout).await
}

fn failed(test: &Test, failure: Failure) -> Tested {
    Tested {
        test: test.clone(),
        duration: Duration::ZERO,
        cases: Vec::new(),
        failure: Some(failure),
        left: Vec::new(),
    }
}

/// The output of one run, of which only the last run's is passed on.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl Output {
    fn pass_on(&self) {
        let bytes = std::mem::take(&mut *self.0.lock());
        stderr::write(&String::from_utf8_lossy(&bytes));
    }
}

impl Sink for Output {
    fn write(&mut self, _: Stream, bytes: &[u8]) {
        let mut kept = self.0.lock();
        let room = MAX_OUTPUT - kept.len();
        kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }
}
