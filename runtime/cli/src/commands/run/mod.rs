//! `warren run`: one program from its start to its end.

mod args;
mod cluster;
mod code;
mod deadlock;
mod listeners;
mod output;
mod policies;
pub(crate) mod watch;

use std::io;
use std::ops::ControlFlow;
use std::pin::pin;
#[cfg(unix)]
use std::sync::Arc;
use std::time::Duration;

use warren::app::{App, AppOptions, Definition, Policies, Watcher};
use warren::cluster::Cluster;
use warren::{
    Builder, Ended, Handle, Outcome, Pid, Runtime, ServiceError, Source, StartError, Value,
};

use crate::arguments;
#[cfg(unix)]
use crate::control::{server::Server, socket::Socket};
use crate::environment::{self, cache_for_code, interpreter};
use crate::exit::Exit;
#[cfg(unix)]
use crate::prompt::{Desk, Prompts, agent};
use crate::report::failure::{self, Failure, Failures, Look};
use crate::report::refused::refused;
use crate::report::warning::Warnings;
use crate::report::{ending, opening, stderr};
use crate::signals::{Reloads, Signals, Stop};
#[cfg(test)]
pub(crate) use args::Code;
use args::ParkAfter;
pub(crate) use args::RunArgs;
use output::{OutputLost, StandardStreams};
use watch::{OnReload, Watch};

/// The command that runs a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// `warren run`.
    Run,
    /// `warren serve`.
    Serve,
}

/// Runs the program and returns the command's exit.
pub(crate) fn run(args: &RunArgs, mode: Mode, warnings: Warnings) -> Result<Exit, Failures> {
    // Nothing warns without it.
    let notices = warnings;
    let warnings = (!args.lint_off).then_some(warnings);
    let values = match &args.args_json {
        Some(json) => arguments::of_json(json)?,
        None => arguments::of_words(args.words()),
    };
    let code = code::read(args)?;
    let options = AppOptions {
        listen: args.listen.clone(),
        serves: mode == Mode::Serve,
        strict: args.strict,
        reloadable: args.watch || args.is_controlled(),
        main_in_memory: code.is_some().then(|| code::DEFINITION.to_owned()),
        max_memory_total: args.max_memory_total,
        ..args.grants.options()
    };
    environment::check_room()?;
    let app = App::open(args.path(), options).map_err(|error| opening::failures(&error))?;
    if args.data.is_none()
        && let Some(warning) = opening::without_data(&app)
    {
        notices.print(&warning);
    }
    if let Some(path) = &args.audit {
        policies::audit(&app, path)?;
    }
    let watcher = args.watch.then(|| watch::watcher(&app)).transpose()?;
    let watcher = watcher.map(|watcher| (watcher, notices));
    let interpreter = interpreter()?;
    // For signals and blocking work: processes have threads of their own. Connections take
    // as many threads as there are cores.
    let mut tokio = match app.web().is_empty() {
        true => tokio::runtime::Builder::new_current_thread(),
        false => tokio::runtime::Builder::new_multi_thread(),
    };
    let tokio = tokio
        .enable_all()
        .build()
        .map_err(|error| vec![refused("the async runtime", &error)])?;
    let ended = tokio.block_on(from_start_to_end(
        app,
        (interpreter, code),
        values,
        args,
        warnings,
        watcher,
    ));
    // A process may still wait for standard input, which nothing can interrupt.
    tokio.shutdown_background();
    Ok(ended?)
}

/// The cause of a program's end.
enum End {
    /// The first process, of this PID, ended, and no service is left.
    Main(Pid, Ended),
    /// A critical service has failed for good.
    Service(ServiceError),
    /// Every process waits for ever.
    Deadlock(Box<Failure>),
    /// A signal.
    Stop(Stop),
    /// Nobody reads the output.
    OutputLost(io::Error),
}

/// The exit of the command, or the failure that it ends with.
type Verdict = Result<Exit, Box<Failure>>;

