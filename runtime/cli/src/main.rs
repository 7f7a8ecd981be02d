//! The `warren` command: runs programs of many small isolated processes.

mod arguments;
mod buildable;
mod command_line;
mod commands;
#[cfg(unix)]
mod control;
mod environment;
mod exit;
mod lint;
mod lua_api;
mod lua_types;
mod plain_file;
#[cfg(unix)]
mod prompt;
mod report;
mod sdk;
mod signals;
mod toolchain;

use std::cell::Cell;
use std::io::{self, Write};
use std::panic::AssertUnwindSafe;
use std::process::ExitCode;
use std::time::Duration;

use clap::CommandFactory;
use command_line::Cli;
use commands::{
    Command, build, check, completions, data, doctor, inspect, man, new, policy, run, serve, test,
    types,
};
#[cfg(unix)]
use commands::{apply, attach, cancel, cluster, metrics, ps, reload, repl, send, terminate, top};
use exit::Exit;
use report::failure::{self, Failure, Failures};
use report::warning::Warnings;
use report::{log, panics, stderr, stdout};
use warren::text;

fn main() -> ExitCode {
    // A command waits for the reader of its messages; `run` waits for its
    // `--grace`.
    let patience = Cell::new(None);
    let exit = panics::guard(AssertUnwindSafe(|| {
        command(&patience).unwrap_or_else(|failures| failure::print(failures.as_slice()))
    }));
    stderr::finish(patience.get());
    exit.into()
}

/// Even `--grace 0s` leaves time for the last messages.
const LAST_WORDS: Duration = Duration::from_secs(1);

fn command(patience: &Cell<Option<Duration>>) -> Result<Exit, Failures> {
    stdout::check()?;
    let cli = match Cli::read(std::env::args_os()) {
        Ok(cli) => cli,
        Err(error) => return Ok(told_by_clap(&error)?),
    };
    log::start(&cli.log)?;
    if let Some(run) = cli.command.as_run() {
        patience.set(Some(run.grace.max(LAST_WORDS)));
    }
    let exit = match cli.command {
        Command::Run(args) => {
            let warnings = Warnings::beside(cli.log.log_format);
            run::run(&args, run::Mode::Run, warnings)?
        }
        Command::Serve(args) => serve::serve(&args, Warnings::beside(cli.log.log_format))?,
        Command::Test(args) => test::test(&args, Warnings::beside(cli.log.log_format))?,
        Command::New(args) => new::new(&args)?,
        Command::Build(args) => build::build(&args, Warnings::beside(cli.log.log_format))?,
        Command::Check(args) => check::check(&args, Warnings::beside(cli.log.log_format))?,
        Command::Inspect(args) => inspect::inspect(&args)?,
        Command::Policy(args) => policy::policy(&args.command)?,
        Command::Doctor(args) => doctor::doctor(&args)?,
        Command::Data(args) => data::data(&args.command)?,
        Command::Types(args) => types::write(&args)?,
        Command::Completions(args) => completions::print(&args, Cli::command())?,
        Command::Man(args) => man::write(&args, Cli::command())?,
        #[cfg(unix)]
        Command::Cluster(command) => cluster::cluster(&command)?,
        #[cfg(unix)]
        Command::Ps(args) => ps::ps(&args)?,
        #[cfg(unix)]
        Command::Top(args) => top::top(&args)?,
        #[cfg(unix)]
        Command::Metrics(args) => metrics::metrics(&args)?,
        #[cfg(unix)]
        Command::Cancel(args) => cancel::cancel(&args)?,
        #[cfg(unix)]
        Command::Terminate(args) => terminate::terminate(&args)?,
        #[cfg(unix)]
        Command::Send(args) => send::send(&args)?,
        #[cfg(unix)]
        Command::Repl(args) => repl::repl(&args, Warnings::beside(cli.log.log_format))?,
        #[cfg(unix)]
        Command::Attach(args) => attach::attach(&args)?,
        #[cfg(unix)]
        Command::Reload(args) => reload::reload(&args)?,
        #[cfg(unix)]
        Command::Apply(args) => apply::apply(&args)?,
    };
    Ok(exit)
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
