//! The functions of the library that do not wait.

use std::ffi::c_int;

use mlua_sys::*;
use warren_guest::clock;
use warren_values::kind;

use super::moment::{self, Moment};
use super::{Unit, duration};
use crate::argument::{REFUSED, integer, text};
use crate::errors;
use crate::lua::{self, Functions, State};

const FUNCTIONS: &Functions = &[
    (c"now", now),
    (c"parse_duration", parse_duration),
    (c"parse", parse),
    (c"unix", unix),
];

/// Registers the classes and pushes the library.
pub(crate) fn open(l: State) {
    duration::open(l);
    moment::open(l);
    lua::push_library(l, FUNCTIONS);
}

extern "C-unwind" fn now(l: State) -> c_int {
    moment::push(l, Moment::from_nanoseconds(clock::now()));
    1
}

extern "C-unwind" fn parse_duration(l: State) -> c_int {
    let Some(nanoseconds) = duration::signed(l, 1, Unit::Nanoseconds, "duration") else {
        return REFUSED;
    };
    duration::push(l, nanoseconds);
    1
}

extern "C-unwind" fn parse(l: State) -> c_int {
    let Some(text) = text(l, 1, "time") else {
        return REFUSED;
    };
    match Moment::parse(text) {
        Some(moment) => {
            moment::push(l, moment);
            1
        }
        None => errors::refuse(
            l,
            kind::INVALID,
            format_args!("time is not in RFC 3339, such as \"2024-02-29T12:00:00Z\""),
        ),
    }
}

/// `time.unix(s, ns?)`.
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
    match Moment::new(seconds, nanoseconds) {
        Some(moment) => {
            moment::push(l, moment);
            1
        }
        None => errors::refuse(
            l,
            kind::INVALID,
            format_args!("the time is outside the years 0 to 9999"),
        ),
    }
}
