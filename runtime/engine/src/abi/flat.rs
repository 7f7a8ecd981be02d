//! The flat ABI: the operations of the process API as core imports that take and
//! return numbers. `docs/guest-abi.md` defines it.

mod asking;
mod capability;
mod context;
mod mailbox;
mod process;
mod program;
mod registry;
mod security;
mod spawn;
mod system;

use std::sync::Arc;

use warren_kernel::Error;
use wasmtime::{Caller, Linker};

use crate::codec;
use crate::guest::Guest;
use crate::operand::{self, Limit, NAME};
use crate::security::{Elsewhere, Question, Refusal};

pub(crate) use system::{BURST, random_length, write_range};

/// Defines every function of the flat ABI.
///
/// With `asks`, functions that need a permission may have to wait for a decision.
/// Without an authorizer they never wait, and are linked without the cost of
/// waiting.
pub(crate) fn link(linker: &mut Linker<Guest>, asks: bool) -> wasmtime::Result<()> {
    linker.func_wrap("warren:core/held@0.1.0", "take", take)?;
    process::link(linker, asks)?;
    spawn::link(linker)?;
    mailbox::link(linker)?;
    registry::link(linker, asks)?;
    context::link(linker)?;
    security::link(linker, asks)?;
    system::link(linker)?;
    capability::link(linker, asks)?;
    program::link(linker)
}

fn take(mut caller: Caller<'_, Guest>, ptr: u32, cap: u32) -> wasmtime::Result<i32> {
    let (memory, guest) = memory_and_guest(&mut caller)?;
    let len = status_of(guest.held.len())?;
    if guest.held.len() <= cap as usize {
        range_mut(memory, ptr, len.cast_unsigned(), "out")?.copy_from_slice(&guest.held);
        guest.held = Vec::new();
    }
    Ok(len)
}

/// The guest's memory and the data of its store.
#[inline]
pub(crate) fn memory_and_guest<'a>(
    caller: &'a mut Caller<'_, Guest>,
) -> wasmtime::Result<(&'a mut [u8], &'a mut Guest)> {
    let Some(memory) = caller.data().memory else {
        wasmtime::bail!(
            "an import was called while the module was instantiated: call imports from `start`"
        );
    };
    Ok(memory.data_and_store_mut(caller))
}

/// A range of the guest's memory.
#[inline]
pub(crate) fn range<'a>(
    memory: &'a [u8],
    ptr: u32,
    len: u32,
    parameter: &'static str,
) -> wasmtime::Result<&'a [u8]> {
    memory
        .get(ptr as usize..(ptr as usize).saturating_add(len as usize))
        .ok_or_else(|| outside(parameter, ptr, len))
}

/// A writable range of the guest's memory.
#[inline]
pub(crate) fn range_mut<'a>(
    memory: &'a mut [u8],
    ptr: u32,
    len: u32,
    parameter: &'static str,
) -> wasmtime::Result<&'a mut [u8]> {
    memory
        .get_mut(ptr as usize..(ptr as usize).saturating_add(len as usize))
        .ok_or_else(|| outside(parameter, ptr, len))
}

#[cold]
fn outside(parameter: &'static str, ptr: u32, len: u32) -> wasmtime::Error {
    wasmtime::format_err!(
        "the parameter `{parameter}` ({len} bytes at {ptr:#x}) is outside the guest's memory"
    )
}

/// The failure of a function of the flat ABI.
pub(crate) enum Fault {
    /// A mistake of the guest's author: the guest traps.
    Trap(wasmtime::Error),
    /// The call failed.
    Error(Error),
    /// The authorizer has to decide before the call can go on.
    Undecided(Box<Question>),
    /// Other nodes carry out the rest of the call.
    Elsewhere(Box<Elsewhere>),
}

impl From<wasmtime::Error> for Fault {
    fn from(error: wasmtime::Error) -> Self {
        Fault::Trap(error)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Fault::Error(error)
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Error(error) => Fault::Error(error),
            Refusal::Undecided(question) => Fault::Undecided(question),
            Refusal::Elsewhere(rest) => Fault::Elsewhere(rest),
        }
    }
}

/// A range of the guest's memory, checked against a limit.
#[inline]
fn limited<'a>(
    memory: &'a [u8],
    ptr: u32,
    len: u32,
    parameter: &'static str,
    limit: Limit,
) -> Result<&'a [u8], Fault> {
    let bytes = range(memory, ptr, len, parameter)?;
    limit.check(parameter, bytes.len())?;
    Ok(bytes)
}

/// A text parameter.
#[inline]
fn text<'a>(
    memory: &'a [u8],
    ptr: u32,
    len: u32,
    parameter: &'static str,
    limit: Limit,
) -> Result<&'a str, Fault> {
    let bytes = limited(memory, ptr, len, parameter, limit)?;
    str::from_utf8(bytes).map_err(|error| not_utf8(parameter, error))
}

