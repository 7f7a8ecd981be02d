//! Times in Lua: userdata whose block is a [`Stamp`].

use std::ffi::{CStr, c_int};

use mlua_sys::*;
use warren_guest::msgpack::Malformed;
use warren_values::kind;

use super::letters;
use super::location::{self, Offset};
use super::{Unit, duration};
use crate::argument::{REFUSED, integer, text};
use crate::calendar::{Location, Moment, Parts, Stamp, Wall, layout};
use crate::errors;
use crate::interpreter::{interpreter, push_text};
use crate::lua::{self, Functions, Members, State};

/// The name of the class in Lua.
const CLASS: &CStr = c"time";

const LOCATION: c_int = 1;

/// The methods that programs have used from the first, in the table of the class.
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

/// The other methods.
struct Others;

impl Members for Others {
    const FUNCTIONS: &'static Functions = &[
        (c"year", year),
        (c"month", month),
        (c"day", day),
        (c"hour", hour),
        (c"minute", minute),
        (c"second", second),
        (c"nanosecond", nanosecond),
        (c"weekday", weekday),
        (c"year_day", year_day),
        (c"date", date),
        (c"clock", clock),
        (c"format_rfc3339", format_rfc3339),
        (c"add_date", add_date),
        (c"utc", utc),
        (c"in_local", in_local),
        (c"in_location", in_location),
        (c"location", location),
        (c"round", round),
        (c"truncate", truncate),
        (c"is_zero", is_zero),
    ];
}

const METAMETHODS: &Functions = &[
    (c"__tostring", rfc3339),
    (c"__eq", equals),
    (c"__lt", before),
    (c"__le", not_after),
];

/// Registers the class.
pub(super) fn open(l: State) {
    let rt = interpreter(l);
    let mut classes = rt.classes.get();
    classes.moment = lua::class(l, CLASS, METHODS, METAMETHODS);
    l.field(-1, c"__index");
    lua::set_members::<Others>(l);
    l.pop(2);
    rt.classes.set(classes);
}

/// Builds the Time so many nanoseconds after 1970, given as an `i64` in little
/// endian.
pub(crate) fn build_moment(l: State, bytes: &[u8]) -> Result<c_int, Malformed> {
    let nanoseconds = i64::from_le_bytes(bytes.try_into().map_err(|_| Malformed::Unexpected)?);
    push_local(l, Moment::from_nanoseconds(nanoseconds));
    Ok(1)
}

/// Pushes a Time in the program's own location.
pub(super) fn push_local(l: State, moment: Moment) {
    push(l, moment, Location::Local, 0);
}

/// Pushes a Time in UTC.
pub(super) fn push_utc(l: State, moment: Moment) {
    push(l, moment, Location::Utc, 0);
}

/// Pushes a Time in the location at the absolute index `location`.
pub(super) fn push_in(l: State, moment: Moment, location: c_int) {
    push(l, moment, Location::Own, location);
}

/// Pushes nil and the error of a moment beyond the range; or a Time in the location at
/// `location`, or in the program's own where that is 0.
pub(super) fn push_checked(l: State, moment: Option<Moment>, location: c_int) -> c_int {
    match (moment, location) {
        (None, _) => return refuse_range(l),
        (Some(moment), 0) => push_local(l, moment),
        (Some(moment), location) => push_in(l, moment, location),
    }
    1
}

fn refuse_range(l: State) -> c_int {
    errors::refuse(
        l,
        kind::INVALID,
        format_args!("the time is outside the years 0 to 9999"),
    )
}

/// Pushes a Time; `index` is that of its location, if it has its own.
fn push(l: State, moment: Moment, location: Location, index: c_int) {
    let user_values = c_int::from(location == Location::Own);
    let class = interpreter(l).classes.get().moment;
    class.push(l, Stamp { moment, location }, user_values);
    if location == Location::Own {
        l.push_value(index);
        l.set_user_value(-2, LOCATION);
    }
}

/// Pushes a Time in the location of the one that is argument 1, or nil and an error.
fn push_beside(l: State, moment: Option<Moment>) -> c_int {
    let Some(moment) = moment else {
        return refuse_range(l);
    };
    let location = check(l, 1).location;
    if location == Location::Own {
        l.user_value(1, LOCATION);
    }
    push(l, moment, location, l.top());
    1
}

