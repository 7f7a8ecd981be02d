//! The exports `prepare` and `start`: compiling a program, and running it.

use std::ffi::c_int;

use mlua_sys::*;
use warren_guest::msgpack::Malformed;
use warren_guest::{Buffer, Error, program};

use crate::boot;
use crate::chunk::{compile, load_prepared};
use crate::ending;
use crate::errors::Kind;
use crate::exchange;
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
