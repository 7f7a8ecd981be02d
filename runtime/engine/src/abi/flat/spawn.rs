//! `spawn` and `exec` of `warren:core/process`.

use std::sync::Arc;

use warren_kernel::{Relation, Subscription};
use wasmtime::{Caller, Linker};

use super::process::MODULE;
use super::{
    Fault, Out, fail, limited, memory_and_guest, message_limit, owned, range, reply, status, text,
};
use crate::guest::aside::AT_ONCE;
use crate::guest::{Guest, Mistake, Start};
use crate::operand::NAME;

/// The bit of a relation that is no tie: the spawner watches the new process.
const WATCHED: u32 = 4;

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
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
            let operands = Operands {
                definition: (def_ptr, def_len),
                host: (host_ptr, host_len),
                arguments: (args_ptr, args_len),
                options: (opt_ptr, opt_len),
            };
            Box::new(spawn(caller, operands, relation, Out { ptr, cap }))
        },
    )?;
    linker.func_wrap_async(
        MODULE,
        "exec",
        |caller, (def_ptr, def_len, host_ptr, host_len, args_ptr, args_len, opt_ptr, opt_len)| {
            let operands = Operands {
                definition: (def_ptr, def_len),
                host: (host_ptr, host_len),
                arguments: (args_ptr, args_len),
                options: (opt_ptr, opt_len),
            };
            Box::new(exec(caller, operands))
        },
    )?;
    Ok(())
}

async fn spawn(
    mut caller: Caller<'_, Guest>,
    operands: Operands,
    relation: u32,
    out: Out,
) -> wasmtime::Result<i32> {
    let start = match operands.read(&mut caller).await {
        Ok(start) => start,
        Err(fault) => return fail(caller.data_mut(), fault),
    };
    let ties = Relation::from_bits(relation);
    if relation & WATCHED != 0 {
        return match caller.data_mut().spawn_watched(start, ties).await {
            Ok((pid, Subscription(number))) => {
                let watched = [&number.to_le_bytes()[..], pid.as_bytes()].concat();
                reply(&mut caller, out, Ok(&watched))
            }
            Err(error) => fail(caller.data_mut(), error.into()),
        };
    }
    match caller.data_mut().spawn(start, ties).await {
        Ok(pid) => reply(&mut caller, out, Ok(pid.as_bytes())),
        Err(error) => fail(caller.data_mut(), error.into()),
    }
}

async fn exec(mut caller: Caller<'_, Guest>, operands: Operands) -> wasmtime::Result<i32> {
    let start = match operands.read(&mut caller).await {
        Ok(start) => start,
        Err(fault) => return fail(caller.data_mut(), fault),
    };
    let subscription = caller.data_mut().exec(start).await;
    let number = subscription.map(|subscription| subscription.0);
    status(caller.data_mut(), number.map_err(Fault::from))
}

/// The operands that `spawn` and `exec` share, as ranges of the guest's memory.
struct Operands {
    definition: (u32, u32),
    host: (u32, u32),
    arguments: (u32, u32),
    options: (u32, u32),
}

impl Operands {
    /// Reads the operands. Long options are read off the worker.
    async fn read(&self, caller: &mut Caller<'_, Guest>) -> Result<Start, Fault> {
        let (memory, guest) = memory_and_guest(caller)?;
        let mut start = self.read_names(memory, guest)?;
        let (ptr, len) = self.options;
        if len as usize <= AT_ONCE {
            let read = start.read_options(range(memory, ptr, len, "options")?);
            read.map_err(Mistake::refusal)?;
            return Ok(start);
        }
        let shared = Arc::clone(&guest.shared);
        let host = Arc::clone(guest.process()?.host());
        let permit = async move { shared.permit_aside(&host).await };
        let permit = guest.control.outside(permit).await;
        let (memory, guest) = memory_and_guest(caller)?;
        let options: Arc<[u8]> = range(memory, ptr, len, "options")?.into();
        let shared = Arc::clone(&guest.shared);
        let read = async move {
            let read = move || start.read_options(&options).map(|()| start);
            shared.aside(permit, read).await
        };
        let read = guest.control.outside(read).await?;
        Ok(read.map_err(Mistake::refusal)?)
    }

    /// Reads everything but the options, and checks the length of the options.
    fn read_names(&self, memory: &[u8], guest: &Guest) -> Result<Start, Fault> {
        let name = |(ptr, len), parameter| text(memory, ptr, len, parameter, NAME);
        let definition = name(self.definition, "definition")?;
        let host = name(self.host, "host")?;
        let (ptr, len) = self.options;
        let limit = if len as usize <= NAME.bytes {
            NAME
        } else {
            guest.options_limit(len as usize)
        };
        limited(memory, ptr, len, "options", limit)?;
        let (ptr, len) = self.arguments;
        let arguments = owned(memory, ptr, len, "arguments", message_limit(guest, len))?;
        Ok(Start::with_arguments(definition, host, arguments))
    }
}
