//! `warren run`: one program from its start to its end.

use std::io;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use etcetera::BaseStrategy;
use warren::app::{App, AppOptions, AuditError, Definition, Policies};
use warren::{Ended, Handle, Outcome, Runtime, ServiceError, StartError, Value, text};

use crate::args::RunArgs;
use crate::arguments;
#[cfg(unix)]
use crate::control::{server::Server, socket::Socket};
use crate::diagnostics::{Failure, Look, report};
use crate::ending;
use crate::exit::Exit;
use crate::opening;
use crate::output::{self, OutputLost};
use crate::plain;
use crate::signals::{Reloads, Signals, Stop};
use crate::stderr;
use crate::system::{self, refused};

/// Runs the program and returns the command's exit.
pub(crate) fn run(args: &RunArgs) -> Result<Exit, Vec<Failure>> {
    let values = match &args.args_json {
        Some(json) => arguments::of_json(json).map_err(|failure| vec![*failure])?,
        None => arguments::of_words(args.words()),
    };
    let options = AppOptions {
        read: args.read.clone(),
        write: args.write.clone(),
        env: args.env.clone(),
        strict: args.strict,
        max_memory_total: args.max_memory_total,
    };
    system::check_room().map_err(|failure| vec![*failure])?;
    let app = App::open(args.path(), options).map_err(|error| opening::failures(&error))?;
    if let Some(path) = &args.audit {
        audit(&app, path).map_err(|failure| vec![*failure])?;
    }
    let interpreter = interpreter().map_err(|failure| vec![*failure])?;
    // For signals and blocking work: processes have threads of their own.
    let tokio = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| vec![refused("the event loop", &error)])?;
    let ended = tokio.block_on(from_start_to_end(app, interpreter, values, args));
    // A process may still wait for standard input, which nothing can interrupt.
    tokio.shutdown_background();
    ended.map_err(|failure| vec![*failure])
}

/// The cause of a program's end.
enum End {
    /// The first process, of this PID, ended, and no service is left.
    Main(String, Ended),
    /// A critical service has failed for good.
    Service(ServiceError),
    /// A signal.
    Stop(Stop),
    /// Nobody reads the output.
    OutputLost(io::Error),
}

async fn from_start_to_end(
    app: App,
    interpreter: Option<Vec<u8>>,
    values: Vec<Value>,
    args: &RunArgs,
) -> Result<Exit, Box<Failure>> {
    let grace = args.grace;
    // From here on a signal ends the program in order.
    let policies = app.policies().cloned();
    // Without policies SIGHUP ends the command, like any other.
    let mut reloads = policies.as_ref().map(|_| Reloads::catch()).transpose();
    let reloads = reloads
        .as_mut()
        .map_err(|error| Box::new(refused("signal handling", error)))?;
    let mut signals =
        Signals::catch().map_err(|error| Box::new(refused("signal handling", &error)))?;
    let (streams, mut lost) = output::standard_streams();
    let definition = app.main_definition().clone();
    let mut builder = Runtime::builder()
        .app(app)
        .output(streams)
        .trace_messages(args.trace_messages)
        .cache(cache_for_code());
    if let Some(wasm) = interpreter {
        builder = builder.interpreter(wasm);
    }
    let runtime = builder
        .start()
        .map_err(|error| Box::new(not_started(&error)))?;

    // Removed at the end, whatever the end.
    #[cfg(unix)]
    let _control = serve_control(args, &runtime)?;
    // A signal before the first process also asks running services to end.
    let end = tokio::select! {
        started = start(&runtime, &values, &definition) => {
            let main = started?;
            let events = Events {
                signals: &mut signals,
                lost: &mut lost,
                reloads,
            };
            until_its_end(&runtime, main, events, policies.as_deref()).await
        }
        stop = signals.next() => End::Stop(stop),
    };
    // The command waits for the reader of the program's output as long as it
    // takes. Only a program that was asked to end does not wait for ever.
    let asked = matches!(end, End::Stop(_) | End::OutputLost(_));
    let (mut verdict, grace) = match end {
        End::Main(pid, ended) => (exit_of_main(&pid, &definition.id, &ended), grace),
        End::Service(error) => (Err(Box::new(ending::service_failed(&error))), grace),
        // Further output has nowhere to go.
        End::OutputLost(error) => (exit_without_output(&error), Duration::ZERO),
        End::Stop(stop) => {
            announce(stop, grace);
            (Ok(stop.exit()), grace)
        }
    };
    let mut shutdown = pin!(runtime.shutdown(grace));
    let mut too_long = pin!(tokio::time::sleep(grace.saturating_add(LAST_LINES)));
    loop {
        tokio::select! {
            biased;
            () = &mut shutdown => break,
            stop = signals.next() => {
                verdict.unwrap_or_else(|failure| report(&[*failure]));
                return Ok(stop.exit());
            }
            () = &mut too_long, if asked => {
                stderr::write("warning: output was lost: it was not read in time\n");
                return verdict;
            }
            () = tokio::time::sleep(PATIENCE), if verdict.is_err() => {
                verdict = Ok(verdict.unwrap_or_else(|failure| report(&[*failure])));
            }
        }
    }
    if let Some(policies) = &policies {
        tokio::select! {
            () = flush_audit(policies, grace) => {}
            stop = signals.next() => {
                verdict.unwrap_or_else(|failure| report(&[*failure]));
                return Ok(stop.exit());
            }
        }
    }
    match (verdict, lost.now()) {
        (Ok(exit), Some(error)) if exit.status() == 0 => exit_without_output(&error),
        (verdict, _) => verdict,
    }
}

