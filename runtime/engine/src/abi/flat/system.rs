//! `warren:core/clock`, `random`, `stdio` and `logger`.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::task;
use wasmtime::{Caller, Linker};

use super::{Fault, Out, bytes_or_absent, memory_and_guest, range, range_mut, reply};
use crate::guest::Guest;
use crate::log::{Level, MAX_LOGGED};
use crate::output::{PIECE, Stream};

const CLOCK: &str = "warren:core/clock@0.1.0";
const RANDOM: &str = "warren:core/random@0.1.0";
const STDIO: &str = "warren:core/stdio@0.1.0";
const LOGGER: &str = "warren:core/logger@0.1.0";

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    linker.func_wrap(CLOCK, "now", |caller: Caller<'_, Guest>| {
        caller.data().shared.now().wall.0
    })?;
    linker.func_wrap(CLOCK, "monotonic", |caller: Caller<'_, Guest>| {
        caller.data().shared.now().monotonic.0
    })?;
    linker.func_wrap(RANDOM, "bytes", bytes)?;
    linker.func_wrap_async(STDIO, "write", |caller, (stream, ptr, len)| {
        write(caller, stream, ptr, len)
    })?;
    linker.func_wrap_async(STDIO, "flush", |caller, (stream,)| {
        Box::new(flush(caller, stream))
    })?;
    linker.func_wrap_async(STDIO, "read", |caller, (ptr, cap)| {
        Box::new(read(caller, Out { ptr, cap }))
    })?;
    linker.func_wrap_async(
        LOGGER,
        "log",
        |caller, (level, name_ptr, name_len, message_ptr, message_len, fields_ptr, fields_len)| {
            let record = Record {
                level,
                name: (name_ptr, name_len),
                message: (message_ptr, message_len),
                fields: (fields_ptr, fields_len),
            };
            Box::new(log(caller, record))
        },
    )?;
    Ok(())
}

/// The most bytes of one call of `random.bytes`.
const MAX_RANDOM: u32 = 64 * 1024;

/// Checks the number of random bytes against its limit.
pub(crate) fn random_length(len: u32) -> wasmtime::Result<usize> {
    if len > MAX_RANDOM {
        wasmtime::bail!(
            "random.bytes: {len} bytes are more than {MAX_RANDOM}, the most of one call"
        );
    }
    Ok(len as usize)
}

fn bytes(mut caller: Caller<'_, Guest>, ptr: u32, len: u32) -> wasmtime::Result<()> {
    random_length(len)?;
    let (memory, guest) = memory_and_guest(&mut caller)?;
    let bytes = range_mut(memory, ptr, len, "bytes")?;
    guest.shared.fill_with_random_bytes(bytes)
}

fn stream(number: u32) -> wasmtime::Result<Stream> {
    match number {
        0 => Ok(Stream::Stdout),
        1 => Ok(Stream::Stderr),
        _ => wasmtime::bail!("the parameter `stream` is {number}, not 0 or 1"),
    }
}

/// The future of a write that was done at once. It has no size, so boxing it
/// allocates nothing.
struct Written;

impl Future for Written {
    type Output = wasmtime::Result<()>;

    #[inline]
    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(Ok(()))
    }
}

/// The future of a write that may wait.
type Writing<'a> = Box<dyn Future<Output = wasmtime::Result<()>> + Send + 'a>;

