//! `events.subscribe` and the end of a subscription.

use std::sync::Arc;

use warren_engine::capability::{Answer, Caller};
use warren_kernel::{Error, Kind, Subscription, text};

use super::bus::{Bus, OfProcess, Patterns};
use super::pattern::Pattern;
use super::{OF_RUNTIME, check_text};
use crate::answer;
use crate::limit::check_name_length;
use crate::request::{Arguments, subscription};

const ACTION: &str = "events.subscribe";

pub(super) fn subscribe(bus: &Arc<Bus>, caller: &mut dyn Caller, request: &[u8]) -> Answer {
    let mut arguments = Arguments::new(request)?;
    let system = arguments.text("system")?;
    let kind = arguments.text_or_nil("kind")?.unwrap_or_default();
    check_text("system", system)?;
    check_name_length("kind", kind)?;
    if system.starts_with(OF_RUNTIME) && !caller.is_judged() {
        return Err(not_permitted(system));
    }
    caller.permit(ACTION, system, &[])?;
    let process = Arc::clone(caller.process());
    let open = caller.kept().state(|| OfProcess::new(bus, &process))?;
    let Subscription(number) = open.subscribe(Patterns {
        system: Pattern::new(system),
        kind: match kind {
            "" => Pattern::Prefix("".into()),
            kind => Pattern::new(kind),
        },
    })?;
    answer::write(|output| output.integer(number.into()))
}

pub(super) fn close(caller: &mut dyn Caller, request: &[u8]) -> Answer {
    let subscription = subscription(request)?;
    if let Some(open) = caller.kept().find::<OfProcess>() {
        open.close(subscription);
    }
    answer::write(|output| output.boolean(true))
}

/// Makes the error of a subscription to the runtime's events without policies: it needs
/// a policy that permits it.
fn not_permitted(system: &str) -> Error {
    let resource = text::line(system);
    Error::new(
        Kind::PermissionDenied,
        format!("not allowed: {ACTION} on {resource}: no policy permits it"),
    )
    .retryable(false)
    .with("action", ACTION)
    .with("resource", system)
}
