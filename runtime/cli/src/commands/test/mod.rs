//! `warren test`: the tests of a program.

mod args;
mod collector;
mod coverage;
mod left;
mod outcome;
mod progress;
mod report;
mod schedule;
mod seeded;
mod select;
mod single;
mod watch;

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::pin::pin;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;
use warren::app::{App, AppOptions, Test};
use warren::{Builder, Coverage, Runtime, ServiceError, Sink, StandardStreams, Stream, text};

use crate::environment::{self, cache_for_code, interpreter};
use crate::exit::Exit;
use crate::report::failure::{Failure, Failures};
use crate::report::refused::refused;
use crate::report::warning::Warnings;
use crate::report::{ending, stdout};
use crate::signals::{Signals, Stop};
pub(crate) use args::TestArgs;
use coverage::Covered;
use report::{Format, InOrder, Summary};
use schedule::Schedule;

/// Time that services have to end behind the last test.
const GRACE: Duration = Duration::from_secs(5);

/// Runs the tests and returns the command's exit.
pub(crate) fn test(args: &TestArgs, warnings: Warnings) -> Result<Exit, Failures> {
    environment::check_room()?;
    if args.watch {
        return watch::rounds(args, warnings);
    }
    round(open(args)?, args, warnings)
}

/// Opens the program.
fn open(args: &TestArgs) -> Result<App, Failures> {
    let options = AppOptions {
        strict: args.strict,
        reloadable: args.watch,
        tests: true,
        // Without listeners: tests may run beside the program.
        ..args.grants.options()
    };
    App::open(&args.path, options)
        .map_err(|error| select::failures_of_opening(&args.path, &error).into())
}

/// Runs the tests once.
fn round(app: App, args: &TestArgs, warnings: Warnings) -> Result<Exit, Failures> {
    let tests = select::tests(&app, &args.path, &args.patterns)?;
    let interpreter = interpreter()?;
    // For signals, messages and blocking work: processes have threads of their own.
    let tokio = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| vec![refused("the async runtime", &error)])?;
    let mut run = Run {
        args,
        interpreter,
        warnings: (!args.lint_off).then_some(warnings),
        report: InOrder::new(report::reporter(args.format())),
        coverage: args.coverage.is_some().then(Coverage::default),
    };
    let exit = tokio.block_on(run.all(app, &tests));
    tokio.shutdown_background();
    exit
}

/// The cause of the end of a run.
enum End {
    /// All tests have ended.
    Done,
    /// A signal.
    Stopped(Stop),
    /// A service could not be started, or a critical one has failed for good.
    Service(ServiceError),
    /// The report cannot be written, or the command itself is at fault.
    Cut(Result<Exit, Box<Failure>>),
}

/// A run of tests.
struct Run<'a> {
    args: &'a TestArgs,
    interpreter: Option<Vec<u8>>,
    /// Absent if likely mistakes are not told.
    warnings: Option<Warnings>,
    report: InOrder,
    /// The counts of lines, if the command line asks for them.
    coverage: Option<Coverage>,
}

