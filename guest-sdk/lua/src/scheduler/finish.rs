//! The results of a library function that has waited.

use std::ffi::{c_int, c_void};

use mlua_sys::*;

use crate::stack::{State, raise};
use crate::tasks::{Channel, Fired, Source};
use crate::transfer::forget;

/// What a library function returns once it need not wait any longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `value, true`, or `nil, false` where the channel is closed.
    Receive,
    /// `true`; raises where the channel is closed.
    Send,
    /// `{channel=, value=, ok=}`, or `{default=true}`.
    Select,
    /// `true`.
    Sleep,
    /// The result of an exec.
    Exec,
}

/// Marks a case that receives, in the place of the value to send.
static RECEIVE: u8 = 0;

/// Pushes what marks a case that receives.
///
/// # Safety
/// `l` has a free stack slot.
pub(crate) unsafe fn push_receive(l: State) {
    // SAFETY: as promised by the caller.
    unsafe { lua_pushlightuserdata(l, (&raw const RECEIVE).cast::<c_void>().cast_mut()) };
}

/// Whether the value at `index` marks a case that receives.
///
/// # Safety
/// `index` is acceptable for `l`.
pub(super) unsafe fn is_receive(l: State, index: c_int) -> bool {
    // SAFETY: as promised by the caller.
    unsafe {
        lua_type(l, index) == LUA_TLIGHTUSERDATA
            && lua_touserdata(l, index).cast() == (&raw const RECEIVE).cast_mut()
    }
}

const SHAPES: [Shape; 5] = [
    Shape::Receive,
    Shape::Send,
    Shape::Select,
    Shape::Sleep,
    Shape::Exec,
];

pub(super) fn context(base: c_int, shape: Shape) -> lua_KContext {
    base as lua_KContext * SHAPES.len() as lua_KContext + shape as lua_KContext
}

pub(super) fn from_context(context: lua_KContext) -> (c_int, Shape) {
    let count = SHAPES.len() as lua_KContext;
    (
        (context / count) as c_int,
        SHAPES[(context % count) as usize],
    )
}

/// Pushes what the library function returns.
pub(super) unsafe fn finish(l: State, base: c_int, shape: Shape, fired: Fired) -> c_int {
    // SAFETY: the promise of `wait`; a value received is on top of the stack.
    unsafe {
        match (shape, fired) {
            (Shape::Sleep, _) | (Shape::Send, Fired::Case(_, true)) => {
                lua_pushboolean(l, 1);
                1
            }
            (Shape::Receive | Shape::Exec, Fired::Deadline) => {
                lua_pushnil(l);
                lua_pushboolean(l, 0);
                2
            }
            (Shape::Receive, Fired::Case(_, open)) => {
                lua_pushboolean(l, open.into());
                2
            }
            (Shape::Exec, Fired::Case(..)) => results_of_exec(l, base),
            (Shape::Select, Fired::Deadline) => {
                lua_createtable(l, 0, 1);
                lua_pushboolean(l, 1);
                lua_setfield(l, -2, c"default".as_ptr());
                1
            }
            (Shape::Select, Fired::Case(case, open)) => {
                let place = base + 2 * case;
                if !is_receive(l, place + 1) {
                    if !open {
                        raise(l, "send on a closed channel");
                    }
                    lua_pushnil(l);
                }
                lua_createtable(l, 0, 3);
                lua_insert(l, -2);
                lua_setfield(l, -2, c"value".as_ptr());
                lua_pushvalue(l, place);
                lua_setfield(l, -2, c"channel".as_ptr());
                lua_pushboolean(l, open.into());
                lua_setfield(l, -2, c"ok".as_ptr());
                1
            }
            (Shape::Send, _) => raise(l, "send on a closed channel"),
        }
    }
}

/// Returns what the outcome on top of the stack says: the callee's result, or
/// nil and its error. The channel it came through is at `place`.
///
/// # Safety
/// `l` runs the function that waits with [`Shape::Exec`].
unsafe fn results_of_exec(l: State, place: c_int) -> c_int {
    // SAFETY: as promised by the caller.
    unsafe {
        let channel: *const Channel = lua_touserdata(l, place).cast();
        if let Source::Mailbox { subscription, .. } = (*channel).source {
            forget(l, subscription);
        }
        if lua_type(l, -1) != LUA_TTABLE {
            lua_pushnil(l);
            return 1;
        }
        let outcome = lua_gettop(l);
        if lua_getfield(l, outcome, c"cause".as_ptr()) != LUA_TNIL {
            lua_pushnil(l);
            lua_insert(l, -2);
            return 2;
        }
        lua_getfield(l, outcome, c"value".as_ptr());
        lua_pushnil(l);
        2
    }
}
