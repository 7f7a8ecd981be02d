//! `warren terminate`: ends processes of a running program at once.

use clap::Args;

use crate::control::Request;
use crate::control::args::{ControlArgs, TargetArgs};
use crate::exit::Exit;
use crate::report::failure::Failure;

/// The options of `warren terminate`.
#[derive(Debug, Args)]
#[command(
    after_help = "Exit status: 0; 1 if the program cannot be reached, refuses the request, or has \
                  processes of the host left after 10 s; 2 for a wrong command line."
)]
pub(crate) struct TerminateArgs {
    #[command(flatten)]
    pub(crate) target: TargetArgs,
    #[command(flatten)]
    pub(crate) control: ControlArgs,
}

/// Ends a process, or all of a host.
pub(crate) fn terminate(args: &TerminateArgs) -> Result<Exit, Box<Failure>> {
    let mut client = args.control.connect()?;
    match &args.target.process {
        Some(process) => client.demand::<()>(&Request::Terminate {
            process: process.clone(),
        })?,
        None => {
            client.demand::<usize>(&Request::TerminateHosts {
                hosts: args.target.host.clone(),
            })?;
        }
    }
    Ok(Exit::Success)
}
