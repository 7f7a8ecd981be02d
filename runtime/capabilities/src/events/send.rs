//! `events.send`: an event for whoever subscribes.

use warren_engine::capability::{Answer, Caller};
use warren_kernel::{Error, text};

use super::bus::Bus;
use super::item::Item;
use super::{OF_RUNTIME, check_text};
use crate::answer;
use crate::limit::beyond;
use crate::request::Arguments;

/// Nil, encoded.
const NIL: &[u8] = &[0xc0];

pub(super) fn send(bus: &Bus, caller: &mut dyn Caller, request: &[u8]) -> Answer {
    let mut arguments = Arguments::new(request)?;
    let system = arguments.text("system")?;
    let kind = arguments.text("kind")?;
    let path = arguments.text("path")?;
    let data = arguments.value()?;
    check_text("system", system)?;
    check_text("kind", kind)?;
    check_text("path", path)?;
    if system.starts_with(OF_RUNTIME) {
        return Err(Error::invalid(format!(
            "cannot send as {}: systems that begin with {OF_RUNTIME} are the runtime's",
            text::line(system)
        )));
    }
    caller.permit("events.send", system, &[])?;
    let data = (data != NIL).then_some(data);
    let item = Item::new([system, kind, path], data)?;
    check_size(&item, caller)?;
    bus.send(&item, system, kind, caller.kernel().clock());
    answer::write(|output| output.boolean(true))
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
