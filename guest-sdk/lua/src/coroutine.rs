//! The library `coroutine`, through whose functions a switch of the scheduler
//! passes unseen.
//!
//! A program's own coroutine may block. Its yield then is meant for the
//! scheduler, not for the coroutine that has resumed it: that one's `resume`
//! yields in turn, and when the task runs again resumes inwards, until the
//! function that blocked goes on. Nobody on the way can tell.

use std::ffi::{CStr, c_int, c_void};

use mlua_sys::*;

use crate::interpreter::{interpreter, is_switched_out, push_text, set_switched_out};
#[cfg(target_family = "wasm")]
use crate::lua::Frame;
use crate::lua::{self, Continuation, Function, Functions, State};
use crate::scheduler;

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
pub(crate) const SWITCHABLE: &[Function] = &[resume, wrapped, close];

/// Pushes the library.
pub(crate) fn open(l: State) {
    lua::push_library(l, FUNCTIONS);
}

/// `coroutine.spawn(fn, ...)`: a coroutine that the scheduler runs.
extern "C-unwind" fn spawn(l: State) -> c_int {
    l.check_type(1, LUA_TFUNCTION);
    scheduler::spawn(l, l.top() - 1);
    0
}

extern "C-unwind" fn create(l: State) -> c_int {
    l.check_type(1, LUA_TFUNCTION);
    let thread = l.new_thread();
    l.push_value(1);
    l.move_to(thread, 1);
    1
}

extern "C-unwind" fn resume(l: State) -> c_int {
    let thread = l.check_thread(1);
    let arguments = l.top() - 1;
    match enter(l, thread, arguments) {
        Ok(()) => go(l, thread, arguments, false),
        Err(why) => {
            l.push_boolean(false);
            l.push_string(why);
            2
        }
    }
}

extern "C-unwind" fn wrap(l: State) -> c_int {
    create(l);
    l.push_closure(wrapped, 1);
    1
}

extern "C-unwind" fn wrapped(l: State) -> c_int {
    let Some(thread) = l.to_thread(lua_upvalueindex(1)) else {
        return 0;
    };
    let arguments = l.top();
    match enter(l, thread, arguments) {
        Ok(()) => go(l, thread, arguments, true),
        Err(why) => {
            l.push_string(why);
            lead_and_raise(l)
        }
    }
}

/// The coroutine that a thread, whose innermost function is `frame`, has resumed and
/// waits for. The thread is perhaps in the midst of something, with two free stack slots.
#[cfg(target_family = "wasm")]
pub(crate) fn resumed_by(l: State, frame: &mut Frame) -> Option<State> {
    frame.ask(c"f");
    let function = l.to_function(-1);
    let is =
        |other: Function| function.is_some_and(|function| std::ptr::fn_addr_eq(function, other));
    let mut thread = None;
    if is(wrapped) {
        l.upvalue(-1, 1);
        thread = l.to_thread(-1);
        l.pop(1);
    } else if is(resume) && frame.push_local(1) {
        thread = l.to_thread(-1);
        l.pop(1);
    }
    l.pop(1);
    thread
}

extern "C-unwind" fn yield_(l: State) -> c_int {
    if interpreter(l).scheduler.borrow().is_task(l) {
        l.raise("attempt to yield from outside a coroutine");
    }
    l.yield_values(l.top())
}

extern "C-unwind" fn status(l: State) -> c_int {
    let thread = l.check_thread(1);
    l.push_string(status_of(l, thread));
    1
}

extern "C-unwind" fn running(l: State) -> c_int {
    l.push_thread();
    l.push_boolean(interpreter(l).scheduler.borrow().is_task(l));
    2
}

extern "C-unwind" fn isyieldable(l: State) -> c_int {
    let thread = if l.type_of(1) == LUA_TNONE {
        l
    } else {
        l.check_thread(1)
    };
    let yieldable = thread.is_yieldable() && !interpreter(l).scheduler.borrow().is_task(thread);
    l.push_boolean(yieldable);
    1
}

extern "C-unwind" fn close(l: State) -> c_int {
    let thread = l.check_thread(1);
    let status = status_of(l, thread);
    if status != c"dead" && status != c"suspended" {
        let status = status.to_str().unwrap_or_default();
        l.push_where(1);
        push_text(l, format!("cannot close a {status} coroutine"));
        l.concat(2);
        l.error();
    }
    if thread.has_unclosed() {
        l.set_top(1);
        let failed = !matches!(thread.status(), LUA_OK | LUA_YIELD);
        if failed {
            thread.move_to(l, 1);
        } else {
            l.push_nil();
        }
        return close_variables(l, thread, failed, closed);
    }
    if thread.close(l) == LUA_OK {
        l.push_boolean(true);
        1
    } else {
        l.push_boolean(false);
        thread.move_to(l, 1);
        2
    }
}

/// Closes the variables of a coroutine, which is not resumed any more; then
/// goes on with `then`, for which the prelude's `ok` and error are on top of
/// the stack. The closing methods may block.
fn close_variables(l: State, thread: State, failed: bool, then: Continuation) -> c_int {
    l.need_room(LUA_MINSTACK, c"too many functions");
    thread.need_room(1, c"too many functions");
    // Until it is closed it counts as one that runs.
    set_switched_out(thread, true);
    l.registered(close_key());
    l.insert(-2);
    thread.push_thread();
    thread.move_to(l, 1);
    l.insert(-2);
    l.push_boolean(failed);
    l.insert(-2);
    l.call_then(3, 2, thread.as_context(), then)
}

