//! The library `channel`, and the methods of channels.

use std::ffi::{CStr, c_int};

use mlua_sys::*;
use warren_values::kind;

use crate::argument::{REFUSED, integer};
use crate::errors;
use crate::interpreter::{interpreter, push_text};
use crate::lua::{self, Functions, State};
use crate::mistakes::{check_taken, tell_discarded};
use crate::scheduler::{Patience, Shape, push_receive, receive_alone, wait};
use crate::tasks::{Channel, Ring, Source};
use crate::time::{Unit, signed};
use crate::timers::instant_after;
use crate::transfer::{CLASS, RECEIVE_CASE, close};

/// The name of the class of cases in Lua. A case has two user values: the
/// channel, and the value to send or the mark of a case that receives.
const CASE: &CStr = c"case";

const CHANNEL: c_int = 1;
const VALUE: c_int = 2;

const FUNCTIONS: &Functions = &[(c"new", new), (c"select", select)];

const METHODS: &Functions = &[
    (c"send", send),
    (c"receive", receive),
    (c"close", close_channel),
    (c"case_send", case_send),
    (c"case_receive", case_receive),
];

/// Registers the classes and pushes the library.
pub(crate) fn open(l: State) {
    let interpreter = interpreter(l);
    let mut classes = interpreter.classes.get();
    classes.channel = lua::class(l, CLASS, METHODS, &[]);
    classes.case = lua::class(l, CASE, &[], &[]);
    l.pop(2);
    interpreter.classes.set(classes);
    lua::push_library(l, FUNCTIONS);
}

/// `channel.new(n = 0)`.
extern "C-unwind" fn new(l: State) -> c_int {
    let Some(capacity) = integer(l, 1, 0, "capacity") else {
        return REFUSED;
    };
    if capacity < 0 {
        return errors::refuse(l, kind::INVALID, format_args!("capacity is negative"));
    }
    Channel::push(
        l,
        Source::Local(Ring {
            capacity,
            ..Ring::default()
        }),
    );
    1
}

/// `ch:send(v)`: blocks while the channel is full; raises on a closed one.
extern "C-unwind" fn send(l: State) -> c_int {
    check_local(l, "send on");
    l.set_top(2);
    wait(l, 1, 1, Patience::Endless, Shape::Send)
}

/// `ch:receive(timeout?)`: `v, true`, or `nil, false` once closed and drained.
extern "C-unwind" fn receive(l: State) -> c_int {
    let channel = Channel::check(l, 1);
    if l.top() > 1 {
        return receive_within(l);
    }
    interpreter(l).rest(l);
    if receive_alone(l, channel) {
        l.push_boolean(true);
        return 2;
    }
    l.set_top(1);
    push_receive(l);
    wait(l, 1, 1, Patience::Endless, Shape::Receive)
}

/// `ch:receive(timeout)`, also `ch:receive{timeout = timeout}`: also
/// `nil, false, "timeout"`, and `nil, false, err` for what is no timeout. The second
/// result is true with a value only.
fn receive_within(l: State) -> c_int {
    l.set_top(2);
    if l.type_of(2) == LUA_TTABLE && !replace_by_timeout(l) {
        return refused_receive(l);
    }
    let (patience, shape) = if l.is_nil(2) {
        (Patience::Endless, Shape::Receive)
    } else {
        let Some(timeout) = signed(l, 2, Unit::Milliseconds, "timeout") else {
            return refused_receive(l);
        };
        // The time left until a deadline may be less than nothing.
        let until = instant_after(u64::try_from(timeout).unwrap_or(0));
        (Patience::Until(until), Shape::ReceiveBy)
    };
    l.set_top(1);
    push_receive(l);
    wait(l, 1, 1, patience, shape)
}

/// Puts the timeout that the options at index 2 hold in their place. False where there is
/// another option; then nil and an error were pushed.
fn replace_by_timeout(l: State) -> bool {
    l.push_nil();
    while l.next(2) {
        if !l.is_string(-2, b"timeout") {
            errors::refuse(
                l,
                kind::INVALID,
                format_args!("the only option is 'timeout'"),
            );
            return false;
        }
        l.pop(1);
    }
    l.push_string(c"timeout");
    l.raw_get(2);
    l.replace(2);
    true
}

/// Returns `nil, false, err` for the nil and the error on top of the stack.
fn refused_receive(l: State) -> c_int {
    tell_discarded(l, "channel:receive");
    l.push_boolean(false);
    l.insert(-2);
    3
}

/// `ch:close()`.
extern "C-unwind" fn close_channel(l: State) -> c_int {
    check_local(l, "close");
    close(interpreter(l), Channel::check(l, 1));
    0
}

/// `ch:case_send(v)`.
extern "C-unwind" fn case_send(l: State) -> c_int {
    check_local(l, "send on");
    l.set_top(2);
    push_case(l);
    1
}

/// `ch:case_receive()`: the same case every time.
extern "C-unwind" fn case_receive(l: State) -> c_int {
    Channel::check(l, 1);
    l.set_top(1);
    if l.user_value(1, RECEIVE_CASE) != LUA_TUSERDATA {
        l.set_top(1);
        push_receive(l);
        push_case(l);
        l.push_value(-1);
        l.set_user_value(1, RECEIVE_CASE);
    }
    1
}

/// `channel.select({case, ..., default = true}, default?)`.
extern "C-unwind" fn select(l: State) -> c_int {
    if l.type_of(1) <= LUA_TNIL {
        let results = errors::refuse(l, kind::INVALID, format_args!("cases are missing"));
        return check_taken(l, results, "channel.select");
    }
    if l.type_of(1) != LUA_TTABLE {
        l.wrong_type(1, c"table");
    }
    l.set_top(2);
    if !matches!(l.type_of(2), LUA_TNIL | LUA_TBOOLEAN) {
        l.wrong_type(2, c"boolean");
    }
    l.push_string(c"default");
    l.raw_get(1);
    let patience = if l.to_boolean(2) || l.to_boolean(3) {
        Patience::None
    } else {
        Patience::Endless
    };
    l.set_top(1);
    let count = c_int::try_from(l.raw_len(1)).unwrap_or(c_int::MAX);
    if count == 0 && patience == Patience::Endless {
        errors::refuse(
            l,
            kind::INVALID,
            format_args!("cases are empty; give a case, or default = true"),
        );
        return check_taken(l, REFUSED, "channel.select");
    }
    // Two slots a case, some for the wait, and one for what is received.
    l.need_room(
        count.saturating_mul(2).saturating_add(LUA_MINSTACK),
        c"too many cases",
    );
    let class = interpreter(l).classes.get().case;
    for case in 1..=count {
        l.element(1, case.into());
        if !class.is(l, -1) {
            l.raise("channel.select expects a list of cases made by case_send and case_receive");
        }
        l.user_value(-1, CHANNEL);
        l.user_value(-2, VALUE);
        l.remove(-3);
    }
    wait(l, 2, count, patience, Shape::Select)
}

/// Makes a case of the channel and the value on top of the stack.
fn push_case(l: State) {
    interpreter(l).classes.get().case.push(l, (), 2);
    l.insert(-2);
    l.set_user_value(-2, VALUE);
    l.push_value(1);
    l.set_user_value(-2, CHANNEL);
}

/// Raises unless argument 1 is a channel that programs may send on.
fn check_local(l: State, what: &str) {
    let channel = Channel::check(l, 1);
    if !channel.is_local() {
        l.push_where(1);
        push_text(l, format!("cannot {what} a receive-only channel"));
        l.concat(2);
        l.error();
    }
}