fn write(mut caller: Caller<'_, Guest>, number: u32, ptr: u32, len: u32) -> Writing<'_> {
    match begin_write(&mut caller, number, ptr, len) {
        Ok((_, None)) => Box::new(Written),
        Ok((stream, Some(Rest::Unsent(bytes)))) => Box::new(async move {
            caller.data_mut().write_slowly(stream, bytes).await;
            Ok(())
        }),
        Ok((stream, Some(Rest::All))) => {
            Box::new(async move { write_range(&mut caller, stream, ptr, len, "bytes").await })
        }
        Err(error) => Box::new(async { Err(error) }),
    }
}

/// The part of a write that is still to be done.
enum Rest {
    /// Bytes that found no room.
    Unsent(Vec<u8>),
    /// The whole range, which is longer than a piece.
    All,
}

/// Writes a range that is no longer than a piece, if there is room.
fn begin_write(
    caller: &mut Caller<'_, Guest>,
    number: u32,
    ptr: u32,
    len: u32,
) -> wasmtime::Result<(Stream, Option<Rest>)> {
    let stream = stream(number)?;
    let (memory, guest) = memory_and_guest(caller)?;
    let bytes = range(memory, ptr, len, "bytes")?;
    let rest = match bytes.len() {
        0 => None,
        1..=PIECE => guest.write(stream, bytes).map(Rest::Unsent),
        _ => Some(Rest::All),
    };
    Ok((stream, rest))
}

/// The pieces of output that a guest writes before it yields.
pub(crate) const BURST: usize = 4;

/// Writes a range of the guest's memory to the output, in pieces of at most
/// [`PIECE`] bytes.
pub(crate) async fn write_range(
    caller: &mut Caller<'_, Guest>,
    stream: Stream,
    ptr: u32,
    len: u32,
    parameter: &'static str,
) -> wasmtime::Result<()> {
    let mut done = 0;
    loop {
        let (memory, guest) = memory_and_guest(caller)?;
        let bytes = &range(memory, ptr, len, parameter)?[done..];
        let piece = &bytes[..bytes.len().min(PIECE)];
        if piece.is_empty() {
            return Ok(());
        }
        done += piece.len();
        if let Some(unsent) = guest.write(stream, piece) {
            guest.write_slowly(stream, unsent).await;
        } else if done % (BURST * PIECE) == 0 {
            // Lets others run, however fast the output is read.
            task::yield_now().await;
        }
    }
}

async fn flush(mut caller: Caller<'_, Guest>, number: u32) -> wasmtime::Result<()> {
    let stream = stream(number)?;
    caller.data_mut().flush(stream).await;
    Ok(())
}

async fn read(mut caller: Caller<'_, Guest>, out: Out) -> wasmtime::Result<i32> {
    let result = caller.data_mut().read(out.cap as usize).await;
    reply(&mut caller, out, result.map_err(Fault::from))
}

/// The parameters of `log`, as ranges.
struct Record {
    level: u32,
    name: (u32, u32),
    message: (u32, u32),
    fields: (u32, u32),
}

async fn log(mut caller: Caller<'_, Guest>, record: Record) -> wasmtime::Result<()> {
    let level = match record.level {
        0 => Level::Debug,
        1 => Level::Info,
        2 => Level::Warn,
        3 => Level::Error,
        level => wasmtime::bail!("the parameter `level` is {level}, not 0 to 3"),
    };
    let (memory, guest) = memory_and_guest(&mut caller)?;
    let name = logged(range(memory, record.name.0, record.name.1, "name")?);
    let message = logged(range(
        memory,
        record.message.0,
        record.message.1,
        "message",
    )?);
    let fields = bytes_or_absent(memory, record.fields.0, record.fields.1, "fields")?;
    // Fields that are too long are left out without being copied.
    let fields = fields.filter(|fields| fields.len() <= MAX_LOGGED);
    let fields = fields.map(<[u8]>::to_vec);
    guest.log(level, name, message, fields).await;
    Ok(())
}

/// The start of a text, up to the limit of a log record. Bytes that are not UTF-8
/// are replaced: the import cannot fail, and the record is still useful.
fn logged(bytes: &[u8]) -> String {
    let mut end = bytes.len().min(MAX_LOGGED);
    // Cuts between characters: a character has at most three continuation bytes.
    let is_within = |end: usize| bytes.get(end).is_some_and(|byte| byte & 0xc0 == 0x80);
    for _ in 0..3 {
        if end < bytes.len() && is_within(end) {
            end -= 1;
        }
    }
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_to_be_logged_is_cut_between_characters() {
        assert_eq!(logged(b"short"), "short");
        assert_eq!(logged(b"a\xffb"), "a\u{fffd}b");
        for before in 0..4 {
            let text = "x".repeat(MAX_LOGGED - before) + &"\u{1f600}".repeat(10);
            let cut = logged(text.as_bytes());
            assert!(text.starts_with(&cut), "{before}");
            assert!(
                cut.len() <= MAX_LOGGED && cut.len() > MAX_LOGGED - 4,
                "{before}"
            );
        }
        assert_eq!(
            logged(&vec![0x80; MAX_LOGGED + 9]).chars().count(),
            MAX_LOGGED - 3
        );
    }
}
