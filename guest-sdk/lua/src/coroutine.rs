//! The library `coroutine`, through whose functions a switch of the scheduler
//! passes unseen.
//!
//! A program's own coroutine may block. Its yield then is meant for the
//! scheduler, not for the coroutine that has resumed it: that one's `resume`
//! yields in turn, and when the task runs again resumes inwards, until the
//! function that blocked goes on. Nobody on the way can tell.

use std::ffi::{CStr, c_int, c_void};

use mlua_sys::*;

use crate::internals::{lua_closethread, warren_has_unclosed, warren_unclosed};
use crate::runtime::{is_switched_out, runtime, set_switched_out};
use crate::scheduler;
use crate::stack::{self, Functions, State, raise, wrong_type};

const FUNCTIONS: &Functions = &[
    (c"create", create),
    (c"resume", resume),
    (c"wrap", wrap),
    (c"yield", yield_),
    (c"status", status),
    (c"running", running),
    (c"isyieldable", isyieldable),
    (c"close", close),
    (c"spawn", spawn),
];

/// The functions of C that can be left and come back to.
pub(crate) const SWITCHABLE: &[lua_CFunction] = &[resume, wrapped, close];

/// Pushes the library.
///
/// # Safety
/// `l` is a live Lua thread with three free stack slots.
pub(crate) unsafe fn open(l: State) {
    // SAFETY: as promised by the caller.
    unsafe { stack::push_library(l, FUNCTIONS) };
}

/// `coroutine.spawn(fn, ...)`: a coroutine that the scheduler runs.
unsafe extern "C-unwind" fn spawn(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        luaL_checktype(l, 1, LUA_TFUNCTION);
        scheduler::spawn(l, lua_gettop(l) - 1);
        0
    }
}

unsafe extern "C-unwind" fn create(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        luaL_checktype(l, 1, LUA_TFUNCTION);
        let thread = lua_newthread(l);
        lua_pushvalue(l, 1);
        lua_xmove(l, thread, 1);
        1
    }
}

unsafe extern "C-unwind" fn resume(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        let thread = thread_argument(l);
        let arguments = lua_gettop(l) - 1;
        match enter(l, thread, arguments) {
            Ok(()) => go(l, thread, arguments, false),
            Err(why) => {
                lua_pushboolean(l, 0);
                lua_pushstring(l, why.as_ptr());
                2
            }
        }
    }
}

unsafe extern "C-unwind" fn wrap(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        create(l);
        lua_pushcclosure(l, wrapped, 1);
        1
    }
}

unsafe extern "C-unwind" fn wrapped(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread; the upvalue is a thread.
    unsafe {
        let thread = lua_tothread(l, lua_upvalueindex(1));
        let arguments = lua_gettop(l);
        match enter(l, thread, arguments) {
            Ok(()) => go(l, thread, arguments, true),
            Err(why) => {
                lua_pushstring(l, why.as_ptr());
                lead_and_raise(l)
            }
        }
    }
}

/// The coroutine that a thread has resumed and waits for.
///
/// # Safety
/// `l` is a live thread, perhaps in the midst of something, with two free stack
/// slots; `record` was filled by `lua_getstack` for its innermost function.
#[cfg(target_family = "wasm")]
pub(crate) unsafe fn resumed_by(l: State, record: *mut lua_Debug) -> Option<State> {
    // SAFETY: as promised by the caller.
    unsafe {
        lua_getinfo(l, c"f".as_ptr(), record);
        let function = lua_tocfunction(l, -1);
        let is = |other: lua_CFunction| {
            function.is_some_and(|function| std::ptr::fn_addr_eq(function, other))
        };
        let thread = if is(wrapped) {
            lua_getupvalue(l, -1, 1);
            let thread = lua_tothread(l, -1);
            lua_pop(l, 1);
            thread
        } else if is(resume) && !lua_getlocal(l, record, 1).is_null() {
            let thread = lua_tothread(l, -1);
            lua_pop(l, 1);
            thread
        } else {
            std::ptr::null_mut()
        };
        lua_pop(l, 1);
        (!thread.is_null()).then_some(thread)
    }
}

unsafe extern "C-unwind" fn yield_(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        if runtime(l).scheduler.borrow().is_task(l) {
            raise(l, "attempt to yield from outside a coroutine");
        }
        lua_yield(l, lua_gettop(l))
    }
}

unsafe extern "C-unwind" fn status(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        let thread = thread_argument(l);
        lua_pushstring(l, status_of(l, thread).as_ptr());
        1
    }
}

unsafe extern "C-unwind" fn running(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        lua_pushthread(l);
        lua_pushboolean(l, runtime(l).scheduler.borrow().is_task(l).into());
        2
    }
}

