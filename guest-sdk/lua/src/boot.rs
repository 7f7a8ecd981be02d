//! Setting up Lua with all libraries, once per image.

use std::cell::Cell;
use std::ffi::{CStr, c_int};

use mlua_sys::*;
use warren_guest::msgpack::{MAX_MESSAGE, Output};

use crate::runtime::{Anchored, Runtime, runtime};
use crate::stack::{State, push_library, set_functions};
use crate::{
    allocator, callbacks, channel, context, coroutine, errors, internals, json, libc_clock, logger,
    math, message, metamethods, module, object, os, prelude, process, public, scheduler, security,
    spawner, stdio, time, timers, traceback, transfer, warnings,
};

/// The Lua state of this instance, set up at the first call, or in the image.
/// Null where there was no memory for it.
pub(crate) fn state() -> State {
    thread_local! {
        static STATE: Cell<State> = const { Cell::new(std::ptr::null_mut()) };
    }
    let mut l = STATE.get();
    if l.is_null() {
        l = new_state();
        STATE.set(l);
    }
    l
}

/// A new Lua state with all libraries; null where there was no memory for it.
fn new_state() -> State {
    // SAFETY: the linker would otherwise make every export run these, also in
    // instances that begin with an image in which they have run.
    #[cfg(target_family = "wasm")]
    unsafe {
        unsafe extern "C" {
            fn __wasm_call_ctors();
        }
        __wasm_call_ctors();
    }
    // SAFETY: a new state is used by this thread alone; what can raise runs
    // inside a `pcall`.
    unsafe {
        #[cfg(target_family = "wasm")]
        let reserve = allocator::reserve();
        #[cfg(target_family = "wasm")]
        let l = lua_newstate(allocator::hot, std::ptr::null_mut());
        #[cfg(not(target_family = "wasm"))]
        let l = lua_newstate(allocator::lua, std::ptr::null_mut());
        if l.is_null() {
            return l;
        }
        lua_setallocf(l, allocator::lua, std::ptr::null_mut());
        // Garbage is collected where set-up says so, see `prelude::run`.
        lua_gc(l, LUA_GCSTOP);
        Runtime::new(SWITCHABLE).attach(l);
        warnings::open(l, &runtime(l).warnings);
        libc_clock::stop(true);
        let mut status = call(l, open_all);
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
            debug_assert!(
                false,
                "{:?}",
                crate::stack::bytes_at(l, -1).map(String::from_utf8_lossy)
            );
            lua_close(l);
            return std::ptr::null_mut();
        }
        l
    }
}

/// Calls a function, protected.
///
/// # Safety
/// `l` is a live Lua thread with free stack slots.
unsafe fn call(l: State, function: lua_CFunction) -> c_int {
    // SAFETY: as promised by the caller.
    unsafe {
        lua_pushcfunction(l, function);
        lua_pcall(l, 0, 0, 0)
    }
}

/// Gives each class an instance once: Lua notes in a metatable which
/// metamethods it has not, and would do so in every process anew.
///
/// # Safety
/// `l` is a live Lua thread with two free stack slots.
unsafe fn warm_up(l: State) {
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
        // SAFETY: as promised by the caller; nobody gets hold of the instance.
        unsafe {
            lua_newuserdatauv(l, 0, 0);
            luaL_setmetatable(l, class.as_ptr());
            lua_pop(l, 1);
        }
    }
}

/// Collects what set-up has left over, and turns to the generational
/// collector: it leaves what is old alone, so that a process touches few pages
/// of the image.
unsafe extern "C-unwind" fn settle(l: State) -> c_int {
    // SAFETY: `new_state` calls through Lua with a live thread.
    unsafe {
        let rt = runtime(l);
        // Once in vain: the second time no table of the registry has to grow.
        make_own(l);
        if let Some(spare) = rt.spare.take() {
            luaL_unref(l, LUA_REGISTRYINDEX, spare.reference);
        }
        luaL_unref(l, LUA_REGISTRYINDEX, rt.runner.get().reference);
        rt.scheduler.take();
        rt.output.set(Output::new());
        rt.text.set(String::new());
        lua_gc(l, LUA_GCRESTART);
        lua_gc(l, LUA_GCCOLLECT);
        lua_gc(l, LUA_GCGEN, 0 as c_int, 0 as c_int);
        rt.heap.set(internals::heap_of_interpreter(l));
        0
    }
}

/// Makes what every process writes to, so that it lies among what is new: the
/// threads that run, and what keeps the channels of subscriptions.
unsafe extern "C-unwind" fn make_own(l: State) -> c_int {
    // SAFETY: the callers run through Lua with a live thread.
    unsafe {
        let rt = runtime(l);
        transfer::open(l);
        rt.runner.set(Anchored::new(l));
        rt.spare.set(Some(Anchored::new(l)));
        scheduler::prepare(rt);
        0
    }
}

/// The functions of C that a switch of the scheduler may leave.
const SWITCHABLE: &[&[lua_CFunction]] = &[
    callbacks::SWITCHABLE,
    metamethods::SWITCHABLE,
    coroutine::SWITCHABLE,
    public::SWITCHABLE,
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
    (c"debug", luaopen_debug),
];

unsafe extern "C-unwind" fn open_all(l: State) -> c_int {
    // SAFETY: `new_state` calls through Lua with a live thread.
    unsafe {
        for (name, open) in STANDARD {
            luaL_requiref(l, name.as_ptr(), open, 1);
            lua_pop(l, 1);
        }
        math::replace_random(l);
        metamethods::replace_arithmetic(l);
        lua_pushcfunction(l, stdio::print);
        lua_setglobal(l, c"print".as_ptr());
        message::open(l);

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
        prelude::run(l, prelude::WARREN);
        warm_up(l);
        0
    }
}

/// Pushes the library `time`.
unsafe fn open_time(l: State) {
    // SAFETY: as `open_all`.
    unsafe {
        time::open(l);
        timers::open(l);
    }
}

/// Opens a library, as a global and for `require`.
unsafe fn library(l: State, name: &CStr, open: unsafe fn(State)) {
    // SAFETY: as `open_all`.
    unsafe {
        open(l);
        lua_getfield(l, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
        lua_pushvalue(l, -2);
        lua_setfield(l, -2, name.as_ptr());
        lua_pop(l, 1);
        lua_setglobal(l, name.as_ptr());
    }
}

/// Pushes the table of functions that only the prelude sees.
unsafe fn push_native(l: State) {
    // SAFETY: as `open_all`.
    unsafe {
        push_library(l, logger::FUNCTIONS);
        for functions in [security::FUNCTIONS, spawner::FUNCTIONS] {
            set_functions(l, functions);
        }
        set_functions(l, module::FUNCTIONS);
        set_functions(l, object::FUNCTIONS);
        set_functions(l, public::FUNCTIONS);
        set_functions(l, callbacks::FUNCTIONS);
        set_functions(l, metamethods::FUNCTIONS);
        set_functions(l, os::FUNCTIONS);
        set_functions(l, traceback::FUNCTIONS);
        lua_pushinteger(l, MAX_MESSAGE as lua_Integer);
        lua_setfield(l, -2, c"max_message".as_ptr());
        lua_getfield(l, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
        lua_setfield(l, -2, c"loaded".as_ptr());
    }
}
