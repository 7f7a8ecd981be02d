//! The functions of the library that do not wait, and its constants.

use std::ffi::{CStr, c_int};

use mlua_sys::*;
use warren_guest::clock;
use warren_values::kind;

use super::{Unit, duration, location, value};
use crate::argument::{REFUSED, integer, optional_text, text};
use crate::calendar::layout::{self, Mismatch, Zone};
use crate::calendar::{Moment, Parts};
use crate::errors;
use crate::lua::{self, Functions, Members, Named, State};

/// The functions that programs have used from the first, in the table itself.
const FUNCTIONS: &Functions = &[
    (c"now", now),
    (c"parse_duration", parse_duration),
    (c"parse", parse),
    (c"unix", unix),
];

/// The other members of the library.
struct Others;

impl Members for Others {
    const FUNCTIONS: &'static Functions = &[
        (c"date", date),
        (c"load_location", location::load_location),
        (c"fixed_zone", location::fixed_zone),
    ];
    const INTEGERS: &'static Named<lua_Integer> = &[
        (c"NANOSECOND", 1),
        (c"MICROSECOND", 1_000),
        (c"MILLISECOND", 1_000_000),
        (c"SECOND", 1_000_000_000),
        (c"MINUTE", 60_000_000_000),
        (c"HOUR", 3_600_000_000_000),
        (c"JANUARY", 1),
        (c"FEBRUARY", 2),
        (c"MARCH", 3),
        (c"APRIL", 4),
        (c"MAY", 5),
        (c"JUNE", 6),
        (c"JULY", 7),
        (c"AUGUST", 8),
        (c"SEPTEMBER", 9),
        (c"OCTOBER", 10),
        (c"NOVEMBER", 11),
        (c"DECEMBER", 12),
        (c"SUNDAY", 0),
        (c"MONDAY", 1),
        (c"TUESDAY", 2),
        (c"WEDNESDAY", 3),
        (c"THURSDAY", 4),
        (c"FRIDAY", 5),
        (c"SATURDAY", 6),
    ];
    const TEXTS: &'static Named<&'static CStr> = &layout::LAYOUTS;
    const VALUES: &'static Named<fn(State)> = &[
        (c"utc", location::push_utc),
        (c"localtz", location::push_local),
    ];
}

/// Registers the classes and pushes the library.
pub(crate) fn open(l: State) {
    duration::open(l);
    location::open(l);
    value::open(l);
    lua::push_library(l, FUNCTIONS);
    lua::set_members::<Others>(l);
}

extern "C-unwind" fn now(l: State) -> c_int {
    value::push_local(l, Moment::from_nanoseconds(clock::now()));
    1
}

extern "C-unwind" fn parse_duration(l: State) -> c_int {
    let Some(nanoseconds) = duration::signed(l, 1, Unit::Nanoseconds, "duration") else {
        return REFUSED;
    };
    duration::push(l, nanoseconds);
    1
}

/// `time.parse(layout, text, location?)`, `time.parse(text)`.
extern "C-unwind" fn parse(l: State) -> c_int {
    l.set_top(3);
    let Some(read) = optional_text(l, 2, "time") else {
        return REFUSED;
    };
    let Some(read) = read else {
        return parse_rfc3339(l);
    };
    let Some(layout) = text(l, 1, "layout") else {
        return REFUSED;
    };
    let given = l.type_of(3) > LUA_TNIL;
    if given {
        location::check(l, 3);
    }
    let reading = match layout::read(layout, read) {
        Ok(reading) => reading,
        Err(mismatch) => return refuse(l, layout, read, mismatch),
    };
    if !given {
        location::push_local(l);
        l.replace(3);
    }
    let local = if given { 3 } else { 0 };
    // The parts were read, so that they are in range.
    let (shown, nanoseconds) = reading.parts.carry().unwrap_or_default();
    let at = |offset: i32| Moment::new(shown - i64::from(offset), nanoseconds.into());
    match reading.zone {
        Zone::Unsaid => {
            let moment = value::moment_of(l, reading.parts, 3);
            value::push_checked(l, moment, local)
        }
        Zone::Utc => {
            location::push_utc(l);
            value::push_checked(l, at(0), l.top())
        }
        Zone::Offset(offset, name) => {
            let there = location::offset(l, 3, shown - i64::from(offset));
            let fits = there.seconds == offset && (name.is_empty() || there.name() == name);
            if fits {
                return value::push_checked(l, at(offset), local);
            }
            push_fixed(l, at(offset), name, offset)
        }
        Zone::Name(name) => match location::named_offset(l, 3, shown, name) {
            Some(offset) => value::push_checked(l, at(offset), local),
            None => {
                let hours = name
                    .strip_prefix("GMT")
                    .and_then(|hours| hours.parse().ok());
                let offset = hours.unwrap_or(0) * 3600;
                push_fixed(l, at(offset), name, offset)
            }
        },
    }
}

