//! `warren:core/capability`.

use warren_kernel::Subscription;
use wasmtime::{Caller, Linker};

use super::asking::Asking;
use super::{Fault, Out, fail, limited, memory_and_guest, reply, text};
use crate::capability::MAX_PERMISSIONS;
use crate::guest::Guest;
use crate::guest::called::Called;
use crate::guest::caller::too_many_permissions;
use crate::guest::capability::REQUEST;
use crate::operand::NAME;
use crate::security::Settles as _;

const MODULE: &str = "warren:core/capability@0.1.0";

pub(super) fn link(linker: &mut Linker<Guest>, asks: bool) -> wasmtime::Result<()> {
    if !asks {
        linker.func_wrap(
            MODULE,
            "call",
            |mut caller: Caller<'_, Guest>, a: u32, b: u32, c: u32, d: u32, ptr: u32, cap: u32| {
                call(&mut caller, (a, b), (c, d), Out { ptr, cap })?.done()
            },
        )?;
        return Ok(());
    }
    linker.func_wrap_async(
        MODULE,
        "call",
        |mut caller: Caller<'_, Guest>, (a, b, c, d, ptr, cap): (u32, u32, u32, u32, u32, u32)| {
            Box::new(async move {
                if caller.data().shared.simulation.is_some() && !counts_lines(&mut caller, (a, b))?
                {
                    caller.data().pause().await;
                }
                for _ in 0..=MAX_PERMISSIONS {
                    let out = Out { ptr, cap };
                    let asking = call(&mut caller, (a, b), (c, d), out)?;
                    if let Asking::Elsewhere(rest) = asking {
                        let result = caller.data_mut().elsewhere(*rest).await;
                        let called = result.and_then(Called::of).map_err(Fault::from);
                        return reply(&mut caller, out, called.map(written));
                    }
                    if let Some(status) = asking.settled(&mut caller).await? {
                        return Ok(status);
                    }
                }
                fail(caller.data_mut(), too_many_permissions().into())
            })
        },
    )?;
    Ok(())
}

/// Returns true for the operation that an interpreter counts lines with. No seed may see it:
/// a run with and without coverage is the same.
fn counts_lines(caller: &mut Caller<'_, Guest>, (ptr, len): (u32, u32)) -> wasmtime::Result<bool> {
    let (memory, _) = memory_and_guest(caller)?;
    let operation = text(memory, ptr, len, "operation", NAME);
    Ok(operation.is_ok_and(|operation| operation == COUNTS_LINES))
}

/// The operation of the capability that [`NodeConfig`](crate::NodeConfig) asks for.
const COUNTS_LINES: &str = "coverage.add";

/// Calls an operation. Operation and request are places in the guest's memory.
fn call(
    caller: &mut Caller<'_, Guest>,
    operation: (u32, u32),
    request: (u32, u32),
    out: Out,
) -> wasmtime::Result<Asking> {
    let (memory, guest) = memory_and_guest(caller)?;
    let called = text(memory, operation.0, operation.1, "operation", NAME)
        .and_then(|operation| {
            let request = limited(memory, request.0, request.1, "request", REQUEST)?;
            Ok(guest.call(operation, request)?)
        })
        .map(written);
    match called {
        Err(Fault::Undecided(question)) => Ok(Asking::First(question)),
        Err(Fault::Elsewhere(rest)) => Ok(Asking::Elsewhere(rest)),
        called => Ok(Asking::Done(reply(caller, out, called)?)),
    }
}

/// Returns the answer of a call as bytes.
fn written(called: Called) -> Vec<u8> {
    match called {
        Called::Answer(answer) => answer,
        Called::Handle(subscription) => handle(subscription).to_vec(),
    }
}

/// The extension type of a handle.
const HANDLE: u8 = 3;

/// Encodes a handle: an extension of four bytes, the subscription in little endian.
fn handle(subscription: Subscription) -> [u8; 6] {
    let [a, b, c, d] = subscription.0.to_le_bytes();
    [0xd6, HANDLE, a, b, c, d]
}
