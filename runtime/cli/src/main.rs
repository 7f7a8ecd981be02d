//! The `warren` command: runs programs of many small isolated processes.

#[cfg(unix)]
mod act;
mod args;
mod arguments;
mod build;
mod check;
mod completions;
#[cfg(unix)]
mod control;
mod diagnostics;
mod doctor;
mod ending;
mod exit;
mod inspect;
mod logging;
mod man;
mod new;
mod opening;
mod output;
mod panics;
mod plain;
mod policy;
mod progress;
#[cfg(unix)]
mod ps;
#[cfg(unix)]
mod quantity;
mod run;
mod signals;
mod stderr;
mod stdout;
mod system;
#[cfg(unix)]
mod top;

use std::cell::Cell;
use std::io::{self, Write};
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::time::Duration;

use args::{Cli, Command};
use diagnostics::Failure;
use exit::Exit;
use warren::text;

fn main() -> ExitCode {
    // A command waits for the reader of its messages; `run` waits for its
    // `--grace`.
    let patience = Cell::new(None);
    let exit = panics::guard(AssertUnwindSafe(|| {
        command(&patience).unwrap_or_else(|failures| diagnostics::report(&failures))
    }));
    stderr::finish(patience.get());
    exit.into()
}

/// Even `--grace 0s` leaves time for the last messages.
const LAST_WORDS: Duration = Duration::from_secs(1);

fn command(patience: &Cell<Option<Duration>>) -> Result<Exit, Vec<Failure>> {
    let cli = match Cli::read(std::env::args_os()) {
        Ok(cli) => cli,
        Err(error) => return told_by_clap(&error).map_err(|failure| vec![*failure]),
    };
    logging::start(cli.log.log.as_deref(), cli.log.log_format).map_err(|failure| vec![*failure])?;
    if let Command::Run(run) = &cli.command {
        patience.set(Some(run.grace.max(LAST_WORDS)));
    }
    match cli.command {
        Command::Run(run) => run::run(&run),
        Command::New(new) => new::new(&new).map_err(|failure| vec![*failure]),
        Command::Build(build) => build::build(&build).map_err(|failure| vec![*failure]),
        Command::Check(check) => check::check(&check),
        Command::Inspect(inspect) => inspect::inspect(&inspect),
        Command::Policy(policy) => policy::policy(&policy.command),
        Command::Doctor(doctor) => doctor::run(&doctor),
        Command::Completions(args) => completions::print(&args).map_err(|failure| vec![*failure]),
        Command::Man(args) => man::write(&args).map_err(|failure| vec![*failure]),
        #[cfg(unix)]
        Command::Ps(ps) => ps::ps(&ps).map_err(|failure| vec![*failure]),
        #[cfg(unix)]
        Command::Top(top) => top::top(&top).map_err(|failure| vec![*failure]),
        #[cfg(unix)]
        Command::Cancel(cancel) => act::cancel(&cancel).map_err(|failure| vec![*failure]),
        #[cfg(unix)]
        Command::Terminate(terminate) => {
            act::terminate(&terminate).map_err(|failure| vec![*failure])
        }
        #[cfg(unix)]
        Command::Send(send) => act::send(&send).map_err(|failure| vec![*failure]),
    }
}

/// Prints an error of the command line; help and version come this way, too. An
/// error that quotes control characters is shown as any other failure.
fn told_by_clap(error: &clap::Error) -> Result<Exit, Box<Failure>> {
    if error.use_stderr() {
        let rendered = error.render().to_string();
        let is_plain = |line: &str| text::line(line).to_string() == line;
        if !rendered.lines().all(is_plain) {
            let mut lines = rendered.lines();
            let first = lines.next().unwrap_or_default();
            return Err(Box::new(Failure {
                notes: lines.map(str::to_owned).collect(),
                ..Failure::new(Exit::Usage, first.trim_start_matches("error: "))
            }));
        }
        // If standard error is closed, nobody reads the message.
        let _ = error.print();
        return Ok(Exit::Usage);
    }
    let printed = error.print().and_then(|()| io::stdout().flush());
    stdout::settle(printed, Exit::Success)
}