/// Pushes a Time in a location of its own, or nil and an error.
fn push_fixed(l: State, moment: Option<Moment>, name: &str, offset: i32) -> c_int {
    l.push_bytes(name.as_bytes());
    location::push_fixed(l, offset);
    value::push_checked(l, moment, l.top())
}

fn parse_rfc3339(l: State) -> c_int {
    let Some(text) = text(l, 1, "time") else {
        return REFUSED;
    };
    match Moment::parse(text) {
        Some(moment) => {
            value::push_utc(l, moment);
            1
        }
        None => errors::refuse(
            l,
            kind::INVALID,
            format_args!("time is not in RFC 3339, such as \"2024-02-29T12:00:00Z\""),
        ),
    }
}

fn refuse(l: State, layout: &str, text: &str, mismatch: Mismatch) -> c_int {
    let [layout, text] = [layout, text].map(Shortened);
    match mismatch {
        Mismatch::Different => errors::refuse(
            l,
            kind::INVALID,
            format_args!("time {text} is not of the layout {layout}"),
        ),
        Mismatch::OutOfRange(part) => errors::refuse(
            l,
            kind::INVALID,
            format_args!("time {text}: the {part} is out of range"),
        ),
        Mismatch::Longer => errors::refuse(
            l,
            kind::INVALID,
            format_args!("time {text} goes on after the layout {layout} has ended"),
        ),
    }
}

/// A text as a message quotes it.
struct Shortened<'t>(&'t str);

impl std::fmt::Display for Shortened<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        const LONGEST: usize = 80;
        match self.0.char_indices().nth(LONGEST) {
            Some((end, _)) => write!(f, "{:?}...", &self.0[..end]),
            None => write!(f, "{:?}", self.0),
        }
    }
}

/// `time.date(year, month, day, hour?, minute?, second?, nanosecond?, location?)`.
extern "C-unwind" fn date(l: State) -> c_int {
    l.set_top(8);
    let mut parts = [0; 7];
    for (place, name) in [
        "year",
        "month",
        "day",
        "hour",
        "minute",
        "second",
        "nanosecond",
    ]
    .into_iter()
    .enumerate()
    {
        let arg = place as c_int + 1;
        if arg <= 3 && l.is_nil(arg) {
            return errors::refuse(l, kind::INVALID, format_args!("{name} is missing"));
        }
        let Some(number) = integer(l, arg, 0, name) else {
            return REFUSED;
        };
        parts[place] = number;
    }
    let given = !l.is_nil(8);
    if given {
        location::check(l, 8);
    } else {
        location::push_local(l);
        l.replace(8);
    }
    let [year, month, day, hour, minute, second, nanosecond] = parts;
    let parts = Parts {
        year,
        month,
        day,
        hour,
        minute,
        second,
        nanosecond,
    };
    let moment = value::moment_of(l, parts, 8);
    value::push_checked(l, moment, if given { 8 } else { 0 })
}

/// `time.unix(seconds, nanoseconds?)`.
extern "C-unwind" fn unix(l: State) -> c_int {
    if l.type_of(1) <= LUA_TNIL {
        return errors::refuse(l, kind::INVALID, format_args!("seconds are missing"));
    }
    let Some(seconds) = integer(l, 1, 0, "seconds") else {
        return REFUSED;
    };
    let Some(nanoseconds) = integer(l, 2, 0, "nanoseconds") else {
        return REFUSED;
    };
    value::push_checked(l, Moment::new(seconds, nanoseconds), 0)
}
