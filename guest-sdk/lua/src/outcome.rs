//! How a process ends: the contract's table "End of a process".

use std::ffi::c_int;
use std::fmt;

use mlua_sys::*;
use warren_guest::program;

use crate::encode::{self, Stop};
use crate::errors::{self, Kind, part};
use crate::exchange;
use crate::internals::lua_closethread;
use crate::runtime::{push_text, runtime};
use crate::stack::{State, bytes_at};
use crate::traceback;

/// The program's function returned `results` values, on top of the stack of
/// its thread: a result, or a second value that is an error.
///
/// # Safety
/// `l` runs a C function, `thread` is the program's; nothing that needs `Drop`
/// is alive. The same holds for all functions of this module.
pub(crate) unsafe fn returned(l: State, thread: State, results: c_int) -> c_int {
    // SAFETY: as promised by the caller.
    unsafe {
        lua_settop(l, 0);
        lua_pop(thread, (results - 2).max(0));
        lua_xmove(thread, l, results.min(2));
        lua_settop(l, 2);
        if errors::is_error(l, 2) {
            return fail_with_top(l);
        }
        if lua_type(l, 2) == LUA_TSTRING {
            errors::wrap_message(l, Kind::Unknown);
            return fail_with_top(l);
        }
        if lua_isnil(l, 1) != 0 {
            return finished_without_result();
        }
        let rt = runtime(l);
        let mut output = rt.output.take();
        output.clear();
        let encoded = encode::value(l, 1, "result", &mut output);
        if encoded.is_ok() {
            program::finish(Some(output.as_slice()));
        }
        rt.output.set(output);
        match encoded {
            Ok(()) => 0,
            Err(Stop::TooLarge) => {
                push_too_large(l);
                fail_with_top(l)
            }
            Err(stop) => {
                exchange::stopped(l, stop, "result");
                fail_with_top(l)
            }
        }
    }
}

/// The program ended without a result.
pub(crate) fn finished_without_result() -> c_int {
    program::finish(None);
    0
}

/// A task raised the error on top of the stack of its thread.
///
/// # Safety
/// As [`returned`].
pub(crate) unsafe fn failed(l: State, thread: State) -> c_int {
    // SAFETY: as promised by the caller.
    unsafe {
        lua_settop(l, 0);
        traceback::push(l, thread);
        let out_of_memory = lua_status(thread) == LUA_ERRMEM;
        // Closes what the task has left open; the error may change.
        lua_closethread(thread, l);
        lua_xmove(thread, l, 1);
        let out_of_memory = out_of_memory && lua_type(l, -1) == LUA_TSTRING;
        structure(l);
        if out_of_memory {
            lua_pushstring(l, Kind::OutOfMemory.name().as_ptr());
            lua_setiuservalue(l, -2, part::KIND);
        }
        if lua_getiuservalue(l, -1, part::STACK) == LUA_TNIL {
            lua_pushvalue(l, 1);
            lua_setiuservalue(l, -3, part::STACK);
        }
        lua_pop(l, 1);
        fail_with_top(l)
    }
}

/// The process fails with the structured error on top of the stack.
///
/// # Safety
/// As [`returned`].
pub(crate) unsafe fn fail_with_top(l: State) -> c_int {
    // SAFETY: as promised by the caller; the output is put back before
    // anything can raise.
    unsafe {
        let rt = runtime(l);
        for attempt in 0..2 {
            let mut output = rt.output.take();
            output.clear();
            let encoded = encode::value(l, lua_gettop(l), "error", &mut output);
            if encoded.is_ok() {
                program::fail_encoded(output.as_slice());
            }
            rt.output.set(output);
            match encoded {
                Ok(()) => return 0,
                Err(Stop::TooLarge) if attempt == 0 => push_too_large(l),
                // Details that may not cross are left out.
                Err(Stop::Refused(_)) if attempt == 0 => {
                    lua_pushnil(l);
                    lua_setiuservalue(l, -2, part::DETAILS);
                }
                Err(_) => break,
            }
        }
        program::fail_out_of_memory();
        0
    }
}

/// Something raised outside of any task, where little can be done: the error
/// on top of the stack is most likely for want of memory.
///
/// # Safety
/// `l` is the main thread, with a value on top of its stack.
pub(crate) unsafe fn fail_without_thread(l: State) {
    // SAFETY: as promised by the caller; what can raise runs in a `pcall`.
    unsafe {
        lua_pushcfunction(l, fail_plainly);
        lua_insert(l, -2);
        if lua_pcall(l, 1, 0, 0) != LUA_OK {
            program::fail_out_of_memory();
        }
    }
}

/// Pushes the error that takes the place of a result or error with more bytes
/// than a message may have: the runtime's own words for it.
unsafe fn push_too_large(l: State) {
    // SAFETY: the callers are C functions.
    unsafe { push_error(l, Kind::Invalid, format_args!("result too large")) };
}

/// Pushes a new error.
///
/// # Safety
/// As [`returned`].
pub(crate) unsafe fn push_error(l: State, kind: Kind, message: fmt::Arguments<'_>) {
    // SAFETY: as promised by the caller.
    unsafe {
        push_text(l, message.to_string());
        errors::wrap_message(l, kind);
    }
}

unsafe extern "C-unwind" fn fail_plainly(l: State) -> c_int {
    // SAFETY: `fail_without_thread` calls through Lua with one argument.
    unsafe {
        structure(l);
        fail_with_top(l)
    }
}

/// Makes a structured error of the value on top of the stack, which was
/// raised. One that is none already becomes the message as Lua would print it;
/// a table that has no text becomes the details.
unsafe fn structure(l: State) {
    // SAFETY: the callers are C functions.
    unsafe {
        if errors::is_error(l, -1) {
            return;
        }
        if matches!(lua_type(l, -1), LUA_TSTRING | LUA_TNUMBER) {
            // Makes a string of a number, as Lua does to print it.
            lua_tolstring(l, -1, std::ptr::null_mut());
            errors::wrap_message(l, Kind::Internal);
            return;
        }
        let value = lua_gettop(l);
        if luaL_getmetafield(l, value, c"__tostring".as_ptr()) == LUA_TNIL {
            let message = lua_pushfstring(
                l,
                c"(error object is a %s value)".as_ptr(),
                luaL_typename(l, value),
            );
            debug_assert!(!message.is_null());
        } else {
            lua_pop(l, 1);
            lua_pushcfunction(l, tostring);
            lua_pushvalue(l, value);
            // An error in `__tostring` is the better message.
            lua_pcall(l, 1, 1, 0);
            if bytes_at(l, -1).is_none() {
                lua_pop(l, 1);
                push_text(l, "an error whose __tostring fails".to_owned());
            }
        }
        errors::wrap_message(l, Kind::Internal);
        if lua_type(l, value) == LUA_TTABLE {
            lua_pushvalue(l, value);
            lua_setiuservalue(l, -2, part::DETAILS);
        }
    }
}

unsafe extern "C-unwind" fn tostring(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread and one argument.
    unsafe {
        luaL_tolstring(l, 1, std::ptr::null_mut());
        1
    }
}
