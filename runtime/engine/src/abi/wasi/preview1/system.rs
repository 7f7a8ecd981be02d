//! Arguments, variables, clocks and randomness; signals and sockets, which guests do not
//! have.

use wasmtime::Caller;

use super::guest_memory::{put, size};
use super::{Done, Failure, table};
use crate::abi::flat::{memory_and_guest, range_mut};
use crate::abi::wasi::errno::Errno;
use crate::guest::{Guest, Unwind};

/// The bytes that `random_get` fills before the guest yields.
const RANDOM_PIECE: usize = 64 * 1024;

pub(super) fn args_get(caller: &mut Caller<'_, Guest>, argv: u32, buffer: u32) -> Done {
    let words = caller.data().words();
    let words = words.iter().map(|word| [word.as_bytes(), b"\0"]);
    put_texts(caller, argv, buffer, words)
}

pub(super) fn args_sizes_get(caller: &mut Caller<'_, Guest>, count: u32, len: u32) -> Done {
    let words = caller.data().words();
    let bytes = words.iter().map(|word| word.len() + 1).sum();
    put(caller, count, &size(words.len()))?;
    put(caller, len, &size(bytes))
}

/// Writes texts, each in some parts, one behind the other, and their addresses.
fn put_texts<'a, const PARTS: usize>(
    caller: &mut Caller<'_, Guest>,
    addresses: u32,
    buffer: u32,
    texts: impl Iterator<Item = [&'a [u8]; PARTS]>,
) -> Done {
    let mut pointers = Vec::new();
    let mut bytes = Vec::new();
    for text in texts {
        let at = u32::try_from(bytes.len()).map_err(|_| Errno::INVAL)?;
        pointers.extend_from_slice(&buffer.saturating_add(at).to_le_bytes());
        for part in text {
            bytes.extend_from_slice(part);
        }
    }
    put(caller, addresses, &pointers)?;
    put(caller, buffer, &bytes)
}

pub(super) fn environ_sizes_get(caller: &mut Caller<'_, Guest>, count: u32, len: u32) -> Done {
    let env = &caller.data().run.program.grants.env;
    let bytes = env.iter().map(|(name, value)| name.len() + value.len() + 2);
    let (variables, bytes) = (env.len(), bytes.sum());
    put(caller, count, &size(variables))?;
    put(caller, len, &size(bytes))
}

pub(super) fn environ_get(caller: &mut Caller<'_, Guest>, environ: u32, buffer: u32) -> Done {
    let grants = std::sync::Arc::clone(&caller.data().run.program.grants);
    let variables = grants.env.iter();
    let texts = variables.map(|(name, value)| [name.as_bytes(), b"=", value.as_bytes(), b"\0"]);
    put_texts(caller, environ, buffer, texts)
}

pub(super) fn clock_res_get(caller: &mut Caller<'_, Guest>, clock: u32, out: u32) -> Done {
    if clock > 3 {
        return Err(Errno::INVAL.into());
    }
    put(caller, out, &1_u64.to_le_bytes())
}

pub(super) fn clock_time_get(
    caller: &mut Caller<'_, Guest>,
    clock: u32,
    _precision: u64,
    out: u32,
) -> Done {
    let now = caller.data().shared.now();
    let nanoseconds = match clock {
        0 => now.wall.0.cast_unsigned(),
        1..=3 => now.monotonic.0,
        _ => return Err(Errno::INVAL.into()),
    };
    put(caller, out, &nanoseconds.to_le_bytes())
}

pub(super) async fn random_get(caller: &mut Caller<'_, Guest>, ptr: u32, len: u32) -> Done {
    let mut done = 0;
    loop {
        let (memory, guest) = memory_and_guest(caller)?;
        let rest = &mut range_mut(memory, ptr, len, "buf")?[done..];
        let piece = rest.len().min(RANDOM_PIECE);
        guest.shared.fill_with_random_bytes(&mut rest[..piece])?;
        done += piece;
        if done == len as usize {
            return Ok(());
        }
        tokio::task::yield_now().await;
    }
}

/// Ends the process as `program.exit` does.
pub(super) fn proc_exit(status: i32) -> wasmtime::Result<()> {
    Err(wasmtime::Error::new(Unwind::Exit(status)))
}

pub(super) fn proc_raise(_: &mut Caller<'_, Guest>, _signal: u32) -> Done {
    Err(Errno::NOTSUP.into())
}

pub(super) fn sched_yield(_: &mut Caller<'_, Guest>) -> Done {
    Ok(())
}

/// Refuses calls on sockets: no descriptor is one.
fn no_socket(caller: &mut Caller<'_, Guest>, fd: u32) -> Done {
    table(caller.data_mut())?.get(fd)?;
    Err(Failure::Errno(Errno::NOTSOCK))
}

pub(super) fn sock_accept(caller: &mut Caller<'_, Guest>, fd: u32, _: u32, _: u32) -> Done {
    no_socket(caller, fd)
}

pub(super) fn sock_recv(
    caller: &mut Caller<'_, Guest>,
    fd: u32,
    _vectors: u32,
    _count: u32,
    _flags: u32,
    _out: u32,
    _out_flags: u32,
) -> Done {
    no_socket(caller, fd)
}

pub(super) fn sock_send(
    caller: &mut Caller<'_, Guest>,
    fd: u32,
    _vectors: u32,
    _count: u32,
    _flags: u32,
    _out: u32,
) -> Done {
    no_socket(caller, fd)
}

pub(super) fn sock_shutdown(caller: &mut Caller<'_, Guest>, fd: u32, _how: u32) -> Done {
    no_socket(caller, fd)
}
