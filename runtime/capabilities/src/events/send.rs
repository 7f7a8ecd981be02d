//! `events.send`: an event for whoever subscribes, and the events of other nodes.

use warren_engine::capability::{Answer, Caller};
use warren_engine::remote::FarEvent;
use warren_kernel::{Error, Monotonic, text};

use super::bus::Bus;
use super::item::Item;
use super::{OF_RUNTIME, check_text};
use crate::answer;
use crate::limit::beyond;
use crate::request::Arguments;

/// Nil, encoded.
const NIL: &[u8] = &[0xc0];

/// Characters of a wrong scope in a message.
const SHOWN: usize = 100;

pub(super) fn send(bus: &Bus, caller: &mut dyn Caller, request: &[u8]) -> Answer {
    let mut arguments = Arguments::new(request)?;
    let system = arguments.text("system")?;
    let kind = arguments.text("kind")?;
    let path = arguments.text("path")?;
    let data = arguments.value()?;
    let is_for_all = is_for_all_nodes(&mut arguments)?;
    check(system, kind, path)?;
    caller.permit("events.send", system, &[])?;
    let data = (data != NIL).then_some(data);
    let item = Item::new([system, kind, path], data, None)?;
    check_size(&item, caller)?;
    bus.send(&item, system, kind, caller.kernel().clock());
    if is_for_all && let Some((remote, far_caller)) = caller.remote() {
        let event = FarEvent {
            system,
            kind,
            path,
            data,
        };
        remote.event(far_caller, &event);
    }
    answer::write(|output| output.boolean(true))
}

/// Queues an event of a process of another node. The subscriptions of a host take no event that
/// is larger than a message of the host.
///
/// # Errors
///
/// `Invalid` for texts that no event has.
pub(super) fn send_far(
    bus: &Bus,
    node: &str,
    event: &FarEvent<'_>,
    now: Monotonic,
) -> Result<(), Error> {
    let FarEvent {
        system,
        kind,
        path,
        data,
    } = *event;
    check(system, kind, path)?;
    let item = Item::new([system, kind, path], data, Some(node))?;
    bus.send(&item, system, kind, now);
    Ok(())
}

/// Reads the options. Returns true if the event is for all nodes of the cluster.
fn is_for_all_nodes(arguments: &mut Arguments<'_>) -> Result<bool, Error> {
    let mut options = arguments.fields("options")?;
    let scope = options.text_or_nil("scope")?;
    options.end()?;
    match scope {
        None | Some("local") => Ok(false),
        Some("cluster") => Ok(true),
        Some(other) => Err(Error::invalid(format!(
            "options.scope is `{}`: write \"cluster\" or \"local\"",
            text::clipped(other, SHOWN)
        ))),
    }
}

fn check(system: &str, kind: &str, path: &str) -> Result<(), Error> {
    check_text("system", system)?;
    check_text("kind", kind)?;
    check_text("path", path)?;
    if system.starts_with(OF_RUNTIME) {
        return Err(Error::invalid(format!(
            "cannot send as {}: systems that begin with {OF_RUNTIME} are the runtime's",
            text::line(system)
        )));
    }
    Ok(())
}

/// Refuses an event that is larger than a message of the sender's host.
fn check_size(item: &Item<'_>, caller: &dyn Caller) -> Result<(), Error> {
    let host = caller.process().host();
    let limit = host.config().max_message;
    if item.bytes() <= limit {
        return Ok(());
    }
    let message = format!(
        "event too large: {} bytes are more than max_message = {limit} of host {}",
        item.bytes(),
        host.name()
    );
    let error = beyond("max_message", limit, message);
    Err(error
        .in_host(host.name())
        .with("bytes", item.bytes() as u64))
}
