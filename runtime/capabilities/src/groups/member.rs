//! `groups.join` and `groups.leave`: the memberships of a process.

use std::sync::Arc;

use warren_engine::capability::{Answer, Caller};
use warren_kernel::{Destination, Error, MAX_NAME_BYTES, Process, text};

use crate::answer;
use crate::request::Arguments;

pub(super) fn join(caller: &mut dyn Caller, request: &[u8]) -> Answer {
    let (group, process) = operands(caller, request)?;
    permit(caller, "pg.join", group, &process)?;
    caller.kernel().join_group(group, &process)?;
    answer::write(|output| output.boolean(true))
}

pub(super) fn leave(caller: &mut dyn Caller, request: &[u8]) -> Answer {
    let (group, process) = operands(caller, request)?;
    permit(caller, "pg.leave", group, &process)?;
    let left = caller.kernel().leave_group(group, &process)?;
    answer::write(|output| output.boolean(left))
}

/// Reads a group and a PID; without the PID, the process is the caller itself.
fn operands<'a>(caller: &dyn Caller, request: &'a [u8]) -> Result<(&'a str, Arc<Process>), Error> {
    let mut arguments = Arguments::new(request)?;
    let group = arguments.text("group")?;
    let Some(pid) = arguments.text_or_nil("pid")? else {
        return Ok((group, Arc::clone(caller.process())));
    };
    match Destination::parse(pid)? {
        Destination::Pid { .. } | Destination::Clustered { .. } => {
            Ok((group, caller.kernel().resolve(pid)?))
        }
        // Most likely a typing error.
        Destination::Name(name) => Err(Error::invalid(format!(
            "cannot take the name `{}` for a process: give its PID, like {{app:processes|0x00001}}",
            text::line(name)
        ))),
    }
}

/// Asks for the permission on a group. A policy finds the process in the attribute
/// `target`.
fn permit(
    caller: &mut dyn Caller,
    action: &str,
    group: &str,
    process: &Process,
) -> Result<(), Error> {
    // The kernel refuses a longer name.
    if group.len() > MAX_NAME_BYTES {
        return Ok(());
    }
    caller.permit(action, group, &[("target", process.text())])
}
