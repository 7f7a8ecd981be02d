//! The exports `prepare` and `start`: compiling a program, and running it.

use std::ffi::{c_char, c_int, c_void};
use std::slice;

use mlua_sys::*;
use warren_guest::msgpack::{Malformed, Output};
use warren_guest::{Buffer, Error, program};

use crate::boot;
use crate::ending;
use crate::errors::Kind;
use crate::exchange;
use crate::module::load_prepared;
use crate::outcome;
use crate::runtime::runtime;
use crate::scheduler::{self, Ended, again};
use crate::stack::{State, bytes_at};

/// Compiles the source of the program and hands over its bytecode, or the
/// reason why it does not compile.
pub(crate) fn prepare() {
    let l = boot::state();
    if l.is_null() {
        return program::fail_out_of_memory();
    }
    let mut buffer = Buffer::new();
    let record = match program::code(&mut buffer) {
        Ok(record) => record,
        Err(failure) => return program::fail_encoded(failure.0),
    };
    let Some(chunk) = program::Chunk::parse(record) else {
        return program::fail(&Error::new("Invalid", "there is no source to compile"));
    };
    // SAFETY: `l` is a live state; loading is protected, and dumping neither
    // raises nor allocates in Lua.
    match unsafe { compile(l, chunk.name, chunk.code) } {
        Ok(code) => program::prepared(code.as_slice()),
        Err(Some(message)) => program::fail(&Error::new("Invalid", message)),
        Err(None) => program::fail_out_of_memory(),
    }
}

/// Runs the program of the process to its end.
pub(crate) fn start() {
    let l = boot::state();
    if l.is_null() {
        return program::fail_out_of_memory();
    }
    // SAFETY: `l` is a live state; what can raise runs inside the `pcall`.
    unsafe {
        // The thread that set everything up stays as it is in the image.
        let l = runtime(l).runner.get().thread;
        lua_pushcfunction(l, run);
        if lua_pcall(l, 0, 0, 0) != LUA_OK {
            outcome::fail_without_thread(l);
        }
        ending::end(l);
    }
}

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
        let failed = lua_dump(l, write, (&raw mut code).cast(), 0);
        lua_pop(l, 1);
        if failed == 0 { Ok(code) } else { Err(None) }
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
pub(crate) unsafe extern "C-unwind" fn write(
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

/// The program from its first line to its outcome.
unsafe extern "C-unwind" fn run(l: State) -> c_int {
    // SAFETY: `start` calls through Lua with a live thread.
    unsafe {
        // The file itself is called with the arguments, then what it returns.
        if exchange::call(l, Some(build_program), program::code) != 1 {
            return outcome::fail_with_top(l);
        }
        let arguments = exchange::call(l, Some(exchange::values), program::arguments);
        // Code is longer than most results: its room goes to the program.
        runtime(l).buffer.take();
        let first = lua_gettop(l) - arguments + 1;
        luaL_checkstack(l, arguments + LUA_MINSTACK, c"too many arguments".as_ptr());
        copy(l, first - 1, arguments + 1);
        let thread = scheduler::spawn(l, arguments);
        runtime(l).program.set(thread);
        match scheduler::run(l, thread) {
            Ended::Failed(thread) => return outcome::failed(l, thread),
            Ended::Returned(0) => return outcome::finished_without_result(),
            Ended::Returned(results) => {
                // `return nil, err` is a failure, as from any function of a program.
                if lua_type(thread, -results) == LUA_TNIL {
                    return outcome::returned(l, thread, results);
                }
                lua_pop(thread, results - 1);
            }
        }
        match lua_type(thread, -1) {
            LUA_TFUNCTION => {}
            LUA_TTABLE => {
                lua_xmove(thread, l, 1);
                if !find_method(l) {
                    return outcome::fail_with_top(l);
                }
                lua_xmove(l, thread, 1);
            }
            _ => {
                outcome::push_error(
                    l,
                    Kind::Invalid,
                    format_args!(
                        "the file returned a {}; a function or a table of functions was expected",
                        type_name(thread)
                    ),
                );
                return outcome::fail_with_top(l);
            }
        }
        luaL_checkstack(
            thread,
            arguments + LUA_MINSTACK,
            c"too many arguments".as_ptr(),
        );
        copy(l, first, arguments);
        lua_xmove(l, thread, arguments);
        again(runtime(l), thread, arguments);
        match scheduler::run(l, thread) {
            Ended::Failed(thread) => outcome::failed(l, thread),
            Ended::Returned(results) => outcome::returned(l, thread, results),
        }
    }
}

/// Builds the function of the program.
unsafe fn build_program(l: State, record: &[u8]) -> Result<c_int, Malformed> {
    let Some(chunk) = program::Chunk::parse(record) else {
        return Err(Malformed::Unexpected);
    };
    // SAFETY: the promise of `exchange::Build`; the code is the runtime's.
    unsafe { load_prepared(l, chunk.code) };
    Ok(1)
}

/// Replaces the table on top of the stack by its function that the process is
/// to call; or, where there is none, pushes an error.
unsafe fn find_method(l: State) -> bool {
    // SAFETY: `run` is a C function.
    unsafe {
        if exchange::call(l, Some(exchange::string), program::method) != 1 {
            return false;
        }
        let table = lua_gettop(l) - 1;
        lua_pushvalue(l, -1);
        if lua_gettable(l, table) == LUA_TFUNCTION {
            return true;
        }
        lua_pop(l, 1);
        let there = functions_of(l, table);
        let method = String::from_utf8_lossy(bytes_at(l, table + 1).unwrap_or_default());
        outcome::push_error(
            l,
            Kind::NotFound,
            format_args!("the file has no function '{method}'; it has {there}"),
        );
        false
    }
}

/// The names of the functions in a table.
unsafe fn functions_of(l: State, table: c_int) -> String {
    let mut names = Vec::new();
    // SAFETY: `find_method` gives the index of a table; nothing here raises.
    unsafe {
        lua_pushnil(l);
        while lua_next(l, table) != 0 {
            if let (LUA_TFUNCTION, Some(name)) = (lua_type(l, -1), bytes_at(l, -2)) {
                names.push(format!("'{}'", String::from_utf8_lossy(name)));
            }
            lua_pop(l, 1);
        }
    }
    names.sort();
    if names.is_empty() {
        "none".to_owned()
    } else {
        names.join(", ")
    }
}

/// The type of the value on top of a stack, for messages.
unsafe fn type_name(l: State) -> &'static str {
    // SAFETY: `run` gives a live thread; the names of types are constants.
    unsafe {
        std::ffi::CStr::from_ptr(luaL_typename(l, -1))
            .to_str()
            .unwrap_or("value")
    }
}

/// Pushes copies of `count` stack slots from `first` on.
unsafe fn copy(l: State, first: c_int, count: c_int) {
    for index in first..first + count {
        // SAFETY: `run` gives indices on the stack, and room above.
        unsafe { lua_pushvalue(l, index) };
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
