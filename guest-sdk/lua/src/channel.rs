//! The library `channel`, and the methods of channels.

use std::ffi::{CStr, c_int};

use mlua_sys::*;

use crate::argument::{REFUSED, integer};
use crate::errors::{self, Kind};
use crate::runtime::{push_text, runtime};
use crate::scheduler::{Patience, Shape, push_receive, receive_alone, wait};
use crate::stack::{self, Functions, State, raise, wrong_type};
use crate::tasks::{Channel, Ring, Source};
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
///
/// # Safety
/// `l` is a live Lua thread with free stack slots.
pub(crate) unsafe fn open(l: State) {
    // SAFETY: as promised by the caller.
    unsafe {
        let rt = runtime(l);
        let mut classes = rt.classes.get();
        classes.channel = stack::push_class(l, CLASS, METHODS, &[]);
        classes.case = stack::push_class(l, CASE, &[], &[]);
        lua_pop(l, 2);
        rt.classes.set(classes);
        stack::push_library(l, FUNCTIONS);
    }
}

/// `channel.new(n = 0)`.
unsafe extern "C-unwind" fn new(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        let Some(capacity) = integer(l, 1, 0, "capacity") else {
            return REFUSED;
        };
        if capacity < 0 {
            return errors::refuse(
                l,
                Kind::Invalid,
                format_args!("the capacity of a channel is not negative"),
            );
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
}

/// `ch:send(v)`: blocks while the channel is full; raises on a closed one.
unsafe extern "C-unwind" fn send(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        check_local(l, "send on");
        lua_settop(l, 2);
        wait(l, 1, 1, Patience::Endless, Shape::Send)
    }
}

/// `ch:receive()`: `v, true`, or `nil, false` once closed and drained.
unsafe extern "C-unwind" fn receive(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        let channel = Channel::check(l, 1);
        runtime(l).rest(l);
        if receive_alone(l, channel) {
            lua_pushboolean(l, 1);
            return 2;
        }
        lua_settop(l, 1);
        push_receive(l);
        wait(l, 1, 1, Patience::Endless, Shape::Receive)
    }
}

/// `ch:close()`.
unsafe extern "C-unwind" fn close_channel(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        check_local(l, "close");
        close(runtime(l), lua_touserdata(l, 1).cast());
        0
    }
}

/// `ch:case_send(v)`.
unsafe extern "C-unwind" fn case_send(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        check_local(l, "send on");
        lua_settop(l, 2);
        push_case(l);
        1
    }
}

/// `ch:case_receive()`: the same case every time.
unsafe extern "C-unwind" fn case_receive(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        Channel::check(l, 1);
        lua_settop(l, 1);
        if lua_getiuservalue(l, 1, RECEIVE_CASE) != LUA_TUSERDATA {
            lua_settop(l, 1);
            push_receive(l);
            push_case(l);
            lua_pushvalue(l, -1);
            lua_setiuservalue(l, 1, RECEIVE_CASE);
        }
        1
    }
}

/// `channel.select{case, ..., default = true}`.
unsafe extern "C-unwind" fn select(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        if lua_type(l, 1) <= LUA_TNIL {
            return errors::refuse(l, Kind::Invalid, format_args!("the cases are missing"));
        }
        if lua_type(l, 1) != LUA_TTABLE {
            wrong_type(l, 1, c"table");
        }
        lua_settop(l, 1);
        lua_pushstring(l, c"default".as_ptr());
        lua_rawget(l, 1);
        let patience = if lua_toboolean(l, 2) != 0 {
            Patience::None
        } else {
            Patience::Endless
        };
        lua_settop(l, 1);
        let count = c_int::try_from(lua_rawlen(l, 1)).unwrap_or(c_int::MAX);
        if count == 0 && patience == Patience::Endless {
            errors::refuse(l, Kind::Invalid, format_args!("no case, and no default"));
            return REFUSED;
        }
        // Two slots a case, some for the wait, and one for what is received.
        luaL_checkstack(
            l,
            count.saturating_mul(2).saturating_add(LUA_MINSTACK),
            c"too many cases".as_ptr(),
        );
        let class = runtime(l).classes.get().case;
        for case in 1..=count {
            lua_rawgeti(l, 1, case.into());
            if class.test::<()>(l, -1).is_none() {
                raise(
                    l,
                    "channel.select takes a list of cases, as case_send and case_receive make them",
                );
            }
            lua_getiuservalue(l, -1, CHANNEL);
            lua_getiuservalue(l, -2, VALUE);
            lua_remove(l, -3);
        }
        wait(l, 2, count, patience, Shape::Select)
    }
}

/// Makes a case of the channel and the value on top of the stack.
unsafe fn push_case(l: State) {
    // SAFETY: the callers are C functions with both on the stack.
    unsafe {
        lua_newuserdatauv(l, 0, 2);
        lua_insert(l, -2);
        lua_setiuservalue(l, -2, VALUE);
        lua_pushvalue(l, 1);
        lua_setiuservalue(l, -2, CHANNEL);
        runtime(l).classes.get().case.apply(l);
    }
}

/// Raises unless argument 1 is a channel that programs may send on.
unsafe fn check_local(l: State, what: &str) {
    // SAFETY: the callers are C functions; nothing needs `Drop` where this
    // raises, `push_text` takes the message over.
    unsafe {
        let channel = Channel::check(l, 1);
        if !(*channel).is_local() {
            luaL_where(l, 1);
            push_text(l, format!("cannot {what} a channel that is receive-only"));
            lua_concat(l, 2);
            lua_error(l);
        }
    }
}
