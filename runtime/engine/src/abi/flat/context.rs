//! `warren:core/context`.

use wasmtime::{Caller, Linker};

use super::{Fault, Out, long_text, memory_and_guest, reply};
use crate::guest::Guest;

const MODULE: &str = "warren:core/context@0.1.0";

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    linker.func_wrap(MODULE, "get", get)?;
    linker.func_wrap(MODULE, "all", all)?;
    Ok(())
}

fn get(
    mut caller: Caller<'_, Guest>,
    key_ptr: u32,
    key_len: u32,
    ptr: u32,
    cap: u32,
) -> wasmtime::Result<i32> {
    let (memory, guest) = memory_and_guest(&mut caller)?;
    let value = long_text(memory, guest, key_ptr, key_len, "key").and_then(|key| {
        let value = guest.context_value(key)?;
        Ok(value.unwrap_or_default().to_vec())
    });
    reply(&mut caller, Out { ptr, cap }, value)
}

fn all(mut caller: Caller<'_, Guest>, ptr: u32, cap: u32) -> wasmtime::Result<i32> {
    let context = caller.data().context().map_err(Fault::from);
    reply(&mut caller, Out { ptr, cap }, context)
}
