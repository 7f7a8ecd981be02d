//! `warren:core/program`.

use std::sync::Arc;

use wasmtime::{Caller, Linker};

use super::{Fault, Out, bytes_or_absent, fail, memory_and_guest, range, reply, text};
use crate::code::definition::Code;
use crate::code::program::Chunk;
use crate::guest::{Guest, Unwind};
use crate::operand::NAME;

const MODULE: &str = "warren:core/program@0.1.0";

pub(super) fn link(linker: &mut Linker<Guest>) -> wasmtime::Result<()> {
    linker.func_wrap(MODULE, "definition", definition)?;
    linker.func_wrap(MODULE, "method", method)?;
    linker.func_wrap(MODULE, "arguments", arguments)?;
    linker.func_wrap(MODULE, "code", code)?;
    linker.func_wrap_async(
        MODULE,
        "module",
        |caller, (name_ptr, name_len, ptr, cap)| {
            Box::new(module(caller, name_ptr, name_len, Out { ptr, cap }))
        },
    )?;
    linker.func_wrap(MODULE, "prepared", prepared)?;
    linker.func_wrap(MODULE, "finish", finish)?;
    linker.func_wrap(MODULE, "fail", fail_program)?;
    linker.func_wrap(MODULE, "exit", |status: i32| -> wasmtime::Result<()> {
        Err(wasmtime::Error::new(Unwind::Exit(status)))
    })?;
    Ok(())
}

fn definition(mut caller: Caller<'_, Guest>, ptr: u32, cap: u32) -> wasmtime::Result<i32> {
    let id = Arc::clone(&caller.data().run.program.definition.id);
    reply(&mut caller, Out { ptr, cap }, Ok(id.as_bytes()))
}

fn method(mut caller: Caller<'_, Guest>, ptr: u32, cap: u32) -> wasmtime::Result<i32> {
    let guest = caller.data();
    let definition = &guest.run.program.definition;
    let prefers_handler = &*definition.method == DEFAULT_METHOD
        && matches!(definition.code, Code::Lua(_))
        && guest.answers_request();
    let method: Arc<str> = match prefers_handler {
        true => OF_REQUESTS.into(),
        false => Arc::clone(&definition.method),
    };
    reply(&mut caller, Out { ptr, cap }, Ok(method.as_bytes()))
}

/// The method of a definition, unless its settings name another.
const DEFAULT_METHOD: &str = "main";

/// The methods of a file of Lua whose process answers a request: the first that is there
/// counts.
const OF_REQUESTS: &str = "handler\nmain";

fn arguments(mut caller: Caller<'_, Guest>, ptr: u32, cap: u32) -> wasmtime::Result<i32> {
    let arguments = Arc::clone(&caller.data().run.arguments);
    reply(&mut caller, Out { ptr, cap }, Ok(arguments))
}

fn code(mut caller: Caller<'_, Guest>, ptr: u32, cap: u32) -> wasmtime::Result<i32> {
    let guest = caller.data();
    let mark = u32::from(guest.shared.payload_objects) << 31 | covered(guest);
    let modules = guest.run.program.modules.as_deref();
    let chunk = guest
        .code()
        .map_or_else(Vec::new, |chunk| record(chunk, mark, modules));
    reply(&mut caller, Out { ptr, cap }, Ok(chunk))
}

async fn module(
    mut caller: Caller<'_, Guest>,
    name_ptr: u32,
    name_len: u32,
    out: Out,
) -> wasmtime::Result<i32> {
    let (memory, guest) = memory_and_guest(&mut caller)?;
    let name = match text(memory, name_ptr, name_len, "name", NAME) {
        Ok(name) => name.to_owned(),
        Err(fault) => return fail(guest, fault),
    };
    let found = caller.data_mut().module(name).await;
    let mark = covered(caller.data());
    let found = found.map(|found| found.map_or_else(Vec::new, |chunk| record(&chunk, mark, None)));
    reply(&mut caller, out, found.map_err(Fault::from))
}

/// Returns the mark of code whose lines are to be counted, if they are.
fn covered(guest: &Guest) -> u32 {
    if guest.shared.counts_lines {
        COVERED
    } else {
        0
    }
}

/// The bit of the length of a chunk's name that has the interpreter count lines.
const COVERED: u32 = 1 << 29;

/// The bit of the length of a chunk's name that tells of modules behind the name.
const MODULES: u32 = 1 << 30;

/// Returns the record of a chunk; `mark` has the other bits of the length of its name.
fn record(chunk: &Chunk, mark: u32, modules: Option<&[String]>) -> Vec<u8> {
    let mut record = Vec::with_capacity(4 + chunk.name.len() + chunk.code.len());
    // Names are paths, far below 512 MiB.
    let mut len = u32::try_from(chunk.name.len()).unwrap_or(0) | mark;
    if modules.is_some() {
        len |= MODULES;
    }
    record.extend_from_slice(&len.to_le_bytes());
    record.extend_from_slice(chunk.name.as_bytes());
    if let Some(modules) = modules {
        let names = modules.join("\n");
        // A manifest, which has all names, is at most 1 MiB.
        let len = u32::try_from(names.len()).unwrap_or(0);
        record.extend_from_slice(&len.to_le_bytes());
        record.extend_from_slice(names.as_bytes());
    }
    record.extend_from_slice(&chunk.code);
    record
}

fn prepared(mut caller: Caller<'_, Guest>, ptr: u32, len: u32) -> wasmtime::Result<()> {
    let (memory, guest) = memory_and_guest(&mut caller)?;
    guest.prepared(range(memory, ptr, len, "code")?);
    Ok(())
}

fn finish(mut caller: Caller<'_, Guest>, ptr: u32, len: u32) -> wasmtime::Result<()> {
    let (memory, guest) = memory_and_guest(&mut caller)?;
    guest.finish(bytes_or_absent(memory, ptr, len, "result")?);
    Ok(())
}

fn fail_program(mut caller: Caller<'_, Guest>, ptr: u32, len: u32) -> wasmtime::Result<()> {
    let (memory, guest) = memory_and_guest(&mut caller)?;
    let bytes = range(memory, ptr, len, "error")?;
    guest.fail_encoded(bytes);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_has_the_marks_and_the_modules() {
        let chunk = Chunk {
            name: "x".into(),
            code: b"code".as_slice().into(),
        };
        assert_eq!(record(&chunk, 0, None), b"\x01\0\0\0xcode");
        assert_eq!(record(&chunk, 1 << 31, None), b"\x01\0\0\x80xcode");
        assert_eq!(record(&chunk, COVERED, None), b"\x01\0\0\x20xcode");
        let modules = ["time".to_owned(), "json".to_owned()];
        assert_eq!(
            record(&chunk, 0, Some(modules.as_slice())),
            b"\x01\0\0\x40x\x09\0\0\0time\njsoncode"
        );
        assert_eq!(
            record(&chunk, 0, Some(<&[String]>::default())),
            b"\x01\0\0\x40x\0\0\0\0code"
        );
    }
}
