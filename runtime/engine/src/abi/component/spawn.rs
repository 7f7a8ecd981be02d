//! The operands of `spawn` and `exec` of `process`.

use std::sync::Arc;

use warren_kernel::Error;

use super::bindings::warren::process as wit;
use super::named;
use crate::codec::check;
use crate::guest::aside::AT_ONCE;
use crate::guest::{self, Guest, Mistake, Start};
use crate::security::{Actor, Scope};

/// Checks the operands of a spawn or exec, and makes a start of them. Long options
/// are checked off the worker.
pub(super) async fn start_of(
    guest: &Guest,
    definition: String,
    host: String,
    arguments: Vec<u8>,
    options: wit::process::SpawnOptions,
) -> Result<Start, Error> {
    named("definition", &definition)?;
    named("host", &host)?;
    let mut start = Start::with_arguments(definition, host, arguments.into());
    let context = options.context.as_ref().map_or(0, Vec::len);
    let meta = options.actor.as_ref().map_or(0, |actor| actor.meta.len());
    let messages: usize = options.messages.iter().map(|m| m.payload.len()).sum();
    if context + meta + messages <= AT_ONCE {
        return set_options(&mut start, options).map(|()| start);
    }
    let shared = Arc::clone(&guest.shared);
    let host = Arc::clone(guest.process()?.host());
    let aside = async move {
        let permit = shared.permit_aside(&host).await;
        let set = move || set_options(&mut start, options).map(|()| start);
        shared.aside(permit, set).await
    };
    guest.control.outside(aside).await?
}

fn set_options(start: &mut Start, options: wit::process::SpawnOptions) -> Result<(), Error> {
    let wrong = |place: &str, why| Mistake::of(place, why).refusal();
    if let Some(bytes) = &options.context {
        check::map(bytes).map_err(|why| wrong("context", why))?;
        let context = guest::read_context(bytes);
        start.context = context.map_err(|mistake| mistake.at("context").refusal())?;
    }
    if let Some(actor) = options.actor {
        check::map(&actor.meta).map_err(|why| wrong("actor.meta", why))?;
        start.identity.actor = Some(Arc::new(Actor {
            id: actor.id,
            meta: actor.meta.into(),
        }));
    }
    start.identity.scope = options.scope.map(|scope| {
        Arc::new(Scope {
            policies: scope.policies,
        })
    });
    start.name = options.name;
    for message in options.messages {
        check::values(&message.payload).map_err(|why| wrong("messages", why))?;
        start.messages.push((message.topic, message.payload.into()));
    }
    Ok(())
}