#[cold]
fn not_utf8(parameter: &'static str, error: std::str::Utf8Error) -> Fault {
    Fault::Error(operand::malformed(
        parameter,
        format_args!("not UTF-8: {error}"),
    ))
}

/// A topic or a key, which may be as long as a message.
#[inline]
fn long_text<'a>(
    memory: &'a [u8],
    guest: &Guest,
    ptr: u32,
    len: u32,
    parameter: &'static str,
) -> Result<&'a str, Fault> {
    text(memory, ptr, len, parameter, message_limit(guest, len))
}

/// The limit of an operand that may be as long as a message. Short operands, which
/// are the most common, pass without a look at the hosts' limits.
#[inline]
fn message_limit(guest: &Guest, len: u32) -> Limit {
    if len as usize <= NAME.bytes {
        NAME
    } else {
        guest.message_limit(len as usize)
    }
}

/// The length of an absent parameter.
const ABSENT: u32 = u32::MAX;

/// An optional text parameter.
fn text_or_absent<'a>(
    memory: &'a [u8],
    ptr: u32,
    len: u32,
    parameter: &'static str,
    limit: Limit,
) -> Result<Option<&'a str>, Fault> {
    if len == ABSENT {
        Ok(None)
    } else {
        text(memory, ptr, len, parameter, limit).map(Some)
    }
}

/// An optional parameter of bytes.
fn bytes_or_absent<'a>(
    memory: &'a [u8],
    ptr: u32,
    len: u32,
    parameter: &'static str,
) -> wasmtime::Result<Option<&'a [u8]>> {
    if len == ABSENT {
        Ok(None)
    } else {
        range(memory, ptr, len, parameter).map(Some)
    }
}

/// A copy of a parameter of bytes.
fn owned(
    memory: &[u8],
    ptr: u32,
    len: u32,
    parameter: &'static str,
    limit: Limit,
) -> Result<Arc<[u8]>, Fault> {
    limited(memory, ptr, len, parameter, limit).map(Arc::from)
}

/// The guest's buffer for a result of bytes.
#[derive(Clone, Copy)]
struct Out {
    ptr: u32,
    cap: u32,
}

/// Writes the result of an operation, and returns its status.
#[inline]
fn reply<B: AsRef<[u8]>>(
    caller: &mut Caller<'_, Guest>,
    out: Out,
    result: Result<B, Fault>,
) -> wasmtime::Result<i32> {
    let (memory, guest) = memory_and_guest(caller)?;
    match result {
        Ok(bytes) => write(memory, guest, out, bytes.as_ref()),
        Err(fault) => fail(guest, fault),
    }
}

/// Writes a result, or holds it if it does not fit.
#[inline]
fn write(memory: &mut [u8], guest: &mut Guest, out: Out, bytes: &[u8]) -> wasmtime::Result<i32> {
    let len = status_of(bytes.len())?;
    if bytes.len() <= out.cap as usize {
        range_mut(memory, out.ptr, len.cast_unsigned(), "out")?.copy_from_slice(bytes);
        forget_held(guest);
    } else {
        guest.held = bytes.to_vec();
    }
    Ok(len)
}

/// The status of an operation whose result is a number or nothing.
#[inline]
fn status(guest: &mut Guest, result: Result<u32, Fault>) -> wasmtime::Result<i32> {
    match result {
        Ok(number) => {
            forget_held(guest);
            Ok(number.cast_signed())
        }
        Err(fault) => fail(guest, fault),
    }
}

/// The status of a failed call. A call that reaches this needs no decision, or is
/// linked without an authorizer.
#[cold]
fn fail(guest: &mut Guest, fault: Fault) -> wasmtime::Result<i32> {
    match fault {
        Fault::Error(error) => refuse(guest, error),
        Fault::Trap(trap) => Err(trap),
        Fault::Undecided(question) => {
            wasmtime::bail!(
                "{} needs a decision, but its import was linked without an authorizer",
                question.action
            )
        }
        Fault::Elsewhere(_) => {
            wasmtime::bail!("a call waits for another node, but its import cannot wait")
        }
    }
}

#[inline]
fn forget_held(guest: &mut Guest) {
    if !guest.held.is_empty() {
        guest.held = Vec::new();
    }
}

/// Holds an error; its length is the status.
#[cold]
fn refuse(guest: &mut Guest, error: Error) -> wasmtime::Result<i32> {
    let error = guest.refused(error);
    guest.held = codec::error(&error);
    Ok(-status_of(guest.held.len())?)
}

fn status_of(len: usize) -> wasmtime::Result<i32> {
    i32::try_from(len)
        .map_err(|_| wasmtime::format_err!("a result of {len} bytes is too long for the flat ABI"))
}
