//! `warren check`: checks of a program that do not run it.

use warren::app::{App, AppOptions, Survey};
use warren::{Error, Runtime};

use crate::args::CheckArgs;
use crate::diagnostics::Failure;
use crate::exit::Exit;
use crate::opening;
use crate::run::{cache_for_code, interpreter};
use crate::stdout;
use crate::system::{self, refused};

/// Opens the program as `run` does, then compiles all of it.
pub(crate) fn check(args: &CheckArgs) -> Result<Exit, Vec<Failure>> {
    let options = AppOptions::default();
    let app = App::open(&args.path, options).map_err(|error| opening::failures(&error))?;
    let definitions = app.survey();
    let failed: Vec<Failure> = compile(app, &definitions)
        .map_err(|failure| vec![*failure])?
        .into_iter()
        .map(|(definition, error)| broken(definition, &error))
        .collect();
    if !failed.is_empty() {
        return Err(failed);
    }
    let count = definitions.len();
    let s = if count == 1 { "" } else { "s" };
    let text = format!("{count} definition{s}, nothing wrong\n");
    stdout::print(&text, Exit::Success).map_err(|failure| vec![*failure])
}

/// Compiles definitions of a program; returns those that fail.
pub(crate) fn compile(
    app: App,
    definitions: &[Survey],
) -> Result<Vec<(&Survey, Error)>, Box<Failure>> {
    system::check_room()?;
    let interpreter = interpreter()?;
    let threads = tokio::runtime::Runtime::new()
        .map_err(|error| Box::new(refused("the event loop", &error)))?;
    threads.block_on(async {
        let mut builder = Runtime::builder().app(app).cache(cache_for_code());
        if let Some(wasm) = interpreter {
            builder = builder.interpreter(wasm);
        }
        let runtime = builder
            .start()
            .map_err(|error| Box::new(refused("the runtime", &error)))?;
        let mut failed = Vec::new();
        for definition in definitions {
            if let Err(error) = runtime.check(definition).await {
                failed.push((definition, error));
            }
        }
        runtime.shutdown(std::time::Duration::ZERO).await;
        Ok(failed)
    })
}

fn broken(definition: &Survey, error: &Error) -> Failure {
    Failure {
        notes: vec![format!("in definition {}", definition.id)],
        ..Failure::new(Exit::Failed, error.message.clone())
    }
}
