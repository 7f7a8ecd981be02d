//! `warren cancel`, `warren terminate` and `warren send`: operations on
//! processes.

use crate::control::Request;
use crate::control::args::{CancelArgs, SendArgs, TerminateArgs};
use crate::diagnostics::Failure;
use crate::exit::Exit;

/// Asks a process to end.
pub(crate) fn cancel(args: &CancelArgs) -> Result<Exit, Box<Failure>> {
    args.control.connect()?.demand::<()>(&Request::Cancel {
        process: args.process.clone(),
        within_ms: u64::try_from(args.within.as_millis()).unwrap_or(u64::MAX),
    })?;
    Ok(Exit::Success)
}

/// Ends a process.
pub(crate) fn terminate(args: &TerminateArgs) -> Result<Exit, Box<Failure>> {
    args.control.connect()?.demand::<()>(&Request::Terminate {
        process: args.process.clone(),
    })?;
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