/// The outside events that a running program reacts to.
struct Events<'a> {
    signals: &'a mut Signals,
    lost: &'a mut OutputLost,
    reloads: &'a mut Option<Reloads>,
}

/// Runs a started program until its end.
async fn until_its_end(
    runtime: &Runtime,
    main: Handle,
    events: Events<'_>,
    policies: Option<&Policies>,
) -> End {
    let Events {
        signals,
        lost,
        reloads,
    } = events;
    let mut finished = None;
    let mut services = pin!(runtime.services_ended());
    let mut services_left = true;
    loop {
        tokio::select! {
            // A program that has ended is not asked to end.
            biased;
            ended = main.wait(), if finished.is_none() => {
                if services_left && leaves_services(&ended) {
                    finished = Some(ended);
                } else {
                    return End::Main(main.pid().to_owned(), ended);
                }
            }
            ended = &mut services, if services_left => match (ended, finished.take()) {
                (Err(error), _) => return End::Service(error),
                (Ok(()), Some(ended)) => return End::Main(main.pid().to_owned(), ended),
                (Ok(()), None) => services_left = false,
            },
            error = lost.wait() => return End::OutputLost(error),
            stop = signals.next() => return End::Stop(stop),
            () = asked_to_reload(reloads) => reload(policies),
        }
    }
}

/// Time for the last lines, even of a program without `--grace`.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Waits until the audit log is written, for `patience` at most: its file may
/// be a pipe that nobody reads.
async fn flush_audit(policies: &Arc<Policies>, patience: Duration) {
    let policies = Arc::clone(policies);
    let flushed =
        tokio::task::spawn_blocking(move || policies.flush_audit(patience.max(LAST_LINES)));
    if flushed.await.is_ok_and(|flushed| !flushed) {
        stderr::write("warning: the audit log was not written in time: lines are lost\n");
    }
}

/// Starts the services, then the first process.
async fn start(
    runtime: &Runtime,
    arguments: &[Value],
    definition: &Definition,
) -> Result<Handle, Box<Failure>> {
    let services = runtime.start_services().await;
    services.map_err(|error| Box::new(ending::service_failed(&error)))?;
    let main = async {
        runtime
            .spawn(runtime.main()?.argument_list(arguments))
            .await
    };
    main.await
        .map_err(|error| Box::new(ending::not_started(definition, &error.into())))
}

/// Returns whether the program goes on with its services alone.
fn leaves_services(main: &Ended) -> bool {
    main.status.is_none() && matches!(*main.outcome, Outcome::Returned(_))
}

async fn asked_to_reload(reloads: &mut Option<Reloads>) {
    match reloads {
        Some(reloads) => reloads.next().await,
        None => std::future::pending().await,
    }
}

/// Reloads the policies. If they have problems, logs them and keeps the old
/// ones.
fn reload(policies: Option<&Policies>) {
    let Some(policies) = policies else {
        return;
    };
    match policies.reload() {
        Ok(()) => tracing::info!(statements = policies.statements(), "policies reloaded"),
        Err(error) => {
            let mut failures = opening::of_policies(&error);
            let first = Failure::new(
                Exit::Usage,
                "the policies were not reloaded; the old ones stay in force",
            );
            failures.insert(0, first);
            report(&failures);
        }
    }
}

