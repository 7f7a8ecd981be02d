//! The capability `groups`: groups of processes under a name, which the kernel keeps
//! beside the names of processes.
//!
//! A large group is read in parts. The first part is done where guests run; the rest is
//! work with a permit of the host, so that a group of any size takes no turn of others.

mod broadcast;
mod list;
mod member;
mod monitor;
#[cfg(test)]
mod tests;

use warren_engine::capability::{Caller, Capability, Step};

use crate::limit::check_name_length;
use list::Of;

/// See [the module](self).
pub(crate) struct Groups;

impl Capability for Groups {
    fn name(&self) -> &'static str {
        "groups"
    }

    fn call(&self, caller: &mut dyn Caller, operation: &str, request: &[u8]) -> Step {
        let step = match operation {
            "join" => member::join(caller, request),
            "leave" => member::leave(caller, request),
            "members" => list::members(caller, request, Of::AllNodes),
            "local_members" => list::members(caller, request, Of::ThisNode),
            "names" => list::names(caller, request, Of::AllNodes),
            "local_names" => list::names(caller, request, Of::ThisNode),
            "broadcast" => broadcast::broadcast(caller, request, Of::AllNodes),
            "broadcast_local" => broadcast::broadcast(caller, request, Of::ThisNode),
            "monitor" => monitor::monitor(caller, request),
            "monitor_all" => monitor::monitor_all(caller, request),
            "close" => monitor::close(caller, request).map(|answer| Step::Done(Ok(answer))),
            _ => return Step::Unknown,
        };
        step.unwrap_or_else(|error| Step::Done(Err(error)))
    }
}

/// The members that are read at a time.
const PART: usize = 128;

/// Refuses a prefix of names that is longer than a name.
fn check_prefix(prefix: &str) -> Result<(), warren_kernel::Error> {
    check_name_length("prefix", prefix)
}
