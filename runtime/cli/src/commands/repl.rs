//! `warren repl`: a prompt whose inputs run in a process of the program.

use std::path::PathBuf;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use warren::Runtime;
use warren::app::{App, AppOptions};

use crate::commands::grants::GrantArgs;
use crate::commands::run::watch::{self, OnReload, Watch};
use crate::environment::{self, cache_for_code, interpreter};
use crate::exit::Exit;
use crate::prompt::front::Manner;
use crate::prompt::{Desk, Prompts, Screen, Session, Talk, agent, converse};
use crate::report::failure::{Failure, Failures};
use crate::report::refused::refused;
use crate::report::warning::Warnings;
use crate::report::{ending, opening};
use crate::signals::Signals;

/// Time that processes have to end behind the last input.
const GRACE: Duration = Duration::from_secs(5);

/// The options of `warren repl`.
#[derive(Debug, Args)]
#[command(
    after_help = "Inputs are Lua: expressions print their values, `_` is the last value, and an \
                  input that is not complete goes on in the next line. help(process.send) shows \
                  the entry of a function, reload() takes changed files, Tab completes names. \
                  Ctrl-C ends an input, Ctrl-D the prompt. In a pipe there is no prompt, and \
                  errors go to standard error.\n\n\
                  Exit status: 0; 1 if an input of a pipe failed, or a critical service; 2 for a \
                  wrong command line or manifest; 130 after Ctrl-C, 143 after SIGTERM; 141 if the \
                  reader of standard output is gone; or the status that an input gives to \
                  os.exit."
)]
pub(crate) struct ReplArgs {
    /// The program: a directory, or a file in it, whose first process is not started
    #[arg(value_name = "DIR", default_value = ".")]
    pub(crate) path: PathBuf,
    /// Take changed files of code
    ///
    /// New processes, upgrades and restarts then run the files as they are. If a file does
    /// not compile, the error is shown and the old code stays.
    #[arg(long)]
    pub(crate) watch: bool,
    /// Do not start the services of the manifest
    #[arg(long)]
    pub(crate) no_services: bool,
    /// Keep the program's data in this directory
    ///
    /// Durable stores and queues and the files of databases lie in it. Without the option they
    /// end with the prompt. One program uses a directory at a time.
    #[arg(long, value_name = "DIR")]
    pub(crate) data: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) grants: GrantArgs,
    /// Deny all processes every action that no policy permits
    #[arg(long)]
    pub(crate) strict: bool,
}

/// Runs the prompt and returns the command's exit.
pub(crate) fn repl(args: &ReplArgs, warnings: Warnings) -> Result<Exit, Failures> {
    let options = AppOptions {
        strict: args.strict,
        reloadable: true,
        main_in_memory: Some(agent::DEFINITION.to_owned()),
        ..args.grants.options()
    };
    environment::check_room()?;
    let app = App::open(&args.path, options).map_err(|error| opening::failures(&error))?;
    if args.data.is_none()
        && let Some(warning) = opening::without_data(&app)
    {
        warnings.print(&warning);
    }
    let watcher = args.watch.then(|| watch::watcher(&app)).transpose()?;
    let prompts = Arc::<Prompts>::default();
    let screen = Screen::default();
    let definition = agent::definition(&app);
    let greeting = format!(
        "warren {}, {}: help() explains, Ctrl-D ends",
        env!("CARGO_PKG_VERSION"),
        app.name()
    );
    let mut builder = Runtime::builder()
        .app(app)
        .definition(definition)
        .capability(Desk(Arc::clone(&prompts)))
        .output(screen.clone())
        .data(args.data.clone())
        .cache(cache_for_code());
    if let Some(wasm) = interpreter()? {
        builder = builder.interpreter(wasm);
    }
    // For signals, timers and blocking work: processes have threads of their own.
    let tokio = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| vec![refused("the async runtime", &error)])?;
    let talk = async {
        let runtime = builder
            .start()
            .map_err(|error| Box::new(refused("the runtime", &error)))?;
        prompts.begin(runtime.inspector());
        let told = Arc::clone(&prompts);
        let _watch = watcher
            .map(|watcher| {
                let inspector = runtime.inspector();
                let on_reload: OnReload = Box::new(move |reloaded| told.reloaded(reloaded));
                Watch::start(watcher, inspector, warnings, on_reload)
            })
            .transpose()?;
        let session = Session::new(runtime.clone(), prompts);
        let manner = Manner {
            raw: true,
            greeting,
        };
        talk(&runtime, session, manner, screen, args.no_services).await
    };
    let exit = tokio.block_on(talk);
    // An input may still wait for the terminal, which nothing can interrupt.
    tokio.shutdown_background();
    Ok(exit?)
}

async fn talk(
    runtime: &Runtime,
    session: Session,
    manner: Manner,
    screen: Screen,
    no_services: bool,
) -> Result<Exit, Box<Failure>> {
    let mut signals =
        Signals::catch().map_err(|error| Box::new(refused("signal handling", &error)))?;
    if !no_services {
        tokio::select! {
            started = runtime.start_services() => {
                started.map_err(|error| Box::new(ending::service_failed(&error)))?;
            }
            stop = signals.next() => return Ok(stop.exit()),
        }
    }
    let end = {
        let mut talk = pin!(converse(session, manner, screen, &mut signals));
        let mut services = pin!(runtime.services_ended());
        let mut services_left = true;
        loop {
            tokio::select! {
                biased;
                talk = &mut talk => break match talk {
                    Talk::Ended(end) => end,
                    Talk::Stopped(stop) => Ok(stop.exit()),
                },
                ended = &mut services, if services_left => match ended {
                    Err(error) => break Err(Box::new(ending::service_failed(&error))),
                    Ok(()) => services_left = false,
                },
            }
        }
    };
    tokio::select! {
        () = runtime.shutdown(GRACE) => end,
        stop = signals.next() => Ok(stop.exit()),
    }
}
