//! `warren:core/security`.

use wasmtime::{Caller, Linker};

use super::asking::{self, Asking, define};
use super::{Fault, Out, bytes_or_absent, memory_and_guest, reply, status, text};
use crate::guest::Guest;
use crate::operand::{ASKED, NAME};

const MODULE: &str = "warren:core/security@0.1.0";

pub(super) fn link(linker: &mut Linker<Guest>, asks: bool) -> wasmtime::Result<()> {
    linker.func_wrap(MODULE, "actor", actor)?;
    linker.func_wrap(MODULE, "scope", scope)?;
    define!(
        linker,
        asks,
        MODULE,
        "can",
        can,
        (a: u32, b: u32, c: u32, d: u32, e: u32, f: u32)
    );
    linker.func_wrap(MODULE, "policy", policy)?;
    linker.func_wrap(MODULE, "named-scope", named_scope)?;
    Ok(())
}

fn actor(mut caller: Caller<'_, Guest>, ptr: u32, cap: u32) -> wasmtime::Result<i32> {
    let inherited = caller.data().inherited();
    let actor = inherited.map(|i| {
        i.actor
            .as_ref()
            .map_or_else(Vec::new, |actor| actor.write())
    });
    reply(&mut caller, Out { ptr, cap }, actor.map_err(Fault::from))
}

fn scope(mut caller: Caller<'_, Guest>, ptr: u32, cap: u32) -> wasmtime::Result<i32> {
    let inherited = caller.data().inherited();
    let scope = inherited.map(|i| {
        i.scope
            .as_ref()
            .map_or_else(Vec::new, |scope| scope.write())
    });
    reply(&mut caller, Out { ptr, cap }, scope.map_err(Fault::from))
}

#[allow(
    clippy::too_many_arguments,
    reason = "the flat ABI has one parameter per number"
)]
fn can(
    caller: &mut Caller<'_, Guest>,
    action_ptr: u32,
    action_len: u32,
    resource_ptr: u32,
    resource_len: u32,
    attributes_ptr: u32,
    attributes_len: u32,
) -> wasmtime::Result<Asking> {
    let (memory, guest) = memory_and_guest(caller)?;
    let attributes = bytes_or_absent(memory, attributes_ptr, attributes_len, "attributes")?;
    let allowed = text(memory, action_ptr, action_len, "action", ASKED).and_then(|action| {
        let resource = text(memory, resource_ptr, resource_len, "resource", ASKED)?;
        Ok(guest.can(action, resource, attributes.unwrap_or_default())?)
    });
    match allowed {
        Ok(allowed) => Ok(Asking::Done(allowed.into())),
        // A question that is malformed or too long is denied.
        Err(Fault::Error(_)) => Ok(Asking::Done(0)),
        Err(Fault::Trap(trap)) => Err(trap),
        Err(Fault::Undecided(question)) => Ok(Asking::First(question)),
        Err(Fault::Elsewhere(rest)) => Ok(Asking::Elsewhere(rest)),
    }
}

fn policy(mut caller: Caller<'_, Guest>, ptr: u32, len: u32) -> wasmtime::Result<i32> {
    let (memory, guest) = memory_and_guest(&mut caller)?;
    let known = text(memory, ptr, len, "id", NAME).and_then(|id| Ok(guest.policy(id)?));
    status(guest, known.map(|()| 0))
}

fn named_scope(
    mut caller: Caller<'_, Guest>,
    id_ptr: u32,
    id_len: u32,
    ptr: u32,
    cap: u32,
) -> wasmtime::Result<i32> {
    let (memory, guest) = memory_and_guest(&mut caller)?;
    let scope = text(memory, id_ptr, id_len, "id", NAME).and_then(|id| Ok(guest.named_scope(id)?));
    reply(
        &mut caller,
        Out { ptr, cap },
        scope.map(|scope| scope.write()),
    )
}
