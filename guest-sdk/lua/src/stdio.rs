//! `print`, and what `io` needs for the standard streams; the rest of `io` is
//! in `prelude/io.lua`.

use std::ffi::c_int;

use mlua_sys::*;
use warren_guest::stdio::{self, Stream};

use crate::exchange;
use crate::stack::{Functions, State, bytes_at};

/// The functions that `prelude/io.lua` is given.
pub(crate) const FUNCTIONS: &Functions = &[
    (c"write_out", write::<false>),
    (c"write_err", write::<true>),
    (c"flush", flush),
    (c"read", read),
];

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
        stdio::write(Stream::Out, bytes_at(l, -1).unwrap_or_default());
        0
    }
}

const fn stream(err: bool) -> Stream {
    if err { Stream::Err } else { Stream::Out }
}

/// Writes its arguments, strings and numbers.
unsafe extern "C-unwind" fn write<const ERR: bool>(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        for arg in 1..=lua_gettop(l) {
            luaL_checklstring(l, arg, std::ptr::null_mut());
            stdio::write(stream(ERR), bytes_at(l, arg).unwrap_or_default());
        }
        0
    }
}

/// Passes incomplete lines of both streams on.
unsafe extern "C-unwind" fn flush(_: State) -> c_int {
    stdio::flush(Stream::Out);
    stdio::flush(Stream::Err);
    0
}

/// Some bytes of standard input: a string, empty at the end.
unsafe extern "C-unwind" fn read(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe { exchange::call(l, Some(exchange::string), stdio::read) }
}
