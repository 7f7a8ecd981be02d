//! `warren:core/capability`.

use warren_kernel::Subscription;
use wasmtime::{Caller, Linker};

use super::{Out, limited, memory_and_guest, reply, text};
use crate::guest::Guest;
use crate::guest::capability::{Called, REQUEST};
use crate::operand::NAME;

const MODULE: &str = "warren:core/capability@0.1.0";

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    linker.func_wrap(MODULE, "call", call)?;
    Ok(())
}

fn call(
    mut caller: Caller<'_, Guest>,
    operation_ptr: u32,
    operation_len: u32,
    request_ptr: u32,
    request_len: u32,
    ptr: u32,
    cap: u32,
) -> wasmtime::Result<i32> {
    let (memory, guest) = memory_and_guest(&mut caller)?;
    let called = text(memory, operation_ptr, operation_len, "operation", NAME)
        .and_then(|operation| {
            let request = limited(memory, request_ptr, request_len, "request", REQUEST)?;
            Ok(guest.call(operation, request)?)
        })
        .map(|called| match called {
            Called::Answer(answer) => answer,
            Called::Handle(subscription) => handle(subscription).to_vec(),
        });
    reply(&mut caller, Out { ptr, cap }, called)
}

/// The extension type of a handle.
const HANDLE: u8 = 3;

/// Encodes a handle: an extension of four bytes, the subscription in little endian.
fn handle(subscription: Subscription) -> [u8; 6] {
    let [a, b, c, d] = subscription.0.to_le_bytes();
    [0xd6, HANDLE, a, b, c, d]
}