/// Starts the program, waits for its end and ends what is left.
async fn from_start_to_end(
    app: App,
    (interpreter, code): (Option<Vec<u8>>, Option<Source>),
    values: Vec<Value>,
    args: &RunArgs,
    warnings: Option<Warnings>,
    watcher: Option<(Watcher, Warnings)>,
) -> Verdict {
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
    let first = app.has_main().then_some(&*definition);
    let cluster = cluster::join(&app, args).await?;
    let is_clustered = cluster.is_some();
    #[cfg(unix)]
    let prompt = agent::definition(&app);
    #[cfg(unix)]
    let prompts = Arc::<Prompts>::default();
    let builder = builder(app, (interpreter, code), streams, args, (warnings, cluster));
    // Only the control socket leads to a prompt.
    #[cfg(unix)]
    let builder = match args.is_controlled() {
        true => builder
            .definition(prompt)
            .capability(Desk(Arc::clone(&prompts))),
        false => builder,
    };
    let runtime = builder
        .start()
        .map_err(|error| Box::new(not_started(&error)))?;

    // Dropped at the end of the program, which removes the socket.
    #[cfg(unix)]
    let _control = serve_control(args, &runtime, &prompts)?;
    #[cfg(unix)]
    let on_reload: OnReload = Box::new(move |reloaded| prompts.reloaded(reloaded));
    #[cfg(not(unix))]
    let on_reload: OnReload = Box::new(|_| {});
    let _watch = watcher
        .map(|(watcher, notices)| Watch::start(watcher, runtime.inspector(), notices, on_reload))
        .transpose()?;
    // A signal before the first process also asks running services to end.
    let end = tokio::select! {
        started = start(&runtime, &values, first) => {
            let main = started?;
            let events = Events {
                signals: &mut signals,
                lost: &mut lost,
                reloads,
                on_deadlock: OnDeadlock::of(args, warnings, is_clustered),
            };
            until_its_end(&runtime, main, events, policies.as_deref()).await
        }
        stop = signals.next() => End::Stop(stop),
    };
    let inspector = runtime.inspector();
    let counts_unread = matches!(&end, End::Main(_, ended) if leaves_services(ended));
    if counts_unread {
        inspector.count_unread();
    }
    let grace = match end {
        // Further output has nowhere to go.
        End::OutputLost(_) => Duration::ZERO,
        _ => args.grace,
    };
    let verdict = match shut_down(&runtime, end, &definition.id, grace, &mut signals).await {
        ControlFlow::Continue(verdict) => verdict,
        ControlFlow::Break(verdict) => return verdict,
    };
    if counts_unread
        && let Some(warnings) = warnings
        && let Some(warning) = ending::unread(&inspector.unread())
    {
        warnings.print(&warning);
    }
    if let Some(policies) = &policies {
        tokio::select! {
            () = policies::flush_audit(policies, grace.max(LAST_LINES)) => {}
            stop = signals.next() => return Ok(cut_short(verdict, stop)),
        }
    }
    with_lost_output(verdict, &mut lost)
}

/// Returns the verdict on a program whose output may have been lost at the end.
fn with_lost_output(verdict: Verdict, lost: &mut OutputLost) -> Verdict {
    match (verdict, lost.now()) {
        (Ok(exit), Some(error)) if exit.status() == 0 => exit_without_output(&error),
        (verdict, _) => verdict,
    }
}

/// Returns the builder of the program's runtime.
fn builder(
    app: App,
    (interpreter, code): (Option<Vec<u8>>, Option<Source>),
    streams: StandardStreams,
    args: &RunArgs,
    (warnings, cluster): (Option<Warnings>, Option<Cluster>),
) -> Builder {
    let definition = code.map(|code| code::definition(&app, code));
    let mut builder = Runtime::builder()
        .app(app)
        .output(streams)
        .trace_messages(args.trace_messages)
        .virtual_time(args.virtual_time)
        .data(args.data.clone())
        .cache(cache_for_code());
    if let Some(warnings) = warnings {
        builder = builder.mistakes(move |mistake| warnings.print(&mistake.to_string()));
    }
    if let Some(wasm) = interpreter {
        builder = builder.interpreter(wasm);
    }
    if let Some(cluster) = &cluster {
        builder = builder.cluster(cluster);
    }
    if let Some(ParkAfter(time)) = args.park_after {
        builder = builder.park_after(time);
    }
    match definition {
        Some(definition) => builder.definition(definition),
        None => builder,
    }
}

