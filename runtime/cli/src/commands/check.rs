//! `warren check`: checks of a program that do not run it.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use warren::app::{App, AppOptions};
use warren::{Error, Runtime};

use crate::environment::{self, cache_for_code, interpreter};
use crate::exit::Exit;
use crate::report::failure::{Failure, Failures};
use crate::report::opening;
use crate::report::refused::refused;
use crate::report::stdout;
use crate::report::step::Step;

/// The options of `warren check`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0; 1 if code does not compile; 2 for a wrong command line, manifest or\n\
                  policy, or no such program; 141 if the reader of standard output is gone."
)]
pub(crate) struct CheckArgs {
    /// The program: a directory, or a .lua, .wasm or .wat file
    #[arg(default_value = ".")]
    pub(crate) path: PathBuf,
}

/// Opens the program as `run` does, then compiles all of it.
pub(crate) fn check(args: &CheckArgs) -> Result<Exit, Failures> {
    let options = AppOptions::default();
    let app = App::open(&args.path, options).map_err(|error| opening::failures(&error))?;
    let definitions = app.survey();
    let failed: Vec<Failure> = compile(app, &definitions, |_| None)?
        .into_iter()
        .map(|(definition, error)| broken(definition, &error))
        .collect();
    if !failed.is_empty() {
        return Err(failed.into());
    }
    let count = definitions.len();
    let s = if count == 1 { "" } else { "s" };
    let text = format!("{count} definition{s}, nothing wrong\n");
    Ok(stdout::print(&text, Exit::Success)?)
}

/// Compiles definitions of a program; returns those that fail. `begin` is called with the
/// index of each before it is compiled.
pub(crate) fn compile(
    app: App,
    definitions: &[Arc<str>],
    begin: impl Fn(usize) -> Option<Step>,
) -> Result<Vec<(&str, Error)>, Box<Failure>> {
    environment::check_room()?;
    let interpreter = interpreter()?;
    let threads = tokio::runtime::Runtime::new()
        .map_err(|error| Box::new(refused("the async runtime", &error)))?;
    threads.block_on(async {
        let mut builder = Runtime::builder().app(app).cache(cache_for_code());
        if let Some(wasm) = interpreter {
            builder = builder.interpreter(wasm);
        }
        let runtime = builder
            .start()
            .map_err(|error| Box::new(refused("the runtime", &error)))?;
        let mut failed = Vec::new();
        for (index, definition) in definitions.iter().enumerate() {
            let step = begin(index);
            match (runtime.prepare(&**definition).await, step) {
                (Ok(()), Some(step)) => step.end("done"),
                (Ok(()), None) => {}
                (Err(error), _) => failed.push((&**definition, error.into())),
            }
        }
        runtime.shutdown(std::time::Duration::ZERO).await;
        Ok(failed)
    })
}

fn broken(definition: &str, error: &Error) -> Failure {
    Failure {
        notes: vec![format!("in definition {definition}")],
        ..Failure::new(Exit::Failed, error.message.clone())
    }
}
