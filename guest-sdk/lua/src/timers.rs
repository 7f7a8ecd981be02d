//! The functions of the library `time` that wait. Timers and tickers are userdata
//! whose one user value is their channel.

use std::cell::Cell;
use std::ffi::{CStr, c_int};

use warren_guest::clock;
use warren_values::kind;

use crate::argument::REFUSED;
use crate::errors;
use crate::interpreter::interpreter;
use crate::lua::{self, Functions, State};
use crate::mistakes::{check_taken, check_unit};
use crate::scheduler::{Patience, Shape, wait};
use crate::tasks::{Again, Alarm, Channel, ChannelRef, Source};
use crate::time::{Unit, signed, span};
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
    (c"response", channel::<false>),
    (c"stop", stop::<false>),
    (c"reset", reset),
];
const TICKER_METHODS: &Functions = &[
    (c"channel", channel::<true>),
    (c"response", channel::<true>),
    (c"stop", stop::<true>),
];

/// Registers the classes, and adds the functions to the library on top of the
/// stack.
pub(crate) fn open(l: State) {
    lua::push_class(l, TIMER, TIMER_METHODS, &[]);
    lua::push_class(l, TICKER, TICKER_METHODS, &[]);
    l.pop(2);
    lua::set_functions(l, FUNCTIONS);
}

/// `time.sleep(d)`; a negative duration is no longer than zero.
extern "C-unwind" fn sleep(l: State) -> c_int {
    let Some(after) = signed(l, 1, Unit::Nanoseconds, "duration") else {
        return check_taken(l, REFUSED, "time.sleep");
    };
    let after = u64::try_from(after).unwrap_or(0);
    check_unit(l, 1, after, "time.sleep");
    l.set_top(0);
    wait(l, 1, 0, Patience::Until(instant_after(after)), Shape::Sleep)
}

/// `time.after(d)`: a channel that yields one Time and is closed then.
extern "C-unwind" fn after(l: State) -> c_int {
    let Some(after) = span(l, 1, Unit::Nanoseconds, "duration") else {
        return REFUSED;
    };
    check_unit(l, 1, after, "time.after");
    Channel::push(
        l,
        Source::Clock(Alarm {
            next: Cell::new(Some(instant_after(after))),
            again: Again::Never,
            stopped: Cell::new(false),
        }),
    );
    1
}

/// `time.timer(d)`.
extern "C-unwind" fn timer(l: State) -> c_int {
    let Some(after) = period(l, TIMER) else {
        return REFUSED;
    };
    push(
        l,
        TIMER,
        Alarm {
            next: Cell::new(Some(instant_after(after))),
            again: Again::OnReset,
            stopped: Cell::new(false),
        },
    );
    1
}

/// `time.ticker(d)`.
extern "C-unwind" fn ticker(l: State) -> c_int {
    let Some(after) = period(l, TICKER) else {
        return REFUSED;
    };
    push(
        l,
        TICKER,
        Alarm {
            next: Cell::new(Some(instant_after(after))),
            again: Again::After(after),
            stopped: Cell::new(false),
        },
    );
    1
}

/// The nanoseconds that are argument 1, more than zero. `None` where they are not; then
/// nil and an error were pushed.
fn period(l: State, class: &CStr) -> Option<u64> {
    let period = span(l, 1, Unit::Nanoseconds, "duration")?;
    let class = class.to_str().unwrap_or_default();
    let function = if class == "timer" {
        "time.timer"
    } else {
        "time.ticker"
    };
    check_unit(l, 1, period, function);
    if period > 0 {
        return Some(period);
    }
    errors::refuse(
        l,
        kind::INVALID,
        format_args!("duration is zero; a {class} needs a longer one"),
    );
    None
}

/// The instant so many nanoseconds from now.
pub(crate) fn instant_after(span: u64) -> u64 {
    clock::monotonic().saturating_add(span)
}

fn push(l: State, class: &CStr, alarm: Alarm) {
    l.new_object(1);
    Channel::push(l, Source::Clock(alarm));
    l.set_user_value(-2, CHANNEL);
    l.set_named_class(class);
}

/// Pushes the channel of the timer that is argument 1, or of the ticker.
fn push_channel<const BEATS: bool>(l: State) -> ChannelRef {
    l.check_named_class(1, if BEATS { TICKER } else { TIMER });
    l.user_value(1, CHANNEL);
    Channel::at(l, l.top())
}

extern "C-unwind" fn channel<const BEATS: bool>(l: State) -> c_int {
    push_channel::<BEATS>(l);
    1
}

/// `stop()`: true where a timer had not fired yet; a ticker always fires again.
extern "C-unwind" fn stop<const BEATS: bool>(l: State) -> c_int {
    let channel = push_channel::<BEATS>(l);
    let pending = set_alarm(interpreter(l), channel, None);
    l.push_boolean(BEATS || pending);
    1
}

/// `reset(d)`: fires after `d` from now; true where it had not fired yet.
extern "C-unwind" fn reset(l: State) -> c_int {
    l.check_named_class(1, TIMER);
    let Some(after) = span(l, 2, Unit::Nanoseconds, "duration") else {
        return check_taken(l, REFUSED, "timer:reset");
    };
    check_unit(l, 2, after, "timer:reset");
    let channel = push_channel::<false>(l);
    let interpreter = interpreter(l);
    let room = interpreter.scheduler.borrow_mut().reserve_alarm();
    if !room {
        l.out_of_memory();
    }
    let pending = set_alarm(interpreter, channel, Some(instant_after(after)));
    l.push_boolean(pending);
    1
}
