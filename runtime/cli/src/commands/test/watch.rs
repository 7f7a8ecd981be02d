//! `--watch`: the tests again whenever the files of the program have changed.

use warren::app::{Seen, Watcher};

use super::{TestArgs, open, round};
use crate::exit::Exit;
use crate::report::failure::{Failure, Failures, print};
use crate::report::refused::refused;
use crate::report::warning::Warnings;
use crate::signals::Signals;

/// Runs the tests until a signal ends the command, or its reader is gone. A program that
/// cannot be opened is told of, and opened again once its files have changed.
pub(super) fn rounds(args: &TestArgs, warnings: Warnings) -> Result<Exit, Failures> {
    let app = open(args)?;
    let mut watcher = app.watcher().map_err(not_watched)?;
    let mut app = Some(app);
    let tokio = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| vec![refused("the async runtime", &error)])?;
    let mut signals = tokio
        .block_on(async { Signals::catch() })
        .map_err(|error| Box::new(refused("signal handling", &error)))?;
    loop {
        let ended = match app.take().map_or_else(|| open(args), Ok) {
            Ok(app) => watcher
                .follow(&app)
                .map_err(not_watched)
                .and_then(|()| round(app, args, warnings)),
            Err(failures) => Err(failures),
        };
        match ended {
            Ok(exit @ (Exit::Interrupted | Exit::Terminated | Exit::BrokenPipe)) => {
                return Ok(exit);
            }
            Ok(_) => {}
            Err(failures) => {
                print(failures.as_slice());
            }
        }
        warnings.note("--watch: waiting for changes, until Ctrl-C");
        if let Some(exit) = tokio.block_on(change(&mut watcher, &mut signals))? {
            return Ok(exit);
        }
    }
}

/// Waits until the files have changed. Returns the exit of the command if a signal ends it
/// before.
async fn change(watcher: &mut Watcher, signals: &mut Signals) -> Result<Option<Exit>, Failures> {
    loop {
        tokio::select! {
            biased;
            stop = signals.next() => return Ok(Some(stop.exit())),
            () = tokio::time::sleep(watcher.interval()) => {}
        }
        if watcher.look().map_err(not_watched)? == Seen::Changed {
            return Ok(None);
        }
    }
}

fn not_watched(error: impl std::fmt::Display) -> Failures {
    Failure::new(Exit::Usage, format!("--watch: {error}")).into()
}