/// Returns the Time at `index`, where there is one.
fn at(l: State, index: c_int) -> Option<Stamp> {
    interpreter(l).classes.get().moment.read(l, index)
}

/// Returns the Time that is argument `arg`; raises for anything else.
fn check(l: State, arg: c_int) -> Stamp {
    match at(l, arg) {
        Some(stamp) => stamp,
        None => l.wrong_type(arg, CLASS),
    }
}

/// The moment that is argument 2; `None` where it is missing.
fn other(l: State) -> Option<Moment> {
    if l.type_of(2) <= LUA_TNIL {
        errors::refuse(l, kind::INVALID, format_args!("time is missing"));
        return None;
    }
    Some(check(l, 2).moment)
}

/// Pushes the location of the Time that is argument 1.
fn push_location(l: State) {
    match check(l, 1).location {
        Location::Utc => location::push_utc(l),
        Location::Local => location::push_local(l),
        Location::Own => {
            l.user_value(1, LOCATION);
        }
    }
}

/// Returns the offset of the Time that is argument 1; pushes its location, unless that
/// is UTC.
fn offset<'l>(l: State) -> Offset<'l> {
    let stamp = check(l, 1);
    if stamp.location == Location::Utc {
        return Offset::UTC;
    }
    push_location(l);
    location::offset(l, l.top(), stamp.moment.seconds)
}

/// Returns the reading of the Time that is argument 1, in its location.
fn wall(l: State) -> Wall {
    let offset = offset(l);
    wall_at(check(l, 1).moment, offset)
}

fn wall_at(moment: Moment, offset: Offset<'_>) -> Wall {
    let seconds = moment.seconds + i64::from(offset.seconds);
    Wall::new(seconds, moment.nanoseconds)
}

/// Pushes the text of the Time that is argument 1.
fn push_written(l: State, layout: &str) -> c_int {
    let offset = offset(l);
    let wall = wall_at(check(l, 1).moment, offset);
    push_text(
        l,
        layout::write(layout, &wall, offset.seconds, offset.name()),
    );
    1
}

/// Defines the methods that return one part of a reading.
macro_rules! parts {
    ($($name:ident = |$wall:ident| $part:expr;)*) => {
        $(
            extern "C-unwind" fn $name(l: State) -> c_int {
                let $wall = wall(l);
                l.push_integer(lua_Integer::from($part));
                1
            }
        )*
    };
}

parts! {
    year = |wall| wall.date.year;
    month = |wall| wall.date.month;
    day = |wall| wall.date.day;
    hour = |wall| wall.hour;
    minute = |wall| wall.minute;
    second = |wall| wall.second;
    nanosecond = |wall| wall.nanosecond;
    weekday = |wall| wall.weekday;
    year_day = |wall| wall.date.year_day();
}

/// `t:date()`.
extern "C-unwind" fn date(l: State) -> c_int {
    let date = wall(l).date;
    l.push_integer(date.year);
    l.push_integer(date.month.into());
    l.push_integer(date.day.into());
    3
}

/// `t:clock()`.
extern "C-unwind" fn clock(l: State) -> c_int {
    let wall = wall(l);
    l.push_integer(wall.hour.into());
    l.push_integer(wall.minute.into());
    l.push_integer(wall.second.into());
    3
}

extern "C-unwind" fn unix(l: State) -> c_int {
    l.push_integer(check(l, 1).moment.seconds);
    1
}

extern "C-unwind" fn unix_nano(l: State) -> c_int {
    // Outside the years 1678 to 2262 it wraps.
    l.push_integer(check(l, 1).moment.nanoseconds() as i64);
    1
}

extern "C-unwind" fn rfc3339(l: State) -> c_int {
    push_written(l, layout::RFC3339_NANO)
}

extern "C-unwind" fn format_rfc3339(l: State) -> c_int {
    push_written(l, layout::RFC3339)
}