/// Ends all processes, within `grace`. Breaks if the command ends without
/// waiting for the audit log.
async fn shut_down(
    runtime: &Runtime,
    end: End,
    definition: &str,
    grace: Duration,
    signals: &mut Signals,
) -> ControlFlow<Verdict, Verdict> {
    // The command waits for the reader of the program's output as long as it
    // takes. Only a program that was asked to end does not wait for ever.
    let asked = matches!(end, End::Stop(_) | End::OutputLost(_));
    let mut is_deadlock = matches!(end, End::Deadlock(_));
    let mut verdict = match end {
        End::Main(pid, ended) => exit_of_main(pid.as_str(), definition, &ended),
        End::Service(error) => Err(Box::new(ending::service_failed(&error))),
        End::Deadlock(failure) => Err(failure),
        End::OutputLost(error) => exit_without_output(&error),
        End::Stop(stop) => {
            announce(stop, grace);
            Ok(stop.exit())
        }
    };
    let mut shutdown = pin!(runtime.shutdown(grace));
    let mut deadlock = pin!(deadlock::found_again(runtime));
    let mut too_long = pin!(tokio::time::sleep(grace.saturating_add(LAST_LINES)));
    loop {
        tokio::select! {
            biased;
            () = &mut shutdown => return ControlFlow::Continue(verdict),
            stop = signals.next() => return ControlFlow::Break(Ok(cut_short(verdict, stop))),
            () = &mut too_long, if asked => {
                stderr::write("warning: output was lost: it was not read in time\n");
                return ControlFlow::Break(verdict);
            }
            // The rest of the grace would wake no process either.
            () = &mut deadlock, if is_deadlock => {
                is_deadlock = false;
                shutdown.set(runtime.shutdown(Duration::ZERO));
            }
            () = tokio::time::sleep(PATIENCE), if verdict.is_err() => {
                verdict = Ok(verdict.unwrap_or_else(|failure| failure::print(&[*failure])));
            }
        }
    }
}

/// Prints the failure, if there is one, and returns the exit of a signal.
fn cut_short(verdict: Verdict, stop: Stop) -> Exit {
    if let Err(failure) = verdict {
        failure::print(&[*failure]);
    }
    stop.exit()
}

/// The outside events that a running program reacts to.
struct Events<'a> {
    signals: &'a mut Signals,
    lost: &'a mut OutputLost,
    reloads: &'a mut Option<Reloads>,
    on_deadlock: OnDeadlock,
}

/// The reaction to a program in which every process waits for ever.
#[derive(Clone, Copy, Debug)]
enum OnDeadlock {
    /// The program goes on.
    Nothing,
    /// A warning is printed once, and the program goes on.
    Warning(Warnings),
    /// The program ends.
    End,
}

impl OnDeadlock {
    fn of(args: &RunArgs, warnings: Option<Warnings>, is_clustered: bool) -> OnDeadlock {
        // Somebody may send through the control socket, or from another node.
        if args.wait || args.is_controlled() || is_clustered {
            return OnDeadlock::Nothing;
        }
        match (args.watch, warnings) {
            (false, _) => OnDeadlock::End,
            // A watch ends with its program or by a signal, never by itself.
            (true, Some(warnings)) => OnDeadlock::Warning(warnings),
            (true, None) => OnDeadlock::Nothing,
        }
    }
}

