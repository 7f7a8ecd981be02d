//! `print`, and the functions that `config/stdio.c` has libc's files call for
//! the standard streams.

use std::ffi::{c_char, c_int};
use std::slice;

use mlua_sys::*;
use warren_guest::stdio::Stream;

use crate::runtime::runtime;
use crate::stack::{State, bytes_at};
use crate::streams::{Files, Mode, Streams};

unsafe extern "C-unwind" {
    /// Opens the library `io`; a C function of Lua.
    pub(crate) fn warren_open_io(l: State) -> c_int;
}

unsafe extern "C" {
    /// Notes why standard input was refused, for the error that follows.
    fn warren_refuse(text: *const c_char, len: usize);
}

/// `print(...)`: one line, in one piece.
pub(crate) unsafe extern "C-unwind" fn print(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread; the buffer of Lua lies on this
    // frame and owns nothing but a value on the stack.
    unsafe {
        let count = lua_gettop(l);
        let mut buffer = std::mem::MaybeUninit::<luaL_Buffer>::uninit();
        let buffer = buffer.as_mut_ptr();
        luaL_buffinit(l, buffer);
        for arg in 1..=count {
            if arg > 1 {
                luaL_addlstring(buffer, c"\t".as_ptr(), 1);
            }
            luaL_tolstring(l, arg, std::ptr::null_mut());
            luaL_addvalue(buffer);
        }
        luaL_addlstring(buffer, c"\n".as_ptr(), 1);
        luaL_pushresult(buffer);
        let streams = &runtime(l).streams;
        streams.put(Stream::Out, bytes_at(l, -1).unwrap_or_default());
        0
    }
}

const fn stream(err: c_int) -> Stream {
    if err == 0 { Stream::Out } else { Stream::Err }
}

/// The streams of the runtime of `l`.
///
/// # Safety
/// As [`runtime`].
unsafe fn streams<'a>(l: State) -> &'a Streams {
    // SAFETY: as promised by the caller.
    unsafe { &runtime(l).streams }
}

/// # Safety
/// `config/stdio.c` calls it with a live Lua thread.
#[unsafe(no_mangle)]
unsafe extern "C" fn warren_files(l: State) -> *mut Files {
    // SAFETY: as promised by the caller.
    unsafe { streams(l).files() }
}

/// Takes what was written to a stream.
///
/// # Safety
/// As [`warren_files`], and with a readable range.
#[unsafe(no_mangle)]
unsafe extern "C" fn warren_stream_write(l: State, err: c_int, bytes: *const u8, len: usize) {
    if len > 0 {
        // SAFETY: as promised by the caller.
        unsafe { streams(l).put(stream(err), slice::from_raw_parts(bytes, len)) };
    }
}

/// Ends a call that has written to a stream.
///
/// # Safety
/// As [`warren_files`].
#[unsafe(no_mangle)]
unsafe extern "C" fn warren_stream_written(l: State, err: c_int) {
    // SAFETY: as promised by the caller.
    unsafe { streams(l).written(stream(err)) };
}

/// # Safety
/// As [`warren_files`].
#[unsafe(no_mangle)]
unsafe extern "C" fn warren_stream_flush(l: State, err: c_int) {
    // SAFETY: as promised by the caller.
    unsafe { streams(l).flush(stream(err)) };
}

/// `setvbuf` of a stream; 0 where there is no memory for the buffer.
///
/// # Safety
/// As [`warren_files`].
#[unsafe(no_mangle)]
unsafe extern "C" fn warren_stream_buffering(
    l: State,
    err: c_int,
    mode: c_int,
    size: usize,
) -> c_int {
    // The numbers of `MODE_NO` and others in `config/stdio.c`.
    let mode = match mode {
        0 => Mode::No,
        1 => Mode::Full(size),
        _ => Mode::Line,
    };
    // SAFETY: as promised by the caller.
    unsafe { streams(l).set_mode(stream(err), mode).into() }
}

/// Reads standard input; negative where that is refused.
///
/// # Safety
/// As [`warren_files`], and with a writable range.
#[unsafe(no_mangle)]
unsafe extern "C" fn warren_stream_read(l: State, bytes: *mut u8, len: usize) -> isize {
    if len == 0 {
        return 0;
    }
    // SAFETY: as promised by the caller; libc's buffers were written before.
    unsafe {
        match streams(l).read(slice::from_raw_parts_mut(bytes, len)) {
            Ok(count) => count as isize,
            Err(error) => {
                warren_refuse(error.message.as_ptr().cast(), error.message.len());
                -1
            }
        }
    }
}
