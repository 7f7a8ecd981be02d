//! `warren cancel`, `warren terminate` and `warren send`: operations on
//! processes.

use crate::control::Request;
use crate::control::args::{CancelArgs, SendArgs, TerminateArgs};
use crate::diagnostics::Failure;
use crate::exit::Exit;

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

/// Sends a message.
pub(crate) fn send(args: &SendArgs) -> Result<Exit, Box<Failure>> {
    args.control.connect()?.demand::<()>(&Request::Send {
        process: args.process.clone(),
        topic: args.topic.clone(),
        value: args.value.clone(),
    })?;
    Ok(Exit::Success)
}