/// `t:format(layout)`: by a layout, or by the letters of `os.date`.
extern "C-unwind" fn format(l: State) -> c_int {
    check(l, 1);
    let Some(form) = text(l, 2, "layout") else {
        return REFUSED;
    };
    if !form.contains('%') {
        return push_written(l, form);
    }
    let offset = offset(l);
    l.global(c"os");
    l.field(-1, c"date");
    l.push_string(c"!");
    match letters::name_place(form, offset.seconds, offset.name()) {
        Some(letters) => push_text(l, letters),
        None => l.push_value(2),
    }
    l.concat(2);
    l.push_integer(check(l, 1).moment.seconds + i64::from(offset.seconds));
    l.call(2, 1);
    1
}

extern "C-unwind" fn add(l: State) -> c_int {
    let moment = check(l, 1).moment;
    let Some(by) = duration::signed(l, 2, Unit::Nanoseconds, "duration") else {
        return REFUSED;
    };
    push_beside(l, moment.add(by))
}

/// `t:add_date(years, months, days)`.
extern "C-unwind" fn add_date(l: State) -> c_int {
    check(l, 1);
    l.set_top(4);
    let mut by = [0; 3];
    for (place, name) in ["years", "months", "days"].into_iter().enumerate() {
        let Some(number) = integer(l, place as c_int + 2, 0, name) else {
            return REFUSED;
        };
        by[place] = number;
    }
    let [years, months, days] = by;
    let wall = wall(l);
    let sum = |part: i64, by: i64| part.checked_add(by);
    let parts = (|| {
        Some(Parts {
            year: sum(wall.date.year, years)?,
            month: sum(wall.date.month.into(), months)?,
            day: sum(wall.date.day.into(), days)?,
            hour: wall.hour.into(),
            minute: wall.minute.into(),
            second: wall.second.into(),
            nanosecond: wall.nanosecond.into(),
        })
    })();
    push_location(l);
    let moment = parts.and_then(|parts| moment_of(l, parts, l.top()));
    push_beside(l, moment)
}

/// Returns the moment at which a clock in the location at `index` shows these parts.
pub(super) fn moment_of(l: State, parts: Parts, index: c_int) -> Option<Moment> {
    let (shown, nanoseconds) = parts.carry()?;
    Moment::new(location::instant(l, index, shown), nanoseconds.into())
}

extern "C-unwind" fn sub(l: State) -> c_int {
    let moment = check(l, 1).moment;
    let Some(other) = other(l) else {
        return REFUSED;
    };
    match i64::try_from(moment.since(other)) {
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

/// `t:utc()`.
extern "C-unwind" fn utc(l: State) -> c_int {
    push_utc(l, check(l, 1).moment);
    1
}

/// `t:in_local()`.
extern "C-unwind" fn in_local(l: State) -> c_int {
    push_local(l, check(l, 1).moment);
    1
}

/// `t:in_location(location)`.
extern "C-unwind" fn in_location(l: State) -> c_int {
    let moment = check(l, 1).moment;
    if l.type_of(2) <= LUA_TNIL {
        return errors::refuse(l, kind::INVALID, format_args!("location is missing"));
    }
    location::check(l, 2);
    push_in(l, moment, 2);
    1
}

/// `t:location()`.
extern "C-unwind" fn location(l: State) -> c_int {
    push_location(l);
    1
}

extern "C-unwind" fn round(l: State) -> c_int {
    multiple(l, Moment::round)
}

extern "C-unwind" fn truncate(l: State) -> c_int {
    multiple(l, Moment::truncate)
}

fn multiple(l: State, of: fn(Moment, i64) -> Option<Moment>) -> c_int {
    let moment = check(l, 1).moment;
    let Some(unit) = duration::signed(l, 2, Unit::Nanoseconds, "duration") else {
        return REFUSED;
    };
    push_beside(l, of(moment, unit))
}

extern "C-unwind" fn is_zero(l: State) -> c_int {
    l.push_boolean(check(l, 1).moment == Moment::ZERO);
    1
}

fn compare(l: State, holds: fn(Moment, Moment) -> bool) -> c_int {
    let moment = check(l, 1).moment;
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
    let [a, b] = [1, 2].map(|arg| at(l, arg).map(|stamp| stamp.moment));
    l.push_boolean(a.is_some() && a == b);
    1
}