unsafe extern "C-unwind" fn isyieldable(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        let thread = if lua_type(l, 1) == LUA_TNONE {
            l
        } else {
            thread_argument(l)
        };
        let yieldable =
            lua_isyieldable(thread) != 0 && !runtime(l).scheduler.borrow().is_task(thread);
        lua_pushboolean(l, yieldable.into());
        1
    }
}

unsafe extern "C-unwind" fn close(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        let thread = thread_argument(l);
        let status = status_of(l, thread);
        if status != c"dead" && status != c"suspended" {
            return luaL_error(l, c"cannot close a %s coroutine".as_ptr(), status.as_ptr());
        }
        if warren_has_unclosed(thread) != 0 {
            lua_settop(l, 1);
            let failed = !matches!(lua_status(thread), LUA_OK | LUA_YIELD);
            if failed {
                lua_xmove(thread, l, 1);
            } else {
                lua_pushnil(l);
            }
            return close_variables(l, thread, failed, closed);
        }
        if lua_closethread(thread, l) == LUA_OK {
            lua_pushboolean(l, 1);
            1
        } else {
            lua_pushboolean(l, 0);
            lua_xmove(thread, l, 1);
            2
        }
    }
}

/// Closes the variables of a coroutine, which is not resumed any more; then
/// goes on with `then`, for which the prelude's `ok` and error are on top of
/// the stack. The closing methods may block.
///
/// # Safety
/// The error of the coroutine, or nil, is on top of the stack of `l`.
unsafe fn close_variables(
    l: State,
    thread: State,
    failed: bool,
    then: unsafe extern "C-unwind" fn(State, c_int, lua_KContext) -> c_int,
) -> c_int {
    // SAFETY: as promised by the caller.
    unsafe {
        luaL_checkstack(l, LUA_MINSTACK, c"too many functions".as_ptr());
        luaL_checkstack(thread, 1, c"too many functions".as_ptr());
        // Until it is closed it counts as one that runs.
        set_switched_out(thread, true);
        lua_rawgetp(l, LUA_REGISTRYINDEX, close_key());
        lua_insert(l, -2);
        lua_pushthread(thread);
        lua_xmove(thread, l, 1);
        lua_insert(l, -2);
        lua_pushboolean(l, failed.into());
        lua_insert(l, -2);
        lua_callk(l, 3, 2, thread as lua_KContext, Some(then));
        then(l, LUA_OK, thread as lua_KContext)
    }
}

/// Goes on in `close`.
unsafe extern "C-unwind" fn closed(l: State, _: c_int, thread: lua_KContext) -> c_int {
    // SAFETY: `l` has called `close_variables`, and the thread on its stack.
    unsafe {
        let thread = thread as State;
        finish_closing(l, thread);
        if lua_toboolean(l, -2) != 0 {
            lua_pop(l, 1);
            1
        } else {
            2
        }
    }
}

/// Makes a coroutine dead all of whose variables are closed.
unsafe fn finish_closing(l: State, thread: State) {
    // SAFETY: the callers give a thread that `close_variables` was called with.
    unsafe {
        set_switched_out(thread, false);
        lua_closethread(thread, l);
        lua_settop(thread, 0);
    }
}

/// For the prelude: takes the next variable of a coroutine that is to be closed,
/// and returns true, its method and its value; or nothing.
pub(crate) unsafe extern "C-unwind" fn unclosed(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        let thread = thread_argument(l);
        lua_pushboolean(l, 1);
        if warren_unclosed(l, thread) != 0 {
            3
        } else {
            0
        }
    }
}

/// For the prelude: keeps the function that closes the variables of a
/// coroutine.
pub(crate) unsafe extern "C-unwind" fn keep_close(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        lua_settop(l, 1);
        lua_rawsetp(l, LUA_REGISTRYINDEX, close_key());
        0
    }
}

/// Where the registry keeps that function.
fn close_key() -> *const c_void {
    static KEY: u8 = 0;
    (&raw const KEY).cast()
}

unsafe fn thread_argument(l: State) -> State {
    // SAFETY: the callers are C functions.
    unsafe {
        let thread = lua_tothread(l, 1);
        if thread.is_null() {
            wrong_type(l, 1, c"thread");
        }
        thread
    }
}

