//! `warren:core/process`.

use std::sync::Arc;
use std::time::Duration;

use warren_kernel::Relation;
use wasmtime::{Caller, Linker};

use super::asking::{self, Asking, define};
use super::{
    Fault, Out, fail, limited, long_text, memory_and_guest, message_limit, owned, range, refuse,
    reply, status, text, text_or_absent,
};
use crate::guest::aside::AT_ONCE;
use crate::guest::{Guest, SpawnCall, SpawnOptions};
use crate::operand::{self, NAME};
use crate::security::Refusal;

const MODULE: &str = "warren:core/process@0.1.0";

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
    linker.func_wrap_async(
        MODULE,
        "spawn",
        |caller,
         (
            def_ptr,
            def_len,
            host_ptr,
            host_len,
            args_ptr,
            args_len,
            relation,
            opt_ptr,
            opt_len,
            ptr,
            cap,
        )| {
            let request = Request {
                definition: (def_ptr, def_len),
                host: (host_ptr, host_len),
                arguments: (args_ptr, args_len),
                options: (opt_ptr, opt_len),
            };
            Box::new(spawn(caller, request, relation, Out { ptr, cap }))
        },
    )?;
    linker.func_wrap_async(
        MODULE,
        "exec",
        |caller, (def_ptr, def_len, host_ptr, host_len, args_ptr, args_len, opt_ptr, opt_len)| {
            let request = Request {
                definition: (def_ptr, def_len),
                host: (host_ptr, host_len),
                arguments: (args_ptr, args_len),
                options: (opt_ptr, opt_len),
            };
            Box::new(exec(caller, request))
        },
    )?;
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

/// The parameters that `spawn` and `exec` share, as ranges.
struct Request {
    definition: (u32, u32),
    host: (u32, u32),
    arguments: (u32, u32),
    options: (u32, u32),
}

impl Request {
    async fn read(&self, caller: &mut Caller<'_, Guest>) -> Result<SpawnCall, Fault> {
        let mut call = self.read_names(caller)?;
        let (ptr, len) = self.options;
        let (memory, guest) = memory_and_guest(caller)?;
        let read = if len as usize <= AT_ONCE {
            let options = range(memory, ptr, len, "options")?;
            SpawnOptions::read(options)
        } else {
            let shared = Arc::clone(&guest.shared);
            let host = Arc::clone(guest.process()?.host());
            let permit = async move { shared.permit_aside(&host).await };
            let permit = guest.control.outside(permit).await;
            let (memory, guest) = memory_and_guest(caller)?;
            let options: Arc<[u8]> = range(memory, ptr, len, "options")?.into();
            let shared = Arc::clone(&guest.shared);
            let read = async move {
                shared
                    .aside(permit, move || SpawnOptions::read(&options))
                    .await
            };
            guest.control.outside(read).await?
        };
        call.options = read.map_err(|error| operand::malformed("options", error))?;
        Ok(call)
    }

    /// Reads everything but the options, and checks the length of the options.
    fn read_names(&self, caller: &mut Caller<'_, Guest>) -> Result<SpawnCall, Fault> {
        let (memory, guest) = memory_and_guest(caller)?;
        let name = |(ptr, len), parameter| text(memory, ptr, len, parameter, NAME);
        let definition = name(self.definition, "definition")?;
        let host = name(self.host, "host")?;
        let (ptr, len) = self.options;
        let limit = if len as usize <= NAME.bytes {
            NAME
        } else {
            guest.shared.options_limit()
        };
        limited(memory, ptr, len, "options", limit)?;
        let (ptr, len) = self.arguments;
        Ok(SpawnCall {
            arguments: owned(memory, ptr, len, "arguments", message_limit(guest, len))?,
            options: SpawnOptions::default(),
            definition: definition.into(),
            host: host.into(),
        })
    }
}

async fn spawn(
    mut caller: Caller<'_, Guest>,
    request: Request,
    relation: u32,
    out: Out,
) -> wasmtime::Result<i32> {
    let call = match request.read(&mut caller).await {
        Ok(call) => call,
        Err(fault) => return fail(caller.data_mut(), fault),
    };
    let relation = Relation::from_bits(relation);
    let pid = caller.data_mut().spawn(call, relation).await;
    let pid = pid.map(|pid| pid.as_bytes().to_vec());
    reply(&mut caller, out, pid.map_err(Fault::from))
}

async fn exec(mut caller: Caller<'_, Guest>, request: Request) -> wasmtime::Result<i32> {
    let call = match request.read(&mut caller).await {
        Ok(call) => call,
        Err(fault) => return fail(caller.data_mut(), fault),
    };
    let subscription = caller.data_mut().exec(call).await;
    status(
        caller.data_mut(),
        subscription
            .map(|subscription| subscription.0)
            .map_err(Fault::from),
    )
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
        .and_then(|target| Ok(guest.cancel(target, deadline)?));
    Asking::status(guest, canceled.map(|()| 0))
}

fn get_options(caller: Caller<'_, Guest>) -> i32 {
    caller
        .data()
        .process()
        .map_or(0, |process| process.trap_links().into())
}

fn set_options(caller: Caller<'_, Guest>, options: i32) {
    if let Ok(process) = caller.data().process() {
        process.set_trap_links(options & 1 != 0);
    }
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
        Err(error) => refuse(caller.data_mut(), &error),
    }
}
