//! `warren cancel`: asks processes of a running program to end.

use std::time::Duration;

use clap::Args;
use warren::app::parse_duration;

use crate::control::Request;
use crate::control::args::{ControlArgs, TargetArgs};
use crate::exit::Exit;
use crate::report::failure::Failure;

/// The options of `warren cancel`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0; 1 if the program cannot be reached, or refuses the request; 2 \
                  for a wrong command line."
)]
pub(crate) struct CancelArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    /// Time after which a process is terminated if it has not ended
    #[arg(long, value_name = "DURATION", default_value = "5s", value_parser = parse_duration)]
    pub(crate) within: Duration,
    #[command(flatten)]
    pub(crate) control: ControlArgs,
}

/// Asks a process, or all of a host, to end.
pub(crate) fn cancel(args: &CancelArgs) -> Result<Exit, Box<Failure>> {
    let within_ms = u64::try_from(args.within.as_millis()).unwrap_or(u64::MAX);
    let mut client = args.control.connect()?;
    match &args.target.process {
        Some(process) => client.demand::<()>(&Request::Cancel {
            process: process.clone(),
            within_ms,
        })?,
        None => {
            client.demand::<usize>(&Request::CancelHosts {
                hosts: args.target.host.clone(),
                within_ms,
            })?;
        }
    }
    Ok(Exit::Success)
}
