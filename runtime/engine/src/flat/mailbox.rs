//! `warren:core/mailbox`.

use warren_kernel::{Monotonic, Subscription};
use wasmtime::{Caller, Linker};

use super::{Out, memory_and_guest, range, status, text, write};
use crate::guest::{Guest, receive};
use crate::stacks::{self, Asked};

const MODULE: &str = "warren:core/mailbox@0.1.0";

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    linker.func_wrap(MODULE, "inbox", inbox)?;
    linker.func_wrap(MODULE, "events", events)?;
    linker.func_wrap(MODULE, "listen", listen)?;
    linker.func_wrap(MODULE, "unlisten", unlisten)?;
    linker.func_wrap_async(
        MODULE,
        "receive",
        |caller, (list, count, deadline, ptr, cap)| {
            Box::new(receive_any(caller, list, count, deadline, Out { ptr, cap }))
        },
    )?;
    linker.func_wrap_async(
        MODULE,
        "receive-one",
        |caller, (wanted, deadline, ptr, cap)| {
            Box::new(receive_one(
                caller,
                Subscription(wanted),
                deadline,
                Out { ptr, cap },
            ))
        },
    )?;
    Ok(())
}

fn inbox(caller: Caller<'_, Guest>) -> wasmtime::Result<u32> {
    Ok(caller.data().process()?.inbox().0)
}

fn events(caller: Caller<'_, Guest>) -> wasmtime::Result<u32> {
    Ok(caller.data().process()?.events().0)
}

fn listen(mut caller: Caller<'_, Guest>, ptr: u32, len: u32) -> wasmtime::Result<i32> {
    let (memory, guest) = memory_and_guest(&mut caller)?;
    let topic = text(memory, ptr, len, "topic")?;
    let subscription = guest.process().and_then(|process| process.listen(topic));
    status(guest, subscription.map(|subscription| subscription.0))
}

fn unlisten(caller: Caller<'_, Guest>, subscription: u32) {
    if let Ok(process) = caller.data().process() {
        process.unlisten(Subscription(subscription));
    }
}

async fn receive_any(
    mut caller: Caller<'_, Guest>,
    list: u32,
    count: u32,
    deadline: i64,
    out: Out,
) -> wasmtime::Result<i32> {
    receive::check_wanted(count as usize)?;
    let (memory, _) = memory_and_guest(&mut caller)?;
    let wanted: Vec<_> = range(memory, list, count * 4, "wanted")?
        .chunks_exact(4)
        .map(|bytes| Subscription(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]])))
        .collect();
    wait(caller, &wanted, deadline, out).await
}

async fn receive_one(
    caller: Caller<'_, Guest>,
    wanted: Subscription,
    deadline: i64,
    out: Out,
) -> wasmtime::Result<i32> {
    wait(caller, &[wanted], deadline, out).await
}

#[inline]
async fn wait(
    mut caller: Caller<'_, Guest>,
    wanted: &[Subscription],
    deadline: i64,
    out: Out,
) -> wasmtime::Result<i32> {
    let deadline = u64::try_from(deadline).ok().map(Monotonic);
    let received = loop {
        match receive::receive(caller.data_mut(), wanted, deadline).await {
            Err(error) if error.is::<Asked>() => stacks::show_if_asked(&caller),
            received => break received?,
        }
    };
    let (memory, guest) = memory_and_guest(&mut caller)?;
    match received {
        Some(message) => write(memory, guest, out, message.wire()),
        None => status(guest, Ok(0)),
    }
}