fn audit(app: &App, path: &Path) -> Result<(), Box<Failure>> {
    let Some(policies) = app.policies() else {
        let failure = Failure::new(Exit::Usage, "--audit: the program has no policies");
        return Err(Box::new(Failure {
            help: Some("add a directory `policies`, or use --strict as well".into()),
            ..failure
        }));
    };
    policies.audit_to(path).map_err(|error| {
        Box::new(Failure {
            help: matches!(error, AuditError::NotAFile { .. })
                .then(|| "name a plain file, or a path that does not exist yet".to_owned()),
            ..Failure::new(Exit::Usage, format!("--audit {error}"))
        })
    })
}

/// Opens the control socket, if there is one.
#[cfg(unix)]
fn serve_control(args: &RunArgs, runtime: &Runtime) -> Result<Option<Server>, Box<Failure>> {
    let Some(path) = &args.control else {
        return Ok(None);
    };
    let socket = Socket::listen(path)?;
    let program = args.path().display().to_string();
    Server::start(socket, runtime.inspector(), program)
        .map(Some)
        .map_err(|error| Box::new(refused("the control socket", &error)))
}

/// Time for which a failure waits for the rest of the program to end and its
/// output to be written, so that the failure is printed last. Slow processes do
/// not delay the failure further.
const PATIENCE: Duration = Duration::from_millis(200);

fn exit_of_main(pid: &str, definition: &str, ended: &Ended) -> Result<Exit, Box<Failure>> {
    match (ended.status, &*ended.outcome) {
        (Some(status), _) => Ok(Exit::Chosen(status)),
        (None, Outcome::Returned(_)) => Ok(Exit::Success),
        (None, Outcome::Failed(error)) => {
            Err(Box::new(ending::main_failed(pid, definition, error)))
        }
    }
}

fn exit_without_output(error: &io::Error) -> Result<Exit, Box<Failure>> {
    match ending::output_lost(error) {
        Some(failure) => Err(Box::new(failure)),
        None => Ok(Exit::BrokenPipe),
    }
}

/// Tells a person at a terminal what Ctrl-C has begun.
fn announce(stop: Stop, grace: Duration) {
    if stop == Stop::Interrupt
        && let Some(notice) = ending::notice_of_stop(grace, Look::of_stderr())
    {
        stderr::write(&notice);
    }
}

/// The environment variable of a Lua interpreter guest that replaces the
/// bundled one, for its developers.
const INTERPRETER: &str = "WARREN_LUA_GUEST";

pub(crate) fn interpreter() -> Result<Option<Vec<u8>>, Box<Failure>> {
    let Some(path) = std::env::var_os(INTERPRETER) else {
        return Ok(None);
    };
    match plain::read(Path::new(&path)) {
        Ok(wasm) => Ok(Some(wasm)),
        Err(error) => Err(Box::new(Failure::new(
            Exit::Usage,
            format!("{INTERPRETER}: {}: {error}", text::path(Path::new(&path))),
        ))),
    }
}

/// Returns the directory for compiled code, by the conventions of the system.
/// `None` if the environment names no absolute path: a cache in the current
/// directory would belong to nobody.
pub(crate) fn cache_directory() -> Option<PathBuf> {
    let user = etcetera::base_strategy::choose_native_strategy().ok();
    let directory = user.map(|user| user.cache_dir().join("warren"));
    directory.filter(|directory| directory.is_absolute())
}

fn not_started(error: &StartError) -> Failure {
    if matches!(error, StartError::CacheGranted { .. }) {
        return Failure {
            help: Some("grant a directory that does not contain the code cache".to_owned()),
            ..Failure::new(Exit::Usage, error.to_string())
        };
    }
    refused("the runtime", error)
}

/// Returns the directory for compiled code; logs a warning if there is none.
pub(crate) fn cache_for_code() -> Option<PathBuf> {
    let directory = cache_directory();
    if directory.is_none() {
        tracing::warn!(help = NO_CACHE_HELP, "no code cache, every start compiles");
    }
    directory
}

/// The remedy for a missing cache directory.
pub(crate) const NO_CACHE_HELP: &str =
    "set HOME or XDG_CACHE_HOME to the absolute path of a directory of your own";
