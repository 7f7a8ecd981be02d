//! `warren:core/process`.

use std::time::Duration;

use wasmtime::{Caller, Linker};

use super::asking::{self, Asking, define};
use super::{
    Fault, Out, fail, long_text, memory_and_guest, message_limit, owned, range, refuse, reply,
    text, text_or_absent,
};
use crate::guest::Guest;
use crate::guest::upgradable::{TRAP_LINKS, UPGRADABLE};
use crate::operand::NAME;
use crate::security::Refusal;

pub(super) const MODULE: &str = "warren:core/process@0.1.0";

/// An operation on one other process.
type OnTarget = fn(&mut Guest, &str) -> Result<(), Refusal>;

pub(super) fn link(linker: &mut Linker<Guest>, asks: bool) -> wasmtime::Result<()> {
    linker.func_wrap(MODULE, "pid", pid)?;
    linker.func_wrap(MODULE, "frame-id", frame_id)?;
    define!(
        linker,
        asks,
        MODULE,
        "send",
        send,
        (a: u32, b: u32, c: u32, d: u32, e: u32, f: u32)
    );
    let on_target: [(&str, OnTarget); 5] = [
        ("terminate", Guest::terminate),
        ("monitor", Guest::monitor),
        ("unmonitor", Guest::unmonitor),
        ("link", Guest::link),
        ("unlink", Guest::unlink),
    ];
    for (name, operation) in on_target {
        let on_target = move |caller: &mut Caller<'_, Guest>, ptr: u32, len: u32| {
            let (memory, guest) = memory_and_guest(caller)?;
            let result = text(memory, ptr, len, "target", NAME)
                .and_then(|target| Ok(operation(guest, target)?));
            guest.check_not_terminated()?;
            Asking::status(guest, result.map(|()| 0))
        };
        define!(linker, asks, MODULE, name, on_target, (ptr: u32, len: u32));
    }
    define!(linker, asks, MODULE, "cancel", cancel, (a: u32, b: u32, c: i64));
    linker.func_wrap(MODULE, "get-options", get_options)?;
    linker.func_wrap(MODULE, "set-options", set_options)?;
    linker.func_wrap_async(
        MODULE,
        "upgrade",
        |caller, (id_ptr, id_len, args_ptr, args_len)| {
            Box::new(upgrade(caller, id_ptr, id_len, args_ptr, args_len))
        },
    )?;
    Ok(())
}

fn pid(mut caller: Caller<'_, Guest>, ptr: u32, cap: u32) -> wasmtime::Result<i32> {
    let pid = caller
        .data()
        .process()
        .map(|process| process.text().clone());
    reply(
        &mut caller,
        Out { ptr, cap },
        pid.map(|pid| pid.as_bytes().to_vec()).map_err(Fault::from),
    )
}

fn frame_id(mut caller: Caller<'_, Guest>, ptr: u32, cap: u32) -> wasmtime::Result<i32> {
    let frame = caller
        .data()
        .inherited()
        .map(|inherited| inherited.frame.as_bytes().to_vec());
    reply(&mut caller, Out { ptr, cap }, frame.map_err(Fault::from))
}

#[inline]
fn send(
    caller: &mut Caller<'_, Guest>,
    to_ptr: u32,
    to_len: u32,
    topic_ptr: u32,
    topic_len: u32,
    ptr: u32,
    len: u32,
) -> wasmtime::Result<Asking> {
    let (memory, guest) = memory_and_guest(caller)?;
    // The kernel compares the length with the receiver's limits before it copies
    // the payload.
    let payload = range(memory, ptr, len, "payload")?;
    let sent = match long_text(memory, guest, topic_ptr, topic_len, "topic") {
        Err(fault) => Err(fault),
        Ok(topic) if guest.corresponds_with(range(memory, to_ptr, to_len, "to")?) => {
            guest.send_again(topic, payload).map_err(Fault::from)
        }
        Ok(topic) => text(memory, to_ptr, to_len, "to", NAME)
            .and_then(|to| Ok(guest.send(to, topic, payload)?)),
    };
    Asking::status(guest, sent.map(|()| 0))
}

fn cancel(
    caller: &mut Caller<'_, Guest>,
    ptr: u32,
    len: u32,
    deadline: i64,
) -> wasmtime::Result<Asking> {
    let (memory, guest) = memory_and_guest(caller)?;
    let deadline = u64::try_from(deadline).ok().map(Duration::from_nanos);
    let canceled = text(memory, ptr, len, "target", NAME)
        .and_then(|target| Ok(guest.cancel(target, deadline, None)?));
    Asking::status(guest, canceled.map(|()| 0))
}

fn get_options(caller: Caller<'_, Guest>) -> i32 {
    let guest = caller.data();
    let trap_links = guest
        .process()
        .map_or(0, |process| i32::from(process.trap_links()) * TRAP_LINKS);
    let upgradable = i32::from(guest.is_upgradable()) * UPGRADABLE;
    trap_links | upgradable
}

fn set_options(mut caller: Caller<'_, Guest>, options: i32) {
    let guest = caller.data_mut();
    if let Ok(process) = guest.process() {
        process.set_trap_links(options & TRAP_LINKS != 0);
    }
    // Fails without a process, and at its end: nobody is told then.
    let _ = guest.set_upgradable(options & UPGRADABLE != 0);
}

async fn upgrade(
    mut caller: Caller<'_, Guest>,
    id_ptr: u32,
    id_len: u32,
    args_ptr: u32,
    args_len: u32,
) -> wasmtime::Result<i32> {
    let (memory, guest) = memory_and_guest(&mut caller)?;
    let limit = message_limit(guest, args_len);
    let read = text_or_absent(memory, id_ptr, id_len, "definition", NAME).and_then(|definition| {
        let arguments = owned(memory, args_ptr, args_len, "arguments", limit)?;
        Ok((definition.map(str::to_owned), arguments))
    });
    let (definition, arguments) = match read {
        Ok(read) => read,
        Err(fault) => return fail(guest, fault),
    };
    match caller.data_mut().upgrade(definition, arguments).await {
        Ok(unwind) => Err(wasmtime::Error::new(unwind)),
        Err(error) => refuse(caller.data_mut(), error),
    }
}
