//! The flat ABI: the operations of the process API as core imports that take
//! and return numbers. `docs/guest-abi.md` is its definition.

mod asking;
mod mailbox;
mod process;
mod program;
mod registry;
mod system;

use std::sync::Arc;

use warren_kernel::Error;
use wasmtime::{Caller, Linker};

use crate::codec;
use crate::guest::Guest;

pub(crate) use system::{fill_with_random_bytes, random_length, write_range};

/// Defines every function of the flat ABI.
///
/// Where `asks`, functions that need a permission may have to wait for it; where
/// nobody judges they never do, and are spared what waiting costs.
pub(crate) fn link(linker: &mut Linker<Guest>, asks: bool) -> wasmtime::Result<()> {
    linker.func_wrap("warren:core/held@0.1.0", "take", take)?;
    process::link(linker, asks)?;
    mailbox::link(linker)?;
    registry::link(linker, asks)?;
    system::link(linker)?;
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
        wasmtime::bail!("an import was called before the guest's memory was there");
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

/// A range of the guest's memory, to be written.
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

/// A parameter that is text.
#[inline]
fn text<'a>(
    memory: &'a [u8],
    ptr: u32,
    len: u32,
    parameter: &'static str,
) -> wasmtime::Result<&'a str> {
    str::from_utf8(range(memory, ptr, len, parameter)?)
        .map_err(|error| wasmtime::format_err!("the parameter `{parameter}` is not UTF-8: {error}"))
}

/// The length of an absent parameter.
const ABSENT: u32 = u32::MAX;

/// A parameter that is text and may be absent.
fn text_or_absent<'a>(
    memory: &'a [u8],
    ptr: u32,
    len: u32,
    parameter: &'static str,
) -> wasmtime::Result<Option<&'a str>> {
    if len == ABSENT {
        Ok(None)
    } else {
        text(memory, ptr, len, parameter).map(Some)
    }
}

/// A parameter that is bytes and may be absent.
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

/// A parameter that is bytes, kept.
fn owned(
    memory: &[u8],
    ptr: u32,
    len: u32,
    parameter: &'static str,
) -> wasmtime::Result<Arc<[u8]>> {
    range(memory, ptr, len, parameter).map(Arc::from)
}

/// Where a result that is bytes goes.
#[derive(Clone, Copy)]
struct Out {
    ptr: u32,
    cap: u32,
}

/// The status of an operation whose result is bytes.
#[inline]
fn reply<B: AsRef<[u8]>>(
    caller: &mut Caller<'_, Guest>,
    out: Out,
    result: Result<B, Error>,
) -> wasmtime::Result<i32> {
    let (memory, guest) = memory_and_guest(caller)?;
    match result {
        Ok(bytes) => write(memory, guest, out, bytes.as_ref()),
        Err(error) => refuse(guest, &error),
    }
}

/// Writes a result, or holds it where it does not fit.
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
fn status(guest: &mut Guest, result: Result<u32, Error>) -> wasmtime::Result<i32> {
    match result {
        Ok(number) => {
            forget_held(guest);
            Ok(number.cast_signed())
        }
        Err(error) => refuse(guest, &error),
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
fn refuse(guest: &mut Guest, error: &Error) -> wasmtime::Result<i32> {
    guest.was_refused(error);
    guest.held = codec::error(error);
    Ok(-status_of(guest.held.len())?)
}

fn status_of(len: usize) -> wasmtime::Result<i32> {
    i32::try_from(len).map_err(|_| wasmtime::format_err!("a result of {len} bytes is too long"))
}
