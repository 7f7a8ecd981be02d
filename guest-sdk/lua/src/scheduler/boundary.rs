//! The places where a task cannot be switched: inside a C function that Lua cannot
//! leave and come back to.

use std::ffi::c_int;
use std::ptr;

use mlua_sys::*;

use crate::interpreter::{Interpreter, interpreter};
use crate::lua::{Barrier, Function, State};

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
    match thread.barrier(passes) {
        Barrier::Finalizer => l.push_string(c"__gc"),
        Barrier::Handler => l.push_string(c"a message handler"),
        Barrier::Hook => l.push_string(c"a hook"),
        Barrier::Base => l.push_string(c"__close after a failure"),
        Barrier::Function(mut frame) if thread.has_room(LUA_MINSTACK) => {
            l.push_string(c"a function called by '");
            frame.ask(c"nf");
            thread.move_to(l, 1);
            match frame.name() {
                Some(name) if !name.is_empty() => l.push_string(name),
                _ => push_name_of_top(l),
            }
            l.remove(-2);
            l.push_string(c"'");
            l.concat(3);
        }
        Barrier::Function(_) => l.push_string(c"a function of C"),
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

/// Pushes the name under which a library has the function on top of the stack, the last
/// one that is found; else "?".
fn push_name_of_top(l: State) {
    let function = l.top();
    l.push_string(c"?");
    let name = l.top();
    l.field(LUA_REGISTRYINDEX, c"_LOADED");
    l.push_nil();
    while l.next(name + 1) {
        if l.type_of(-1) == LUA_TTABLE {
            l.push_nil();
            while l.next(name + 3) {
                if l.raw_equal(-1, function) && l.type_of(-2) == LUA_TSTRING {
                    l.push_to_zero(-2);
                    l.replace(name);
                }
                l.pop(1);
            }
        }
        l.pop(1);
    }
    l.set_top(name);
}
