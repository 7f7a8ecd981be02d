//! The functions of the library `time` that wait. Timers and tickers are userdata
//! whose one user value is their channel.

use std::ffi::{CStr, c_int};

use mlua_sys::*;
use warren_guest::clock;

use crate::argument::REFUSED;
use crate::errors::{self, Kind};
use crate::runtime::runtime;
use crate::scheduler::{Patience, Shape, wait};
use crate::stack::{self, Functions, State, out_of_memory};
use crate::tasks::{Again, Alarm, Channel, Source};
use crate::time::{Unit, span};
use crate::transfer::set_alarm;

/// The names of the classes in Lua.
const TIMER: &CStr = c"timer";
const TICKER: &CStr = c"ticker";

const CHANNEL: c_int = 1;

const FUNCTIONS: &Functions = &[
    (c"sleep", sleep),
    (c"after", after),
    (c"timer", timer),
    (c"ticker", ticker),
];

const TIMER_METHODS: &Functions = &[
    (c"channel", channel::<false>),
    (c"stop", stop::<false>),
    (c"reset", reset),
];
const TICKER_METHODS: &Functions = &[(c"channel", channel::<true>), (c"stop", stop::<true>)];

/// Registers the classes, and adds the functions to the library on top of the
/// stack.
///
/// # Safety
/// `l` is a live Lua thread with free stack slots; a table is on top of its stack.
pub(crate) unsafe fn open(l: State) {
    // SAFETY: as promised by the caller.
    unsafe {
        stack::push_class(l, TIMER, TIMER_METHODS, &[]);
        stack::push_class(l, TICKER, TICKER_METHODS, &[]);
        lua_pop(l, 2);
        stack::set_functions(l, FUNCTIONS);
    }
}

/// `time.sleep(d)`.
unsafe extern "C-unwind" fn sleep(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        let Some(after) = span(l, 1, Unit::Nanoseconds, "duration") else {
            return REFUSED;
        };
        lua_settop(l, 0);
        wait(l, 1, 0, Patience::Until(instant_after(after)), Shape::Sleep)
    }
}

/// `time.after(d)`: a channel that yields one Time and is closed then.
unsafe extern "C-unwind" fn after(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        let Some(after) = span(l, 1, Unit::Nanoseconds, "duration") else {
            return REFUSED;
        };
        Channel::push(
            l,
            Source::Clock(Alarm {
                next: Some(instant_after(after)),
                again: Again::Never,
                stopped: false,
            }),
        );
        1
    }
}

/// `time.timer(d)`.
unsafe extern "C-unwind" fn timer(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        let Some(after) = span(l, 1, Unit::Nanoseconds, "duration") else {
            return REFUSED;
        };
        push(
            l,
            TIMER,
            Alarm {
                next: Some(instant_after(after)),
                again: Again::OnReset,
                stopped: false,
            },
        );
        1
    }
}

/// `time.ticker(d)`.
unsafe extern "C-unwind" fn ticker(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        let Some(after) = span(l, 1, Unit::Nanoseconds, "duration") else {
            return REFUSED;
        };
        if after == 0 {
            return errors::refuse(
                l,
                Kind::Invalid,
                format_args!("the beat of a ticker is not zero"),
            );
        }
        push(
            l,
            TICKER,
            Alarm {
                next: Some(instant_after(after)),
                again: Again::After(after),
                stopped: false,
            },
        );
        1
    }
}

/// The instant so many nanoseconds from now.
fn instant_after(span: u64) -> u64 {
    clock::monotonic().saturating_add(span)
}

unsafe fn push(l: State, class: &CStr, alarm: Alarm) {
    // SAFETY: the callers are C functions.
    unsafe {
        lua_newuserdatauv(l, 0, 1);
        Channel::push(l, Source::Clock(alarm));
        lua_setiuservalue(l, -2, CHANNEL);
        luaL_setmetatable(l, class.as_ptr());
    }
}

/// Pushes the channel of the timer that is argument 1, or of the ticker.
unsafe fn push_channel<const BEATS: bool>(l: State) -> *mut Channel {
    // SAFETY: the callers are C functions.
    unsafe {
        luaL_checkudata(l, 1, if BEATS { TICKER } else { TIMER }.as_ptr());
        lua_getiuservalue(l, 1, CHANNEL);
        lua_touserdata(l, -1).cast()
    }
}

unsafe extern "C-unwind" fn channel<const BEATS: bool>(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        push_channel::<BEATS>(l);
        1
    }
}

/// `stop()`: true where it had not rung yet.
unsafe extern "C-unwind" fn stop<const BEATS: bool>(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        let channel = push_channel::<BEATS>(l);
        let pending = set_alarm(runtime(l), channel, None);
        lua_pushboolean(l, pending.into());
        1
    }
}

/// `reset(d)`: rings after `d` from now; true where it had not rung yet.
unsafe extern "C-unwind" fn reset(l: State) -> c_int {
    // SAFETY: Lua calls with a live thread.
    unsafe {
        luaL_checkudata(l, 1, TIMER.as_ptr());
        let Some(after) = span(l, 2, Unit::Nanoseconds, "duration") else {
            return REFUSED;
        };
        let channel = push_channel::<false>(l);
        let rt = runtime(l);
        let room = rt.scheduler.borrow_mut().reserve_alarm();
        if !room {
            out_of_memory(l);
        }
        let pending = set_alarm(rt, channel, Some(instant_after(after)));
        lua_pushboolean(l, pending.into());
        1
    }
}
