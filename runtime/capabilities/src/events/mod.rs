//! The capability `events`: news for whoever subscribes, on one node or on all nodes of the
//! cluster, at best effort.
//!
//! A subscription is a feed of its process: a queue of the kernel's that holds what comes
//! until the process reads it. A full one loses events, and the next event that it takes
//! says how many. A send locks nothing but the matching subscriptions, one after the
//! other, and never waits for a reader.
//!
//! ```text
//!  send ──> Bus: systems ─ kinds ─ subscribers ──> Process::feed ──> the process's queue
//!                (exact texts hashed, prefixes ordered)
//! ```

mod bus;
mod item;
mod pattern;
mod send;
mod subscribe;

use std::sync::Arc;

use warren_engine::capability::{Caller, Capability, Step};
use warren_engine::remote::FarEvent;
use warren_kernel::{Error, Monotonic};

use bus::Bus;

use crate::limit::check_name_length;

/// See [the module](self).
#[derive(Default)]
pub(crate) struct Events(Arc<Bus>);

impl Capability for Events {
    fn name(&self) -> &'static str {
        "events"
    }

    fn call(&self, caller: &mut dyn Caller, operation: &str, request: &[u8]) -> Step {
        Step::Done(match operation {
            "subscribe" => subscribe::subscribe(&self.0, caller, request),
            "close" => subscribe::close(caller, request),
            "send" => send::send(&self.0, caller, request),
            _ => return Step::Unknown,
        })
    }

    fn far_event(&self, node: &str, event: &FarEvent<'_>, now: Monotonic) {
        // A node that sends another event is of another version, or means harm.
        let _ = send::send_far(&self.0, node, event, now);
    }
}

/// The beginning of the names of the runtime's own systems.
const OF_RUNTIME: &str = "warren.";

/// Refuses a text that is empty, or longer than a name.
fn check_text(name: &str, text: &str) -> Result<(), Error> {
    if text.is_empty() {
        return Err(Error::invalid(format!("{name} is empty")));
    }
    check_name_length(name, text)
}

#[cfg(test)]
mod tests;
