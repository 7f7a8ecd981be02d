//! The `warren` command: runs programs of many small isolated processes.

#[cfg(unix)]
mod act;
mod args;
mod arguments;
mod build;
mod check;
#[cfg(unix)]
mod control;
mod diagnostics;
mod doctor;
mod ending;
mod exit;
mod inspect;
mod logging;
mod new;
mod opening;
mod output;
mod policy;
mod progress;
#[cfg(unix)]
mod ps;
#[cfg(unix)]
mod quantity;
mod run;
mod signals;
#[cfg(unix)]
mod top;

use std::process::ExitCode;

use args::{Cli, Command};

fn main() -> ExitCode {
    let cli = match Cli::read(std::env::args_os()) {
        Ok(cli) => cli,
        // Help and version also come this way, and end with 0.
        Err(error) => error.exit(),
    };
    if let Err(failure) = logging::start(cli.log.log.as_deref(), cli.log.log_format) {
        return diagnostics::report(&[*failure]).into();
    }
    let ended = match cli.command {
        Command::Run(run) => run::run(&run),
        Command::New(new) => new::new(&new).map_err(|failure| vec![*failure]),
        Command::Build(build) => build::build(&build).map_err(|failure| vec![*failure]),
        Command::Check(check) => check::check(&check),
        Command::Inspect(inspect) => inspect::inspect(&inspect),
        Command::Policy(policy) => policy::policy(&policy.command),
        Command::Doctor(doctor) => doctor::run(&doctor),
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
    };
    match ended {
        Ok(exit) => exit.into(),
        Err(failures) => diagnostics::report(&failures).into(),
    }
}
