//! Chunks of Lua code: from source to bytecode, and from bytecode to a function.

use std::ffi::{c_char, c_int, c_void};
use std::slice;

use mlua_sys::*;
use warren_guest::msgpack::Output;

use crate::stack::{State, bytes_at};

/// Compiles a source to bytecode. Fails with Lua's message, or with nothing
/// where memory ran out.
///
/// # Safety
/// `l` is a live Lua thread with free stack slots.
pub(crate) unsafe fn compile(
    l: State,
    name: &[u8],
    source: &[u8],
) -> Result<Output, Option<String>> {
    let mut chunk_name = Vec::with_capacity(name.len() + 2);
    chunk_name.push(b'@');
    chunk_name.extend(name.iter().filter(|byte| **byte != 0));
    chunk_name.push(0);
    let source = without_first_comment(source);
    let named = |message: &str| format!("{}: {message}", String::from_utf8_lossy(name));
    if source.first() == Some(&LUA_SIGNATURE[0]) {
        return Err(Some(named("a binary chunk; only text can be loaded")));
    }
    let mut code = Output::new();
    code.lift_limit();
    // SAFETY: as promised by the caller; a load is protected by itself, the
    // name ends with 0, and the writer gets the address of `code`.
    unsafe {
        let start: *const c_char = source.as_ptr().cast();
        let status = luaL_loadbufferx(
            l,
            start,
            source.len(),
            chunk_name.as_ptr().cast(),
            c"t".as_ptr(),
        );
        if status != LUA_OK {
            let message = bytes_at(l, -1).map(|message| match status {
                LUA_ERRSYNTAX => String::from_utf8_lossy(message).into_owned(),
                // Lua knows a place only for errors of syntax.
                _ => named(&String::from_utf8_lossy(message)),
            });
            lua_pop(l, 1);
            return Err(if status == LUA_ERRMEM { None } else { message });
        }
        let dumped = dump(l, &mut code, false);
        lua_pop(l, 1);
        if dumped { Ok(code) } else { Err(None) }
    }
}

/// Appends the bytecode of the function on top of the stack to `output`;
/// without names and lines where it is `stripped`. False where there is no memory.
///
/// # Safety
/// A Lua function is on top of the stack of `l`. Does not raise.
pub(crate) unsafe fn dump(l: State, output: &mut Output, stripped: bool) -> bool {
    // SAFETY: as promised by the caller; the writer gets the address of `output`.
    unsafe { lua_dump(l, write, (&raw mut *output).cast(), stripped.into()) == 0 }
}

/// Leaves out a byte order mark and a first line that begins with `#`, but not
/// the end of that line, so that lines keep their numbers.
fn without_first_comment(source: &[u8]) -> &[u8] {
    let source = source.strip_prefix(b"\xef\xbb\xbf").unwrap_or(source);
    if source.first() != Some(&b'#') {
        return source;
    }
    let end = source
        .iter()
        .position(|byte| *byte == b'\n')
        .unwrap_or(source.len());
    &source[end..]
}

/// Appends a part of a dump to the [`Output`] at `output`.
///
/// # Safety
/// `lua_dump` calls it, with a valid range and what it was given.
unsafe extern "C-unwind" fn write(
    _: State,
    bytes: *const c_void,
    len: usize,
    output: *mut c_void,
) -> c_int {
    // SAFETY: Lua gives a valid range, and back what `compile` gave it.
    unsafe {
        let bytes = slice::from_raw_parts(bytes.cast(), len);
        (*output.cast::<Output>()).raw(bytes).is_err().into()
    }
}

/// Pushes the function of prepared code; raises where it cannot be loaded.
///
/// # Safety
/// `code` comes from `prepare`; `l` is a live Lua thread, nothing that needs
/// `Drop` is alive.
pub(crate) unsafe fn load_prepared(l: State, code: &[u8]) {
    // SAFETY: as promised by the caller. The name is only used in messages
    // about code that is not bytecode; chunks carry their own.
    unsafe {
        let code_start: *const c_char = code.as_ptr().cast();
        if luaL_loadbufferx(
            l,
            code_start,
            code.len(),
            c"=program".as_ptr(),
            c"b".as_ptr(),
        ) != LUA_OK
        {
            lua_error(l);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_first_line_for_the_shell_is_skipped() {
        assert_eq!(without_first_comment(b"#!/usr/bin/env warren\nx"), b"\nx");
        assert_eq!(without_first_comment(b"\xef\xbb\xbf#x"), b"");
        assert_eq!(without_first_comment(b"x # y"), b"x # y");
    }
}