/// Runs a started program until its end.
async fn until_its_end(
    runtime: &Runtime,
    main: Option<Handle>,
    events: Events<'_>,
    policies: Option<&Policies>,
) -> End {
    let Events {
        signals,
        lost,
        reloads,
        mut on_deadlock,
    } = events;
    // An apply may open listeners.
    let listens = || !runtime.listeners().is_empty();
    let mut finished = None;
    let mut services = pin!(runtime.services_ended());
    let mut services_left = true;
    let mut main_ended = pin!(ended(main.as_ref()));
    let mut deadlock = pin!(deadlock(runtime, main.as_ref()));
    loop {
        tokio::select! {
            // A program that has ended is not asked to end.
            biased;
            (pid, ended) = &mut main_ended, if finished.is_none() => {
                if (services_left || listens()) && leaves_services(&ended) {
                    finished = Some((pid, ended));
                } else {
                    return End::Main(pid, ended);
                }
            }
            ended = &mut services, if services_left => {
                if let Err(error) = ended {
                    return End::Service(error);
                }
                services_left = false;
                // A program that listens ends when it is asked to.
                if !listens() && let Some((pid, ended)) = finished.take() {
                    return End::Main(pid, ended);
                }
            }
            error = lost.wait() => return End::OutputLost(error),
            stop = signals.next() => return End::Stop(stop),
            places = &mut deadlock,
                if !matches!(on_deadlock, OnDeadlock::Nothing)
                    && finished.is_none()
                    && !services_left =>
            {
                let OnDeadlock::Warning(warnings) = on_deadlock else {
                    return End::Deadlock(Box::new(deadlock::failure(places)));
                };
                let message = format!("{}; --watch goes on until Ctrl-C", deadlock::MESSAGE);
                warnings.print_with(&message, &places);
                on_deadlock = OnDeadlock::Nothing;
            }
            () = asked_to_reload(reloads) => policies::reload(policies),
        }
    }
}

/// Time for the last lines, even with `--grace 0s`.
const LAST_LINES: Duration = Duration::from_secs(1);

/// Opens the listeners, and starts the services, then the first process, if there is one.
/// Requests wait until all have started.
async fn start(
    runtime: &Runtime,
    arguments: &[Value],
    first: Option<&Definition>,
) -> Result<Option<Handle>, Box<Failure>> {
    let bound = listeners::open(runtime).await?;
    let services = runtime.start_services().await;
    services.map_err(|error| Box::new(ending::service_failed(&error)))?;
    let main = match first {
        None => None,
        Some(definition) => {
            let main = async { runtime.spawn(runtime.main()?.args(arguments)).await };
            let main = main.await;
            let failed = |error| Box::new(ending::not_started(definition, &error));
            Some(main.map_err(|error| failed(error.into()))?)
        }
    };
    listeners::serve(runtime, &bound).await?;
    Ok(main)
}

/// Waits for the end of the first process; for ever if there is none.
async fn ended(main: Option<&Handle>) -> (Pid, Ended) {
    match main {
        Some(main) => (main.pid().clone(), main.wait().await),
        None => std::future::pending().await,
    }
}

/// Waits for a deadlock, as [`deadlock::found`] does; for ever without a first process.
async fn deadlock(runtime: &Runtime, main: Option<&Handle>) -> Vec<String> {
    match main {
        Some(main) => deadlock::found(runtime, main.pid()).await,
        None => std::future::pending().await,
    }
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

/// Opens the control socket, if there is one.
#[cfg(unix)]
fn serve_control(
    args: &RunArgs,
    runtime: &Runtime,
    prompts: &Arc<Prompts>,
) -> Result<Option<Server>, Box<Failure>> {
    let Some(path) = &args.control else {
        return Ok(None);
    };
    let socket = Socket::listen(path)?;
    let program = args.path().display().to_string();
    prompts.begin(runtime.inspector());
    Server::start(socket, runtime.clone(), Arc::clone(prompts), program)
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

fn not_started(error: &StartError) -> Failure {
    if matches!(error, StartError::CacheGranted { .. }) {
        return Failure {
            help: Some("grant a directory that does not contain the code cache".to_owned()),
            ..Failure::new(Exit::Usage, error.to_string())
        };
    }
    match error {
        StartError::DataGranted { .. } => Failure {
            help: Some("grant a directory that does not contain the data".to_owned()),
            ..Failure::new(Exit::Usage, error.to_string())
        },
        StartError::Data(_) => Failure::new(Exit::Usage, error.to_string()),
        _ => refused("the runtime", error),
    }
}
