//! The results of a library function that has waited.

use std::ffi::c_int;

use mlua_sys::*;
use warren_guest::mailbox;
use warren_values::kind;

use crate::call_results;
use crate::errors;
use crate::lua::State;
use crate::mistakes::check_taken;
use crate::tasks::{Channel, Fired, Source};
use crate::transfer::forget;

/// The results of a library function that need not wait any longer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// `value, true`, or `nil, false` where the channel is closed.
    Receive,
    /// The same, or `nil, false, "timeout"` where the deadline has passed.
    ReceiveBy,
    /// `true`; raises where the channel is closed.
    Send,
    /// `{channel=, value=, ok=}`, or `{default=true, ok=true}`.
    Select,
    /// `true`.
    Sleep,
    /// The result of `process.exec`.
    Exec,
    /// The result of `spawner:exec`.
    SpawnerExec,
    /// The result of `funcs.call`.
    Call,
    /// The result of an operation of the runtime.
    Operation,
    /// The place of the channel, from 1, and the value; nil at the deadline.
    First,
    /// The outcome of a call, by [`call_results`]. Its number lies below the cases, which are its answer
    /// and the end of the process called.
    Answer,
    /// The next event or message of a server, by [`call_results`]. The cases are its events
    /// and its inbox.
    Next,
}

impl Shape {
    /// Returns true for the wait of `receive`, which ends at a timer that was stopped.
    pub(super) fn is_plain_receive(self) -> bool {
        matches!(self, Shape::Receive | Shape::ReceiveBy)
    }

    /// Returns the function of an exec, for warnings.
    pub(crate) fn exec_name(self) -> &'static str {
        match self {
            Shape::SpawnerExec => "spawner:exec",
            _ => "process.exec",
        }
    }
}

/// Marks a case that receives, in the place of the value to send.
static RECEIVE: u8 = 0;

/// Pushes what marks a case that receives.
pub(crate) fn push_receive(l: State) {
    l.push_address((&raw const RECEIVE).cast());
}

/// Returns true where the value at `index` marks a case that receives.
pub(super) fn is_receive(l: State, index: c_int) -> bool {
    l.type_of(index) == LUA_TLIGHTUSERDATA
        && l.to_userdata(index).cast_const().cast() == &raw const RECEIVE
}

const SHAPES: [Shape; 12] = [
    Shape::Receive,
    Shape::ReceiveBy,
    Shape::Send,
    Shape::Select,
    Shape::Sleep,
    Shape::Exec,
    Shape::SpawnerExec,
    Shape::Call,
    Shape::Operation,
    Shape::First,
    Shape::Answer,
    Shape::Next,
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

/// Pushes what the library function returns, or raises the error that it woke with.
pub(super) fn finish(l: State, base: c_int, shape: Shape, fired: Fired) -> c_int {
    match (shape, fired) {
        (_, Fired::Raised) => raise(l, base, shape),
        (Shape::Sleep, _) | (Shape::Send, Fired::Case(_, true)) => {
            l.push_boolean(true);
            1
        }
        (Shape::Exec | Shape::SpawnerExec | Shape::Call | Shape::Operation, Fired::Deadline) => {
            given_up(l, base)
        }
        (Shape::Receive, Fired::Deadline) => {
            l.push_nil();
            l.push_boolean(false);
            2
        }
        (Shape::Receive | Shape::ReceiveBy, Fired::Case(_, open)) => {
            l.push_boolean(open);
            2
        }
        (Shape::ReceiveBy, Fired::Deadline) => {
            l.push_nil();
            l.push_boolean(false);
            l.push_string(c"timeout");
            3
        }
        (Shape::First | Shape::Next, Fired::Deadline) => {
            l.push_nil();
            1
        }
        (Shape::Answer, Fired::Deadline) => call_results::push_given_up(l),
        (Shape::Answer, Fired::Case(0, is_reply)) => call_results::push_answer(l, is_reply),
        (Shape::Answer, Fired::Case(..)) => call_results::push_ended(l),
        (Shape::Next, Fired::Case(0, _)) => call_results::push_event(l),
        (Shape::Next, Fired::Case(..)) => call_results::push_message(l),
        (Shape::First, Fired::Case(case, _)) => {
            l.push_integer((case + 1).into());
            l.insert(-2);
            2
        }
        (Shape::Exec | Shape::SpawnerExec, Fired::Case(..)) => {
            let results = results_of_exec(l, base);
            check_taken(l, results, shape.exec_name())
        }
        (Shape::Call, Fired::Case(..)) => results_of_exec(l, base),
        (Shape::Operation, Fired::Case(..)) => results_of_operation(l, base),
        (Shape::Select, Fired::Deadline) => {
            l.new_table(0, 2);
            l.push_boolean(true);
            l.set_field(-2, c"default");
            l.push_boolean(true);
            l.set_field(-2, c"ok");
            1
        }
        (Shape::Select, Fired::Case(case, open)) => {
            let place = base + 2 * case;
            if !is_receive(l, place + 1) {
                if !open {
                    l.raise("send on a closed channel");
                }
                l.push_value(place + 1);
            }
            l.new_table(0, 3);
            l.insert(-2);
            l.set_field(-2, c"value");
            l.push_value(place);
            l.set_field(-2, c"channel");
            l.push_boolean(open);
            l.set_field(-2, c"ok");
            1
        }
        (Shape::Send, _) => l.raise("send on a closed channel"),
    }
}

/// Raises the error on top of the stack, in the place of the value that there was no memory
/// for.
fn raise(l: State, base: c_int, shape: Shape) -> ! {
    if matches!(
        shape,
        Shape::Exec | Shape::SpawnerExec | Shape::Call | Shape::Operation
    ) {
        forget_outcome(l, base);
    }
    l.error()
}

/// Forgets the channel at `place`, which has yielded its one outcome.
fn forget_outcome(l: State, place: c_int) {
    if let Source::Mailbox { subscription, .. } = Channel::at(l, place).source {
        forget(l, subscription);
    }
}

/// Ends the exec whose channel is at `place`, and returns nil and the error.
fn given_up(l: State, place: c_int) -> c_int {
    if let Source::Mailbox { subscription, .. } = Channel::at(l, place).source {
        mailbox::unlisten(subscription);
        forget(l, subscription);
    }
    errors::refuse(
        l,
        kind::TIMEOUT,
        format_args!("the callee did not end within the timeout and was terminated"),
    )
}

/// Returns what the outcome on top of the stack says, as an operation that answers at once
/// does: the value alone, or nil and its error. The channel it came through is at `place`.
fn results_of_operation(l: State, place: c_int) -> c_int {
    match results_of_exec(l, place) {
        2 if l.type_of(-1) == LUA_TNIL => {
            l.pop(1);
            1
        }
        results => results,
    }
}

/// Returns what the outcome on top of the stack says: the callee's result, or
/// nil and its error. The channel it came through is at `place`.
fn results_of_exec(l: State, place: c_int) -> c_int {
    forget_outcome(l, place);
    if l.type_of(-1) != LUA_TTABLE {
        l.push_nil();
        return 1;
    }
    let outcome = l.top();
    if l.field(outcome, c"cause") != LUA_TNIL {
        l.push_nil();
        l.insert(-2);
        return 2;
    }
    l.field(outcome, c"value");
    l.push_nil();
    2
}
