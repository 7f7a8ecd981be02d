//! `warren:core/registry`, `context` and `security`.

use wasmtime::{Caller, Linker};

use super::asking::{self, Asking, define};
use super::{Out, bytes_or_absent, memory_and_guest, reply, status, text, text_or_absent};
use crate::guest::Guest;
use crate::security::Refusal;

const REGISTRY: &str = "warren:core/registry@0.1.0";
const CONTEXT: &str = "warren:core/context@0.1.0";
const SECURITY: &str = "warren:core/security@0.1.0";

pub(super) fn link(linker: &mut Linker<Guest>, asks: bool) -> wasmtime::Result<()> {
    define!(
        linker,
        asks,
        REGISTRY,
        "register",
        register,
        (a: u32, b: u32, c: u32, d: u32)
    );
    linker.func_wrap(REGISTRY, "lookup", lookup)?;
    define!(
        linker,
        asks,
        REGISTRY,
        "unregister",
        unregister,
        (a: u32, b: u32)
    );
    linker.func_wrap(CONTEXT, "get", get)?;
    linker.func_wrap(CONTEXT, "all", all)?;
    linker.func_wrap(SECURITY, "actor", actor)?;
    linker.func_wrap(SECURITY, "scope", scope)?;
    define!(
        linker,
        asks,
        SECURITY,
        "can",
        can,
        (a: u32, b: u32, c: u32, d: u32, e: u32, f: u32)
    );
    linker.func_wrap(SECURITY, "policy", policy)?;
    linker.func_wrap(SECURITY, "named-scope", named_scope)?;
    Ok(())
}

fn register(
    caller: &mut Caller<'_, Guest>,
    name_ptr: u32,
    name_len: u32,
    pid_ptr: u32,
    pid_len: u32,
) -> wasmtime::Result<Asking> {
    let (memory, guest) = memory_and_guest(caller)?;
    let name = text(memory, name_ptr, name_len, "name")?;
    let target = text_or_absent(memory, pid_ptr, pid_len, "target")?;
    let registered = guest.register(name, target);
    Asking::status(guest, registered.map(|()| 0))
}

fn lookup(
    mut caller: Caller<'_, Guest>,
    name_ptr: u32,
    name_len: u32,
    ptr: u32,
    cap: u32,
) -> wasmtime::Result<i32> {
    let (memory, guest) = memory_and_guest(&mut caller)?;
    let pid = guest.lookup(text(memory, name_ptr, name_len, "name")?);
    reply(
        &mut caller,
        Out { ptr, cap },
        pid.map(|pid| pid.as_bytes().to_vec()),
    )
}

fn unregister(caller: &mut Caller<'_, Guest>, ptr: u32, len: u32) -> wasmtime::Result<Asking> {
    let (memory, guest) = memory_and_guest(caller)?;
    let was_taken = guest.unregister(text(memory, ptr, len, "name")?);
    Asking::status(guest, was_taken.map(u32::from))
}

fn get(
    mut caller: Caller<'_, Guest>,
    key_ptr: u32,
    key_len: u32,
    ptr: u32,
    cap: u32,
) -> wasmtime::Result<i32> {
    let (memory, guest) = memory_and_guest(&mut caller)?;
    let key = text(memory, key_ptr, key_len, "key")?;
    let value = guest
        .inherited()
        .map(|inherited| match inherited.context.get(key) {
            Some(value) => value.to_vec(),
            None => Vec::new(),
        });
    reply(&mut caller, Out { ptr, cap }, value)
}

fn all(mut caller: Caller<'_, Guest>, ptr: u32, cap: u32) -> wasmtime::Result<i32> {
    let context = caller.data().context();
    reply(&mut caller, Out { ptr, cap }, context)
}

fn actor(mut caller: Caller<'_, Guest>, ptr: u32, cap: u32) -> wasmtime::Result<i32> {
    let inherited = caller.data().inherited();
    let actor = inherited.map(|i| {
        i.actor
            .as_ref()
            .map_or_else(Vec::new, |actor| actor.write())
    });
    reply(&mut caller, Out { ptr, cap }, actor)
}

fn scope(mut caller: Caller<'_, Guest>, ptr: u32, cap: u32) -> wasmtime::Result<i32> {
    let inherited = caller.data().inherited();
    let scope = inherited.map(|i| {
        i.scope
            .as_ref()
            .map_or_else(Vec::new, |scope| scope.write())
    });
    reply(&mut caller, Out { ptr, cap }, scope)
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
    let action = text(memory, action_ptr, action_len, "action")?;
    let resource = text(memory, resource_ptr, resource_len, "resource")?;
    let attributes = bytes_or_absent(memory, attributes_ptr, attributes_len, "attributes")?;
    match guest.can(action, resource, attributes.unwrap_or_default()) {
        Ok(allowed) => Ok(Asking::Done(allowed.into())),
        // Not allowed, whatever is the matter.
        Err(Refusal::Error(_)) => Ok(Asking::Done(0)),
        Err(Refusal::Undecided(question)) => Ok(Asking::First(question)),
    }
}

fn policy(mut caller: Caller<'_, Guest>, ptr: u32, len: u32) -> wasmtime::Result<i32> {
    let (memory, guest) = memory_and_guest(&mut caller)?;
    let known = guest.policy(text(memory, ptr, len, "id")?);
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
    let scope = guest.named_scope(text(memory, id_ptr, id_len, "id")?);
    reply(
        &mut caller,
        Out { ptr, cap },
        scope.map(|scope| scope.write()),
    )
}
