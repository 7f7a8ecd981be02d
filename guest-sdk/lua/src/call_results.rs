//! The results of functions of [`calls`](crate::calls) that have waited.

use std::ffi::c_int;

use mlua_sys::lua_Integer;

use crate::interpreter::interpreter;
use crate::lua::State;
use crate::message::{self, Request};

/// The kinds of things that a server is given to do. As in `library/server/serving.lua`.
const EVENT: lua_Integer = 1;
const CALL: lua_Integer = 2;
const CAST: lua_Integer = 3;
const MESSAGE_OF_OTHERS: lua_Integer = 4;

/// Returns what an answer says, whose value is on top of the stack.
pub(crate) fn push_answer(l: State, is_reply: bool) -> c_int {
    if is_reply {
        return 1;
    }
    l.push_nil();
    l.insert(-2);
    2
}

/// Returns that the process called has ended, whose outcome is on top of the stack; nil
/// where its channel was closed.
pub(crate) fn push_ended(l: State) -> c_int {
    if l.is_nil(-1) {
        l.push_boolean(false);
        l.replace(-2);
    }
    l.push_nil();
    l.insert(-2);
    l.push_nil();
    l.insert(-2);
    3
}

/// Returns that no answer has come in time. One that comes later is dropped.
pub(crate) fn push_given_up(l: State) -> c_int {
    interpreter(l).scheduler.borrow_mut().gave_up();
    l.push_nil();
    l.push_nil();
    l.push_string(c"timeout");
    3
}

/// Returns the event on top of the stack as `next` of [`calls`](crate::calls) does.
pub(crate) fn push_event(l: State) -> c_int {
    l.push_integer(EVENT);
    l.insert(-2);
    2
}

/// Returns the Message on top of the stack as `next` of [`calls`](crate::calls) does.
pub(crate) fn push_message(l: State) -> c_int {
    let kind = match message::push_request(l) {
        Request::Call => CALL,
        Request::Cast => CAST,
        Request::Other => MESSAGE_OF_OTHERS,
    };
    l.push_integer(kind);
    l.insert(-3);
    3
}
