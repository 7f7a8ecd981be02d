//! `groups.join` and `groups.leave`: the memberships of a process.

use std::sync::Arc;

use warren_engine::capability::{Caller, Step};
use warren_engine::remote::{FarAnswer, FarAsk, FarRequest};
use warren_kernel::{Destination, Error, FarPid, MAX_NAME_BYTES, Process, text};

use crate::answer;
use crate::request::Arguments;

/// The process that joins or leaves.
enum Member {
    Here(Arc<Process>),
    /// A process of another node.
    Elsewhere(FarPid),
}

impl Member {
    fn pid(&self) -> &str {
        match self {
            Member::Here(process) => process.text(),
            Member::Elsewhere(pid) => &pid.text,
        }
    }
}

pub(super) fn join(caller: &mut dyn Caller, request: &[u8]) -> Result<Step, Error> {
    let (group, member) = operands(caller, request)?;
    permit(caller, "pg.join", group, member.pid())?;
    match member {
        Member::Here(process) => {
            caller.kernel().join_group(group, &process)?;
            Ok(changed(true))
        }
        Member::Elsewhere(to) => elsewhere(caller, group, to, true),
    }
}

pub(super) fn leave(caller: &mut dyn Caller, request: &[u8]) -> Result<Step, Error> {
    let (group, member) = operands(caller, request)?;
    permit(caller, "pg.leave", group, member.pid())?;
    match member {
        Member::Here(process) => Ok(changed(caller.kernel().leave_group(group, &process)?)),
        Member::Elsewhere(to) => elsewhere(caller, group, to, false),
    }
}

fn changed(has_changed: bool) -> Step {
    Step::Done(answer::write(|output| output.boolean(has_changed)))
}

/// Has the node of a process let it join or leave.
fn elsewhere(caller: &dyn Caller, group: &str, to: FarPid, joins: bool) -> Result<Step, Error> {
    let remote = caller.remote();
    let (remote, caller) = remote.ok_or_else(|| Error::internal("there is no other node"))?;
    let node = to.address.node.clone();
    let ask = FarAsk::Member {
        to,
        group: group.to_owned(),
        joins,
    };
    Ok(Step::wait(group.len(), move |_| async move {
        match remote.request(&node, FarRequest { caller, ask }).await? {
            FarAnswer::Number(changed) => answer::write(|output| output.boolean(changed > 0)),
            _ => Err(Error::internal(
                "the other node gave an answer of another kind",
            )),
        }
    }))
}

/// Reads a group and a PID; without the PID, the process is the caller itself.
fn operands<'a>(caller: &dyn Caller, request: &'a [u8]) -> Result<(&'a str, Member), Error> {
    let mut arguments = Arguments::new(request)?;
    let group = arguments.text("group")?;
    let Some(pid) = arguments.text_or_nil("pid")? else {
        return Ok((group, Member::Here(Arc::clone(caller.process()))));
    };
    match Destination::parse(pid)? {
        Destination::Pid { .. } | Destination::Clustered { .. } => {
            let member = match caller.kernel().resolve(pid) {
                Ok(process) => Member::Here(process),
                Err(absent) => Member::Elsewhere(of_another_node(caller, pid).ok_or(absent)?),
            };
            Ok((group, member))
        }
        // Most likely a typing error.
        Destination::Name(name) => Err(Error::invalid(format!(
            "cannot take the name `{}` for a process: give its PID, like {{app:processes|0x00001}}",
            text::line(name)
        ))),
    }
}

/// Returns the process with a PID that is of another node of the cluster.
fn of_another_node(caller: &dyn Caller, pid: &str) -> Option<FarPid> {
    let (remote, _) = caller.remote()?;
    let pid = FarPid::parse(pid)?;
    (!pid.is_of(remote.node())).then_some(pid)
}

/// Asks for the permission on a group. A policy finds the process in the attribute
/// `target`.
fn permit(caller: &mut dyn Caller, action: &str, group: &str, target: &str) -> Result<(), Error> {
    // The kernel refuses a longer name.
    if group.len() > MAX_NAME_BYTES {
        return Ok(());
    }
    caller.permit(action, group, &[("target", target)])
}
