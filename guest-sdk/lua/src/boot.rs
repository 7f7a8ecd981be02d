//! Setting up Lua with all libraries, once per image.

use std::cell::Cell;
use std::ffi::{CStr, c_int};

use mlua_sys::*;
use warren_guest::msgpack::{MAX_MESSAGE, Output};

use crate::interpreter::{Anchored, Interpreter, interpreter};
use crate::lua::{Function, State, internals, push_library, set_functions};
use crate::{
    allocator, bundled, callbacks, capability, channel, chooser, codec, context, coroutine, crypto,
    env, errors, events, hash, json, late, libc_clock, logger, math, message, metamethods, metrics,
    module, object, os, payload, prelude, process, public, read_only, scheduler, security, spawner,
    stdio, tables, time, timers, traceback, transfer, uuid, warnings, yaml,
};

/// Returns the Lua state of this instance, set up at the first call, or in the image.
/// `None` where there was no memory for it.
pub(crate) fn state() -> Option<State> {
    thread_local! {
        static STATE: Cell<Option<State>> = const { Cell::new(None) };
    }
    if STATE.get().is_none() {
        STATE.set(new_state());
    }
    STATE.get()
}

/// Makes a Lua state with all libraries; `None` where there was no memory for it.
fn new_state() -> Option<State> {
    // SAFETY: the linker would otherwise make every export run these, also in
    // instances that begin with an image in which they have run.
    #[cfg(target_family = "wasm")]
    unsafe {
        unsafe extern "C" {
            fn __wasm_call_ctors();
        }
        __wasm_call_ctors();
    }
    #[cfg(target_family = "wasm")]
    let (reserve, first) = (allocator::reserve(), allocator::hot);
    #[cfg(not(target_family = "wasm"))]
    let first = allocator::lua;
    // SAFETY: both allocators are Lua's for good, and the state is this thread's own.
    let l = unsafe {
        let l = lua_newstate(first, std::ptr::null_mut());
        if l.is_null() {
            return None;
        }
        lua_setallocf(l, allocator::lua, std::ptr::null_mut());
        Interpreter::new(SWITCHABLE).attach(l);
        State::from_raw(l)?
    };
    // Garbage is collected where set-up says so, see `prelude::run`.
    l.stop_gc();
    warnings::open(l, &interpreter(l).warnings);
    libc_clock::stop(true);
    // In a thread of its own: the main thread's stack does not grow and keeps its
    // place, among what every process writes to.
    let mut status = call(l.new_thread(), open_all);
    l.pop(1);
    if status == LUA_OK {
        status = call(l, settle);
    }
    #[cfg(target_family = "wasm")]
    allocator::seal(reserve);
    if status == LUA_OK {
        status = call(l, make_own);
    }
    libc_clock::stop(false);
    if status != LUA_OK {
        debug_assert!(false, "set-up failed with status {status}");
        // SAFETY: nobody uses the state after this.
        unsafe { lua_close(l.as_ptr()) };
        return None;
    }
    Some(l)
}

/// Calls a function, protected.
fn call(l: State, function: Function) -> c_int {
    l.push_function(function);
    l.pcall(0, 0)
}

/// Gives each class an instance once: Lua notes in a metatable which
/// metamethods it has not, and would do so in every process anew.
fn warm_up(l: State) {
    for class in [
        c"channel",
        c"case",
        c"message",
        c"error",
        c"duration",
        c"time",
        c"timer",
        c"ticker",
    ] {
        l.new_object(0);
        l.set_named_class(class);
        l.pop(1);
    }
}

/// Collects what set-up has left over, and turns to the generational
/// collector: it leaves what is old alone, so that a process touches few pages
/// of the image.
extern "C-unwind" fn settle(l: State) -> c_int {
    let interpreter = interpreter(l);
    // Once in vain: the second time no table of the registry has to grow.
    make_own(l);
    if let Some(spare) = interpreter.spare.take() {
        l.release(LUA_REGISTRYINDEX, spare.reference);
    }
    if let Some(runner) = interpreter.runner.take() {
        l.release(LUA_REGISTRYINDEX, runner.reference);
    }
    interpreter.scheduler.take();
    interpreter.output.set(Output::new());
    interpreter.text.set(String::new());
    l.restart_gc();
    l.collect();
    l.collect_by_generation();
    interpreter.heap.set(l.heap());
    0
}

/// Makes what every process writes to, so that it lies among what is new: the
/// threads that run, and what keeps the channels of subscriptions.
extern "C-unwind" fn make_own(l: State) -> c_int {
    let interpreter = interpreter(l);
    transfer::open(l);
    interpreter.runner.set(Some(Anchored::new(l)));
    interpreter.spare.set(Some(Anchored::new(l)));
    scheduler::prepare(interpreter);
    0
}

