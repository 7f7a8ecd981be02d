//! Times: points of the calendar's clock, in UTC. A userdata whose block is a
//! [`Moment`].

use std::ffi::{CStr, c_int};
use std::time::Duration;

use ::time::format_description::well_known::Rfc3339;
use ::time::{OffsetDateTime, UtcOffset};
use mlua_sys::*;
use warren_guest::msgpack::Malformed;
use warren_values::kind;

use super::{Unit, duration};
use crate::argument::REFUSED;
use crate::errors;
use crate::interpreter::{interpreter, push_text};
use crate::lua::{self, Functions, State};

/// A time: seconds since 1970-01-01T00:00:00Z, and nanoseconds after them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Moment {
    seconds: i64,
    nanoseconds: u32,
}

/// The name of the class in Lua.
const CLASS: &CStr = c"time";

const METHODS: &Functions = &[
    (c"unix", unix),
    (c"unix_nano", unix_nano),
    (c"rfc3339", rfc3339),
    (c"format", format),
    (c"add", add),
    (c"sub", sub),
    (c"before", before),
    (c"after", after),
    (c"equal", equal),
];

const METAMETHODS: &Functions = &[
    (c"__tostring", rfc3339),
    (c"__eq", equals),
    (c"__lt", before),
    (c"__le", not_after),
];

/// Registers the class.
pub(super) fn open(l: State) {
    let interpreter = interpreter(l);
    let mut classes = interpreter.classes.get();
    classes.moment = lua::class(l, CLASS, METHODS, METAMETHODS);
    l.pop(1);
    interpreter.classes.set(classes);
}

/// Builds the Time so many nanoseconds after 1970, given as an `i64` in little
/// endian.
pub(crate) fn build_moment(l: State, bytes: &[u8]) -> Result<c_int, Malformed> {
    let nanoseconds = i64::from_le_bytes(bytes.try_into().map_err(|_| Malformed::Unexpected)?);
    push(l, Moment::from_nanoseconds(nanoseconds));
    Ok(1)
}

/// Pushes a Time.
/// May raise.
pub(super) fn push(l: State, moment: Moment) {
    let block = (moment.seconds, moment.nanoseconds);
    interpreter(l).classes.get().moment.push(l, block, 0);
}

impl Moment {
    /// So many nanoseconds after 1970.
    pub(super) fn from_nanoseconds(nanoseconds: i64) -> Self {
        let (seconds, rest) = (
            nanoseconds.div_euclid(1_000_000_000),
            nanoseconds.rem_euclid(1_000_000_000),
        );
        Self {
            seconds,
            nanoseconds: rest as u32,
        }
    }

    /// Seconds and nanoseconds after 1970; `None` beyond the years that
    /// RFC 3339 can write.
    pub(super) fn new(seconds: i64, nanoseconds: i64) -> Option<Self> {
        let seconds = seconds.checked_add(nanoseconds.div_euclid(1_000_000_000))?;
        let moment = Self {
            seconds,
            nanoseconds: nanoseconds.rem_euclid(1_000_000_000) as u32,
        };
        moment.date().map(|_| moment)
    }

    /// Reads RFC 3339.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let date = OffsetDateTime::parse(text, &Rfc3339)
            .ok()?
            .checked_to_offset(UtcOffset::UTC)?;
        Some(Self {
            seconds: date.unix_timestamp(),
            nanoseconds: date.nanosecond(),
        })
    }

    fn date(self) -> Option<OffsetDateTime> {
        let date = OffsetDateTime::from_unix_timestamp(self.seconds).ok()?;
        let date = date.checked_add(
            Duration::from_nanos(self.nanoseconds.into())
                .try_into()
                .ok()?,
        )?;
        (0..=9999).contains(&date.year()).then_some(date)
    }

    fn rfc3339(self) -> Option<String> {
        self.date()?.format(&Rfc3339).ok()
    }

    fn nanoseconds(self) -> i128 {
        i128::from(self.seconds) * 1_000_000_000 + i128::from(self.nanoseconds)
    }
}