/// Goes on in `close`.
extern "C-unwind" fn closed(l: State, _: c_int, thread: lua_KContext) -> c_int {
    let thread = thread_of(thread);
    finish_closing(l, thread);
    if l.to_boolean(-2) {
        l.pop(1);
        1
    } else {
        2
    }
}

/// Makes a coroutine dead all of whose variables are closed.
fn finish_closing(l: State, thread: State) {
    set_switched_out(thread, false);
    thread.close(l);
    thread.set_top(0);
}

/// For the prelude: takes the next variable of a coroutine that is to be closed,
/// and returns true, its method and its value; or nothing.
pub(crate) extern "C-unwind" fn unclosed(l: State) -> c_int {
    let thread = l.check_thread(1);
    l.push_boolean(true);
    if l.push_unclosed(thread) { 3 } else { 0 }
}

/// For the prelude: keeps the function that closes the variables of a
/// coroutine.
pub(crate) extern "C-unwind" fn keep_close(l: State) -> c_int {
    l.set_top(1);
    l.register(close_key());
    0
}

/// The registry's key of that function.
fn close_key() -> *const c_void {
    static KEY: u8 = 0;
    (&raw const KEY).cast()
}

/// Returns the thread that a continuation of this module has kept.
fn thread_of(context: lua_KContext) -> State {
    // SAFETY: only `go` and `close_variables` make contexts, of a thread that is on the
    // stack of the function that goes on, or its upvalue.
    unsafe { State::from_context(context) }
}

/// Returns the result of `coroutine.status`. A coroutine that is switched out counts as
/// one that runs, in another task.
fn status_of(l: State, thread: State) -> &'static CStr {
    if thread == l {
        return c"running";
    }
    if is_switched_out(thread) {
        return c"normal";
    }
    match thread.status() {
        LUA_YIELD => c"suspended",
        LUA_OK => {
            if thread.has_calls() {
                c"normal"
            } else if thread.top() == 0 {
                c"dead"
            } else {
                c"suspended"
            }
        }
        _ => c"dead",
    }
}

/// Moves the arguments on top of the stack to a coroutine that can be resumed.
fn enter(l: State, thread: State, arguments: c_int) -> Result<(), &'static CStr> {
    match status_of(l, thread).to_bytes() {
        b"suspended" => {}
        b"dead" => return Err(c"cannot resume dead coroutine"),
        _ => return Err(c"cannot resume non-suspended coroutine"),
    }
    if !thread.has_room(arguments) {
        return Err(c"too many arguments to resume");
    }
    l.move_to(thread, arguments);
    Ok(())
}

/// Resumes a coroutine, and returns what `resume` (or, with `wrapped`, the
/// function that `wrap` makes) returns.
fn go(l: State, thread: State, arguments: c_int, wrapped: bool) -> c_int {
    let interpreter = interpreter(l);
    let resumption = interpreter.scheduler.borrow_mut().enter(l);
    interpreter.scheduler.borrow_mut().link(&resumption);
    let (status, results) = l.resume(thread, arguments);
    let switching = interpreter.scheduler.borrow_mut().leave(&resumption);
    match status {
        LUA_YIELD if switching => {
            set_switched_out(l, true);
            l.yield_then(
                thread.as_context(),
                if wrapped { go_on_wrapped } else { go_on },
            )
        }
        LUA_OK | LUA_YIELD => {
            if !l.has_room(results + 1) {
                thread.pop(results);
                l.push_string(c"too many results to resume");
                return failed(l, thread, wrapped);
            }
            if !wrapped {
                l.push_boolean(true);
            }
            thread.move_to(l, results);
            results + c_int::from(!wrapped)
        }
        _ => {
            thread.move_to(l, 1);
            failed(l, thread, wrapped)
        }
    }
}

extern "C-unwind" fn go_on(l: State, _: c_int, thread: lua_KContext) -> c_int {
    set_switched_out(l, false);
    let thread = thread_of(thread);
    go(l, thread, 0, false)
}

extern "C-unwind" fn go_on_wrapped(l: State, _: c_int, thread: lua_KContext) -> c_int {
    set_switched_out(l, false);
    let thread = thread_of(thread);
    go(l, thread, 0, true)
}

/// Reports the error on top of the stack.
fn failed(l: State, thread: State, wrapped: bool) -> c_int {
    if !wrapped {
        l.push_boolean(false);
        l.insert(-2);
        return 2;
    }
    let status = thread.status();
    if status != LUA_OK && status != LUA_YIELD {
        // Closes what the coroutine has left open; its error may change.
        if thread.has_unclosed() {
            return close_variables(l, thread, true, failed_and_closed);
        }
        l.move_to(thread, 1);
        thread.close(l);
        thread.move_to(l, 1);
    }
    if status == LUA_ERRMEM {
        l.error();
    }
    lead_and_raise(l)
}

/// Goes on in [`failed`].
extern "C-unwind" fn failed_and_closed(l: State, _: c_int, thread: lua_KContext) -> c_int {
    finish_closing(l, thread_of(thread));
    lead_and_raise(l)
}

/// Raises the error on top of the stack; a message gets the position of the
/// caller in front.
fn lead_and_raise(l: State) -> c_int {
    if l.type_of(-1) == LUA_TSTRING {
        l.push_where(1);
        l.push_value(-2);
        l.concat(2);
        l.pass_overflow(-2);
    }
    l.error()
}
