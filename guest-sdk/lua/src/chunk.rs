//! Chunks of Lua code: from source to bytecode, and from bytecode to a function.

use std::ffi::{CString, c_int, c_void};
use std::slice;

use mlua_sys::*;
use warren_guest::msgpack::Output;

use crate::lua::{Overflow, State};

/// The reason why a source does not compile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// Lua's message, with the name of the source.
    pub(crate) message: String,
    /// The line, from 1, of an error of syntax.
    pub(crate) line: Option<u32>,
    /// The stack of the compiler that the source has filled.
    pub(crate) overflow: Option<Overflow>,
}

/// Compiles a source to bytecode, and a last byte for [`uses_arg`]. Fails with the reason, or
/// with nothing where memory ran out.
pub(crate) fn compile(l: State, name: &[u8], source: &[u8]) -> Result<Output, Option<Refusal>> {
    let mut chunk_name = vec![b'@'];
    chunk_name.extend(name.iter().filter(|byte| **byte != 0));
    let chunk_name = CString::new(chunk_name).unwrap_or_default();
    let source = without_first_comment(source);
    let named = |message: &str| Refusal {
        message: format!("{}: {message}", String::from_utf8_lossy(name)),
        line: None,
        overflow: None,
    };
    if source.first() == Some(&LUA_SIGNATURE[0]) {
        return Err(Some(named("a binary chunk; only text can be loaded")));
    }
    let mut code = Output::new();
    code.lift_limit();
    let status = l.load(source, &chunk_name);
    if status != LUA_OK {
        let refusal = l.lossy(-1).map(|message| match status {
            LUA_ERRSYNTAX => Refusal {
                message,
                line: u32::try_from(l.syntax_line()).ok(),
                overflow: None,
            },
            // Lua knows a place only for errors of syntax.
            _ => Refusal {
                overflow: l.overflow(-1),
                ..named(&message)
            },
        });
        l.pop(1);
        return Err(if status == LUA_ERRMEM { None } else { refusal });
    }
    let dumped = dump(l, &mut code, false) && code.raw(&[mentions(source, b"arg").into()]).is_ok();
    l.pop(1);
    if dumped { Ok(code) } else { Err(None) }
}

/// Returns true where the source of prepared code mentions `arg`: only then is there
/// such a table, so that other processes do not pay for it.
pub(crate) fn uses_arg(code: &[u8]) -> bool {
    code.last() == Some(&1)
}

/// Returns true where a word stands in a source.
fn mentions(source: &[u8], word: &[u8]) -> bool {
    let joins = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    source.windows(word.len()).enumerate().any(|(at, window)| {
        window == word
            && !joins(at.checked_sub(1).and_then(|before| source.get(before)))
            && !joins(source.get(at + word.len()))
    })
}

/// Appends the bytecode of the function on top of the stack to `output`;
/// without names and lines where it is `stripped`. False where there is no memory.
/// Does not raise.
pub(crate) fn dump(l: State, output: &mut Output, stripped: bool) -> bool {
    // SAFETY: a function is on top of the stack, and `write` gets the address of `output`
    // back while it is borrowed here.
    unsafe {
        lua_dump(
            l.as_ptr(),
            write,
            (&raw mut *output).cast(),
            stripped.into(),
        ) == 0
    }
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
    _: *mut lua_State,
    bytes: *const c_void,
    len: usize,
    output: *mut c_void,
) -> c_int {
    // SAFETY: as promised by the caller; `dump` gives the address of an output.
    unsafe {
        let bytes = slice::from_raw_parts(bytes.cast(), len);
        (*output.cast::<Output>()).raw(bytes).is_err().into()
    }
}

/// Pushes the function of prepared code; raises where it cannot be loaded.
///
/// # Safety
/// The code comes from [`dump`].
pub(crate) unsafe fn load_prepared(l: State, code: &[u8]) {
    // The name is only used in messages about code that is not bytecode; chunks carry
    // their own.
    // SAFETY: as promised by the caller.
    if unsafe { l.load_bytecode(code, c"=program") } != LUA_OK {
        l.error();
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

    #[test]
    fn a_word_is_no_part_of_another() {
        assert!(mentions(b"print(arg[1])", b"arg"));
        assert!(mentions(b"arg", b"arg"));
        assert!(!mentions(b"args, target, my_arg = 1", b"arg"));
    }
}
