//! The places where a task cannot be switched: inside a C function that Lua cannot
//! leave and come back to.

use std::ffi::{CStr, c_char, c_int};
use std::mem::MaybeUninit;
use std::ptr;

use mlua_sys::*;

use crate::interpreter::{Interpreter, interpreter};
use crate::lua::internals::{Barrier, barrier};
use crate::lua::{Function, State};

/// Returns true where a yield of `l` reaches the scheduler: neither it nor any coroutine
/// that waits for it is inside such a function.
pub(super) fn can_switch(l: State, interpreter: &Interpreter) -> bool {
    blocked(l, interpreter).is_none()
}

/// The innermost thread that is inside such a function.
fn blocked(l: State, interpreter: &Interpreter) -> Option<State> {
    if !l.is_yieldable() {
        return Some(l);
    }
    let mut outer = interpreter.scheduler.borrow().resumed;
    while let Some(resumption) = outer {
        // SAFETY: a resumption lives on the machine stack as long as it is linked.
        let resumption = unsafe { &*resumption };
        if !resumption.thread.is_yieldable() {
            return Some(resumption.thread);
        }
        outer = resumption.outer;
    }
    None
}

/// Raises "attempt to block in ...", naming the place as well as can be told.
pub(super) fn raise(l: State) -> ! {
    l.need_room(LUA_MINSTACK, c"too many functions");
    l.push_where(1);
    let thread = blocked(l, interpreter(l)).unwrap_or(l);
    // Always a string of its own on top, so that all ends are alike.
    let mut record = MaybeUninit::<lua_Debug>::zeroed();
    let record = record.as_mut_ptr();
    // SAFETY: the thread runs, or waits for a coroutine it has resumed.
    match unsafe { barrier(thread.as_ptr(), record, passes) } {
        Barrier::Finalizer => l.push_string(c"__gc"),
        Barrier::Handler => l.push_string(c"a message handler"),
        Barrier::Hook => l.push_string(c"a hook"),
        Barrier::Base => l.push_string(c"__close after a failure"),
        Barrier::Function if thread.has_room(LUA_MINSTACK) => {
            // SAFETY: `barrier` has filled the record; its name lives as long as
            // the function that `lua_getinfo` pushes.
            let mut name = unsafe {
                lua_getinfo(thread.as_ptr(), c"nf".as_ptr(), record);
                text((*record).name)
            };
            if name.is_empty() {
                name = name_of_top(thread);
            }
            thread.pop(1);
            l.push_string(c"a function called by '");
            l.push_string(name);
            l.push_string(c"'");
            l.concat(3);
        }
        Barrier::Function => l.push_string(c"a function of C"),
    }
    l.push_string(c"attempt to block in ");
    l.insert(-2);
    l.concat(3);
    l.error()
}

/// Not 0 where a function of C can be left and come back to.
extern "C" fn passes(l: State, function: Option<Function>) -> c_int {
    let Some(function) = function else { return 0 };
    let mut switchable = interpreter(l).switchable.iter().copied().flatten();
    switchable
        .any(|switchable| ptr::fn_addr_eq(*switchable, function))
        .into()
}

/// The name under which a library has the function on top of the stack.
fn name_of_top<'a>(l: State) -> &'a CStr {
    let function = l.top();
    let mut found = c"?";
    l.field(LUA_REGISTRYINDEX, c"_LOADED");
    l.push_nil();
    while l.next(function + 1) {
        if l.type_of(-1) == LUA_TTABLE {
            l.push_nil();
            while l.next(function + 3) {
                if l.raw_equal(-1, function) && l.type_of(-2) == LUA_TSTRING {
                    // SAFETY: the name is a key of a library's table, which keeps it alive.
                    found = unsafe { text(lua_tostring(l.as_ptr(), -2)) };
                }
                l.pop(1);
            }
        }
        l.pop(1);
    }
    l.set_top(function);
    found
}

/// # Safety
/// `chars` is null or a string that lives as long as the result.
unsafe fn text<'a>(chars: *const c_char) -> &'a CStr {
    if chars.is_null() {
        return c"";
    }
    // SAFETY: as promised by the caller.
    unsafe { CStr::from_ptr(chars) }
}