/// What `coroutine.status` says. A coroutine that is switched out counts as
/// one that runs, in another task.
unsafe fn status_of(l: State, thread: State) -> &'static CStr {
    // SAFETY: the callers give live threads.
    unsafe {
        if thread == l {
            return c"running";
        }
        if is_switched_out(thread) {
            return c"normal";
        }
        match lua_status(thread) {
            LUA_YIELD => c"suspended",
            LUA_OK => {
                let mut record = std::mem::MaybeUninit::<lua_Debug>::uninit();
                if lua_getstack(thread, 0, record.as_mut_ptr()) != 0 {
                    c"normal"
                } else if lua_gettop(thread) == 0 {
                    c"dead"
                } else {
                    c"suspended"
                }
            }
            _ => c"dead",
        }
    }
}

/// Moves the arguments on top of the stack to a coroutine that can be resumed.
unsafe fn enter(l: State, thread: State, arguments: c_int) -> Result<(), &'static CStr> {
    // SAFETY: the callers give live threads.
    unsafe {
        match status_of(l, thread).to_bytes() {
            b"suspended" => {}
            b"dead" => return Err(c"cannot resume dead coroutine"),
            _ => return Err(c"cannot resume non-suspended coroutine"),
        }
        if lua_checkstack(thread, arguments) == 0 {
            return Err(c"too many arguments to resume");
        }
        lua_xmove(l, thread, arguments);
        Ok(())
    }
}

/// Resumes a coroutine, and returns what `resume` (or, with `wrapped`, the
/// function that `wrap` makes) returns.
unsafe fn go(l: State, thread: State, arguments: c_int, wrapped: bool) -> c_int {
    // SAFETY: `thread` can be resumed, with so many arguments on its stack;
    // it is kept alive by the stack or the upvalue of this function.
    unsafe {
        let rt = runtime(l);
        let resumption = rt.scheduler.borrow_mut().enter(l);
        rt.scheduler.borrow_mut().link(&resumption);
        let mut results = 0;
        let status = lua_resume(thread, l, arguments, &mut results);
        let switching = rt.scheduler.borrow_mut().leave(&resumption);
        match status {
            LUA_YIELD if switching => {
                set_switched_out(l, true);
                lua_yieldk(
                    l,
                    0,
                    thread as lua_KContext,
                    Some(if wrapped { go_on_wrapped } else { go_on }),
                )
            }
            LUA_OK | LUA_YIELD => {
                if lua_checkstack(l, results + 1) == 0 {
                    lua_pop(thread, results);
                    lua_pushstring(l, c"too many results to resume".as_ptr());
                    return failed(l, thread, wrapped);
                }
                if !wrapped {
                    lua_pushboolean(l, 1);
                }
                lua_xmove(thread, l, results);
                results + c_int::from(!wrapped)
            }
            _ => {
                lua_xmove(thread, l, 1);
                failed(l, thread, wrapped)
            }
        }
    }
}

unsafe extern "C-unwind" fn go_on(l: State, _: c_int, thread: lua_KContext) -> c_int {
    // SAFETY: Lua calls with the thread that yielded in `go`.
    unsafe {
        set_switched_out(l, false);
        go(l, thread as State, 0, false)
    }
}

unsafe extern "C-unwind" fn go_on_wrapped(l: State, _: c_int, thread: lua_KContext) -> c_int {
    // SAFETY: as `go_on`.
    unsafe {
        set_switched_out(l, false);
        go(l, thread as State, 0, true)
    }
}

/// Reports the error on top of the stack.
unsafe fn failed(l: State, thread: State, wrapped: bool) -> c_int {
    // SAFETY: the promise of `go`.
    unsafe {
        if !wrapped {
            lua_pushboolean(l, 0);
            lua_insert(l, -2);
            return 2;
        }
        let status = lua_status(thread);
        if status != LUA_OK && status != LUA_YIELD {
            // Closes what the coroutine has left open; its error may change.
            if warren_has_unclosed(thread) != 0 {
                return close_variables(l, thread, true, failed_and_closed);
            }
            lua_xmove(l, thread, 1);
            lua_closethread(thread, l);
            lua_xmove(thread, l, 1);
        }
        if status == LUA_ERRMEM {
            lua_error(l);
        }
        lead_and_raise(l)
    }
}

/// Goes on in [`failed`].
unsafe extern "C-unwind" fn failed_and_closed(l: State, _: c_int, thread: lua_KContext) -> c_int {
    // SAFETY: `l` has called `close_variables`, and the upvalue keeps the
    // thread.
    unsafe {
        finish_closing(l, thread as State);
        lead_and_raise(l)
    }
}

/// Raises the error on top of the stack; a message gets the position of the
/// caller in front.
unsafe fn lead_and_raise(l: State) -> c_int {
    // SAFETY: the promise of `go`.
    unsafe {
        if lua_type(l, -1) == LUA_TSTRING {
            luaL_where(l, 1);
            lua_insert(l, -2);
            lua_concat(l, 2);
        }
        lua_error(l)
    }
}