impl Run<'_> {
    /// Runs the tests and reports them. Returns the command's exit.
    async fn all(&mut self, app: App, tests: &[Test]) -> Result<Exit, Failures> {
        let mut signals =
            Signals::catch().map_err(|error| Box::new(refused("signal handling", &error)))?;
        let begun = Instant::now();
        let end = match seeded::Seeds::of(self.args) {
            Some(seeds) => {
                drop(app);
                seeded::run_tests(self, seeds, tests, &mut signals).await
            }
            None => {
                let runtime = self.start_runtime(app)?;
                let end = self.tests(&runtime, tests, &mut signals).await;
                tokio::select! {
                    () = runtime.shutdown(GRACE) => {}
                    stop = signals.next() => return Ok(stop.exit()),
                }
                end
            }
        };
        let duration = begun.elapsed();
        let covered = match (&end, &self.coverage) {
            (End::Done, Some(coverage)) => Some(self.covered(coverage).await?),
            _ => None,
        };
        Ok(self.end(end, tests.len(), duration, covered)?)
    }

    /// Returns the lines of the program's files that have run. Of a single file, only what the
    /// tests have loaded is the program.
    async fn covered(&self, coverage: &Coverage) -> Result<Covered, Failures> {
        let app = open(self.args)?;
        let (root, files) = (app.root().to_owned(), app.lua_files());
        if !self.args.path.is_file() {
            coverage::load_rest(self.builder(app), &files, coverage)
                .await
                .map_err(|error| Box::new(refused("the runtime", &error)))?;
        }
        Ok(Covered::of(root, &files, coverage))
    }

    /// Reports the end of the run.
    fn end(
        &mut self,
        end: End,
        tests: usize,
        duration: Duration,
        covered: Option<Covered>,
    ) -> Result<Exit, Box<Failure>> {
        let report = &mut self.report;
        let exit = match end {
            End::Cut(cut) => return cut,
            End::Service(error) => return Err(Box::new(ending::service_failed(&error))),
            End::Stopped(stop) => stop.exit(),
            End::Done if report.counts().failed > 0 => Exit::Failed,
            End::Done => Exit::Success,
        };
        let summary = Summary {
            tests,
            duration,
            counts: report.counts(),
            covered,
        };
        let printed = stdout::print(&report.end(&summary), exit)?;
        if let Some(path) = &self.args.junit {
            write(path, &report.junit(&summary))?;
        }
        if let (Some(Some(path)), Some(covered)) = (&self.args.coverage, &summary.covered) {
            write(path, &covered.lcov())?;
        }
        Ok(printed)
    }

    fn start_runtime(&self, app: App) -> Result<Runtime, Box<Failure>> {
        let mut builder = self.builder(app).virtual_time(!self.args.real_time);
        builder = match self.args.format() {
            Format::Text => builder.output(StandardStreams::default()),
            Format::Json | Format::Tap => builder.output(ToStderr),
        };
        builder
            .start()
            .map_err(|error| Box::new(refused("the runtime", &error)))
    }

    /// Returns the builder of a runtime for tests of a program.
    fn builder(&self, app: App) -> Builder {
        let mut builder = Runtime::builder()
            .app(app)
            .host(collector::HOST, collector::limits())
            .cache(cache_for_code());
        if let Some(warnings) = self.warnings {
            builder = builder.mistakes(move |mistake| warnings.print(&mistake.to_string()));
        }
        if let Some(coverage) = &self.coverage {
            builder = builder.coverage(coverage);
        }
        if let Some(wasm) = &self.interpreter {
            builder = builder.interpreter(wasm.clone());
        }
        builder
    }

    /// Starts the services, then the tests, as many at a time as there are jobs.
    async fn tests(&mut self, runtime: &Runtime, tests: &[Test], signals: &mut Signals) -> End {
        let (args, report) = (self.args, &mut self.report);
        let jobs = args.jobs();
        if let Some(cut) = cut_by(&report.start(tests.len(), jobs)) {
            return cut;
        }
        if !args.no_services {
            tokio::select! {
                started = runtime.start_services() => if let Err(error) = started {
                    return End::Service(error);
                },
                stop = signals.next() => return End::Stopped(stop),
            }
        }
        let mut services = pin!(runtime.services_ended());
        let mut services_left = true;
        let mut schedule = Schedule::new(tests);
        let mut running = JoinSet::new();
        loop {
            while running.len() < jobs
                && let Some((place, test)) = schedule.begin()
            {
                let (runtime, timeout) = (runtime.clone(), args.timeout);
                running.spawn(async move { (place, single::run(runtime, test, timeout).await) });
            }
            tokio::select! {
                biased;
                stop = signals.next() => return End::Stopped(stop),
                ended = &mut services, if services_left => match ended {
                    Err(error) => return End::Service(error),
                    Ok(()) => services_left = false,
                },
                joined = running.join_next() => match joined {
                    None => return End::Done,
                    Some(Ok((place, tested))) => {
                        schedule.end(place);
                        if let Some(cut) = cut_by(&report.add(place, tested)) {
                            return cut;
                        }
                    }
                    Some(Err(error)) => {
                        let message = format!("a test could not be watched: {error}");
                        return End::Cut(Err(Box::new(Failure::new(Exit::Failed, message))));
                    }
                },
            }
        }
    }
}

/// Writes a report to a file.
fn write(path: &Path, report: &str) -> Result<(), Box<Failure>> {
    fs::write(path, report).map_err(|error| {
        let message = format!("cannot write {}: {error}", text::path(path));
        Box::new(Failure::new(Exit::Failed, message))
    })
}

/// Prints a part of the report. Returns the end of the run if that fails.
fn cut_by(text: &str) -> Option<End> {
    match stdout::print(text, Exit::Success) {
        Ok(Exit::Success) => None,
        other => Some(End::Cut(other)),
    }
}

/// All output of processes on standard error, since standard output has the report.
struct ToStderr;

impl Sink for ToStderr {
    fn write(&mut self, _: Stream, bytes: &[u8]) {
        // A failure of standard error cannot be reported anywhere.
        let _ = io::stderr().lock().write_all(bytes);
    }
}
