//! `print`, and the functions that `config/stdio.c` has libc's files call for
//! the standard streams.

use std::ffi::{c_char, c_int};
use std::slice;

use mlua_sys::*;
use warren_guest::msgpack::{Input, Token};
use warren_guest::stdio::Stream;

use crate::interpreter::interpreter;
use crate::lua::{Functions, State};
use crate::streams::{Files, Mode, Streams};

unsafe extern "C-unwind" {
    /// Opens the library `io`; a C function of Lua.
    pub(crate) fn warren_open_io(l: *mut lua_State) -> c_int;
}

unsafe extern "C" {
    /// Notes why standard input was refused, for the error that follows.
    fn warren_refuse(text: *const c_char, len: usize);
}

/// The functions that the prelude is given.
pub(crate) const FUNCTIONS: &Functions = &[(c"eprint", eprint)];

/// `print(...)`: one line, in one piece.
pub(crate) extern "C-unwind" fn print(l: State) -> c_int {
    put_line(l, Stream::Out)
}

/// `io.eprint(...)`: the same to standard error.
extern "C-unwind" fn eprint(l: State) -> c_int {
    put_line(l, Stream::Err)
}

/// Writes the arguments as one line.
fn put_line(l: State, stream: Stream) -> c_int {
    let count = l.top();
    let mut buffer = std::mem::MaybeUninit::<luaL_Buffer>::uninit();
    let buffer = buffer.as_mut_ptr();
    // SAFETY: the thread is alive, and the buffer stays on this frame; it owns nothing
    // but a value on the stack.
    unsafe {
        luaL_buffinit(l.as_ptr(), buffer);
        for arg in 1..=count {
            if arg > 1 {
                luaL_addlstring(buffer, c"\t".as_ptr(), 1);
            }
            l.push_as_text(arg);
            luaL_addvalue(buffer);
        }
        luaL_addlstring(buffer, c"\n".as_ptr(), 1);
        luaL_pushresult(buffer);
    }
    l.with_bytes(-1, |line| {
        interpreter(l).streams.put(stream, line.unwrap_or_default());
    });
    0
}

const fn stream(err: c_int) -> Stream {
    if err == 0 { Stream::Out } else { Stream::Err }
}

/// Returns the streams of the process of `l`.
fn streams(l: State) -> &'static Streams {
    &interpreter(l).streams
}

/// Returns the files that may hold something.
#[unsafe(no_mangle)]
extern "C" fn warren_files(l: State) -> *mut Files {
    streams(l).files()
}

/// Takes what was written to a stream.
///
/// # Safety
/// The range is readable.
#[unsafe(no_mangle)]
unsafe extern "C" fn warren_stream_write(l: State, err: c_int, bytes: *const u8, len: usize) {
    if len > 0 {
        // SAFETY: as promised by the caller.
        let bytes = unsafe { slice::from_raw_parts(bytes, len) };
        streams(l).put(stream(err), bytes);
    }
}

/// Ends a call that has written to a stream.
#[unsafe(no_mangle)]
extern "C" fn warren_stream_written(l: State, err: c_int) {
    streams(l).written(stream(err));
}

/// Passes on what was written to a stream.
#[unsafe(no_mangle)]
extern "C" fn warren_stream_flush(l: State, err: c_int) {
    streams(l).flush(stream(err));
}

/// `setvbuf` of a stream; 0 where there is no memory for the buffer.
#[unsafe(no_mangle)]
extern "C" fn warren_stream_buffering(l: State, err: c_int, mode: c_int, size: usize) -> c_int {
    // The numbers of `MODE_NO` and others in `config/stdio.c`.
    let mode = match mode {
        0 => Mode::No,
        1 => Mode::Full(size),
        _ => Mode::Line,
    };
    streams(l).set_mode(stream(err), mode).into()
}

/// Reads standard input. Where that fails, the negated number of the error, by
/// which Unix knows it.
///
/// # Safety
/// The range is writable; libc's buffers were written before.
#[unsafe(no_mangle)]
unsafe extern "C" fn warren_stream_read(l: State, bytes: *mut u8, len: usize) -> isize {
    if len == 0 {
        return 0;
    }
    // SAFETY: as promised by the caller.
    match streams(l).read(unsafe { slice::from_raw_parts_mut(bytes, len) }) {
        Ok(count) => count as isize,
        Err(error) => match number_of_system(&error.details) {
            Some(number) => -number,
            None => {
                // SAFETY: the text is readable; it is copied.
                unsafe { warren_refuse(error.message.as_ptr().cast(), error.message.len()) };
                -NOT_PERMITTED
            }
        },
    }
}

/// The number of EPERM, the error that has the text of [`warren_refuse`].
const NOT_PERMITTED: isize = 1;

/// Returns the operating system's number of an error, from the field `errno` of
/// its details.
fn number_of_system(details: &[u8]) -> Option<isize> {
    let mut input = Input::new(details);
    let Token::Map(fields) = input.token().ok()? else {
        return None;
    };
    for _ in 0..fields {
        let key = input.token().ok()?;
        let value = input.value().ok()?;
        if let (Token::String(b"errno"), Token::Integer(number)) =
            (key, Input::new(value).token().ok()?)
        {
            return isize::try_from(number).ok().filter(|number| *number > 0);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_of_the_system_has_its_number() {
        assert_eq!(number_of_system(b"\x81\xa5errno\x15"), Some(21));
        assert_eq!(
            number_of_system(b"\x82\xa1a\x91\xc0\xa5errno\xcc\xff"),
            Some(255)
        );
        for details in [
            &b""[..],
            b"\xc0",
            b"\x80",
            b"\x81\xa5errno\x00",
            b"\x81\xa5errno\xff",
            b"\x81\xa5errno\xa121",
            b"\x81\xa5errno",
            b"\x81\xa6errnos\x15",
        ] {
            assert_eq!(number_of_system(details), None, "{details:?}");
        }
    }
}