/// Returns the Time at `index`, where there is one.
fn at(l: State, index: c_int) -> Option<Moment> {
    let (seconds, nanoseconds) = interpreter(l).classes.get().moment.read(l, index)?;
    Some(Moment {
        seconds,
        nanoseconds,
    })
}

/// Returns the Time that is argument `arg`; raises for anything else.
fn check(l: State, arg: c_int) -> Moment {
    match at(l, arg) {
        Some(moment) => moment,
        None => l.wrong_type(arg, CLASS),
    }
}

/// The Time that is argument 2; `None` where it is missing.
fn other(l: State) -> Option<Moment> {
    if l.type_of(2) <= LUA_TNIL {
        errors::refuse(l, kind::INVALID, format_args!("time is missing"));
        return None;
    }
    Some(check(l, 2))
}

extern "C-unwind" fn unix(l: State) -> c_int {
    l.push_integer(check(l, 1).seconds);
    1
}

extern "C-unwind" fn unix_nano(l: State) -> c_int {
    match i64::try_from(check(l, 1).nanoseconds()) {
        Ok(nanoseconds) => {
            l.push_integer(nanoseconds);
            1
        }
        Err(_) => errors::refuse(
            l,
            kind::INVALID,
            format_args!("the nanoseconds since 1970 do not fit into a 64-bit integer"),
        ),
    }
}

extern "C-unwind" fn rfc3339(l: State) -> c_int {
    let moment = check(l, 1);
    push_text(l, moment.rfc3339().unwrap_or_default());
    1
}

/// `t:format(f)`, with the letters of `os.date`, in UTC.
extern "C-unwind" fn format(l: State) -> c_int {
    let moment = check(l, 1);
    match l.type_of(2) {
        LUA_TNONE | LUA_TNIL => {
            return errors::refuse(l, kind::INVALID, format_args!("format is missing"));
        }
        LUA_TSTRING => {}
        _ => l.wrong_type(2, c"string"),
    }
    l.global(c"os");
    l.field(-1, c"date");
    l.push_string(c"!");
    l.push_value(2);
    l.concat(2);
    l.push_integer(moment.seconds);
    l.call(2, 1);
    1
}

extern "C-unwind" fn add(l: State) -> c_int {
    let moment = check(l, 1);
    let Some(by) = duration::signed(l, 2, Unit::Nanoseconds, "duration") else {
        return REFUSED;
    };
    let by = Moment::from_nanoseconds(by);
    let sum = moment.seconds.checked_add(by.seconds).and_then(|seconds| {
        Moment::new(
            seconds,
            i64::from(moment.nanoseconds) + i64::from(by.nanoseconds),
        )
    });
    match sum {
        Some(sum) => {
            push(l, sum);
            1
        }
        None => errors::refuse(
            l,
            kind::INVALID,
            format_args!("the result is outside the years 0 to 9999"),
        ),
    }
}

extern "C-unwind" fn sub(l: State) -> c_int {
    let moment = check(l, 1);
    let Some(other) = other(l) else {
        return REFUSED;
    };
    match i64::try_from(moment.nanoseconds() - other.nanoseconds()) {
        Ok(difference) => {
            duration::push(l, difference);
            1
        }
        Err(_) => errors::refuse(
            l,
            kind::INVALID,
            format_args!("the result is out of the range of a duration"),
        ),
    }
}

fn compare(l: State, holds: fn(Moment, Moment) -> bool) -> c_int {
    let moment = check(l, 1);
    let Some(other) = other(l) else {
        return REFUSED;
    };
    l.push_boolean(holds(moment, other));
    1
}

extern "C-unwind" fn before(l: State) -> c_int {
    compare(l, |a, b| a < b)
}

extern "C-unwind" fn after(l: State) -> c_int {
    compare(l, |a, b| a > b)
}

extern "C-unwind" fn not_after(l: State) -> c_int {
    compare(l, |a, b| a <= b)
}

extern "C-unwind" fn equal(l: State) -> c_int {
    compare(l, |a, b| a == b)
}

/// `==` of two userdata, one of which is a Time.
extern "C-unwind" fn equals(l: State) -> c_int {
    let [a, b] = [1, 2].map(|arg| at(l, arg));
    l.push_boolean(a.is_some() && a == b);
    1
}