/// The functions of C that a switch of the scheduler may leave.
const SWITCHABLE: &[&[Function]] = &[
    callbacks::SWITCHABLE,
    metamethods::SWITCHABLE,
    coroutine::SWITCHABLE,
    public::SWITCHABLE,
    bundled::SWITCHABLE,
    json::SWITCHABLE,
];

/// The libraries of Lua itself, whose functions the others may replace.
const STANDARD: [(&CStr, lua_CFunction); 8] = [
    (c"_G", luaopen_base),
    (c"table", luaopen_table),
    (c"io", stdio::warren_open_io),
    (c"os", luaopen_os),
    (c"string", luaopen_string),
    (c"utf8", luaopen_utf8),
    (c"math", luaopen_math),
    (c"debug", internals::warren_open_debug),
];

extern "C-unwind" fn open_all(l: State) -> c_int {
    for (name, open) in STANDARD {
        l.open_standard(name, open);
        l.pop(1);
    }
    math::replace_random(l);
    metamethods::replace_arithmetic(l);
    l.push_function(stdio::print);
    l.set_global(c"print");
    l.push_function(errors::error);
    l.set_global(c"error");
    message::open(l);
    payload::open(l);

    // `string` is complete before the methods of errors are made of it.
    push_native(l);
    prelude::run(l, prelude::STANDARD);
    library(l, c"coroutine", coroutine::open);
    library(l, c"errors", errors::open);
    library(l, c"channel", channel::open);
    library(l, c"time", open_time);
    library(l, c"process", process::open);
    library(l, c"ctx", context::open);
    library(l, c"json", json::open);
    library(l, c"uuid", uuid::open);
    library(l, c"hash", hash::open);
    library(l, c"env", env::open);
    library(l, c"crypto", crypto::open);
    library(l, c"events", events::open);
    library(l, c"metrics", metrics::open);
    library(l, c"base64", codec::open_base64);
    library(l, c"hex", codec::open_hex);
    library(l, c"yaml", yaml::open);
    prelude::run(l, prelude::WARREN);
    late::open(l);
    read_only::protect_modules(l);
    warm_up(l);
    0
}

/// Pushes the library `time`.
fn open_time(l: State) {
    time::open(l);
    timers::open(l);
}

/// Opens the module `lfs`, in a process that requires it.
extern "C-unwind" fn open_lfs(l: State) -> c_int {
    // SAFETY: the thread is alive, and has room for what a function of C pushes.
    unsafe { internals::warren_open_lfs(l.as_ptr()) }
}

/// Opens the module `lpeg`, in a process that requires it.
extern "C-unwind" fn open_lpeg(l: State) -> c_int {
    // SAFETY: the thread is alive, and has room for what a function of C pushes.
    unsafe { internals::luaopen_lpeg(l.as_ptr()) }
}

/// Opens a library, as a global and for `require`.
fn library(l: State, name: &CStr, open: fn(State)) {
    open(l);
    l.field(LUA_REGISTRYINDEX, c"_LOADED");
    l.push_value(-2);
    l.set_field(-2, name);
    l.pop(1);
    l.set_global(name);
}

/// Pushes the table of functions that only the prelude sees.
fn push_native(l: State) {
    push_library(l, logger::FUNCTIONS);
    for functions in [
        capability::FUNCTIONS,
        events::NATIVE,
        security::FUNCTIONS,
        env::FUNCTIONS,
        spawner::FUNCTIONS,
        payload::FUNCTIONS,
        stdio::FUNCTIONS,
        tables::FUNCTIONS,
        late::FUNCTIONS,
    ] {
        set_functions(l, functions);
    }
    set_functions(l, module::FUNCTIONS);
    set_functions(l, bundled::FUNCTIONS);
    set_functions(l, object::FUNCTIONS);
    set_functions(l, public::FUNCTIONS);
    set_functions(l, callbacks::FUNCTIONS);
    set_functions(l, chooser::FUNCTIONS);
    set_functions(l, metamethods::FUNCTIONS);
    set_functions(l, os::FUNCTIONS);
    set_functions(l, traceback::FUNCTIONS);
    l.push_integer(MAX_MESSAGE as lua_Integer);
    l.set_field(-2, c"max_message");
    l.field(LUA_REGISTRYINDEX, c"_LOADED");
    l.set_field(-2, c"loaded");
    l.new_table(0, 2);
    l.push_function(open_lfs);
    l.set_field(-2, c"lfs");
    l.push_function(open_lpeg);
    l.set_field(-2, c"lpeg");
    l.push_value(-1);
    l.set_field(LUA_REGISTRYINDEX, c"_PRELOAD");
    l.set_field(-2, c"preload");
}
