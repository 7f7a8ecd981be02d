//! `warren:core/registry`.

use wasmtime::{Caller, Linker};

use super::asking::{self, Asking, define};
use super::{Fault, Out, memory_and_guest, reply, text, text_or_absent};
use crate::guest::Guest;
use crate::operand::NAME;

const MODULE: &str = "warren:core/registry@0.1.0";

pub(super) fn link(linker: &mut Linker<Guest>, asks: bool) -> wasmtime::Result<()> {
    define!(
        linker,
        asks,
        MODULE,
        "register",
        register,
        (a: u32, b: u32, c: u32, d: u32)
    );
    if asks {
        linker.func_wrap_async(MODULE, "lookup", |caller, operands| {
            Box::new(lookup_anywhere(caller, operands))
        })?;
    } else {
        linker.func_wrap(MODULE, "lookup", lookup)?;
    }
    define!(
        linker,
        asks,
        MODULE,
        "unregister",
        unregister,
        (a: u32, b: u32)
    );
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
    let registered = text(memory, name_ptr, name_len, "name", NAME).and_then(|name| {
        let target = text_or_absent(memory, pid_ptr, pid_len, "target", NAME)?;
        Ok(guest.register(name, target)?)
    });
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
    let pid =
        text(memory, name_ptr, name_len, "name", NAME).and_then(|name| Ok(guest.lookup(name)?));
    reply(
        &mut caller,
        Out { ptr, cap },
        pid.map(|pid| pid.as_bytes().to_vec()),
    )
}

/// Looks a name up on this node, and then in the cluster if there is one.
async fn lookup_anywhere(
    mut caller: Caller<'_, Guest>,
    (name_ptr, name_len, ptr, cap): (u32, u32, u32, u32),
) -> wasmtime::Result<i32> {
    let (memory, _) = memory_and_guest(&mut caller)?;
    let name = text(memory, name_ptr, name_len, "name", NAME).map(str::to_owned);
    let found = match name {
        Ok(name) => caller
            .data_mut()
            .lookup_anywhere(&name)
            .await
            .map_err(Fault::from),
        Err(fault) => Err(fault),
    };
    let pid = found.map(|pid| pid.as_bytes().to_vec());
    reply(&mut caller, Out { ptr, cap }, pid)
}

fn unregister(caller: &mut Caller<'_, Guest>, ptr: u32, len: u32) -> wasmtime::Result<Asking> {
    let (memory, guest) = memory_and_guest(caller)?;
    let was_taken =
        text(memory, ptr, len, "name", NAME).and_then(|name| Ok(guest.unregister(name)?));
    Asking::status(guest, was_taken.map(u32::from))
}
