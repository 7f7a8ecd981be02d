//! Durations: what arguments mean, and the userdata Duration, whose block is
//! the number of nanoseconds.

use std::ffi::{CStr, c_int};

use mlua_sys::*;
use warren_values::kind;

use crate::errors;
use crate::interpreter::{interpreter, push_text};
use crate::lua::{self, Functions, State};
use crate::mistakes::check_milliseconds;

/// The unit of a number where a duration is expected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Nanoseconds,
    Milliseconds,
    Seconds,
}

impl Unit {
    const fn nanoseconds(self) -> i64 {
        match self {
            Unit::Nanoseconds => 1,
            Unit::Milliseconds => 1_000_000,
            Unit::Seconds => 1_000_000_000,
        }
    }
}

/// The name of the class in Lua.
const CLASS: &CStr = c"duration";

const METHODS: &Functions = &[
    (c"nanoseconds", whole::<1>),
    (c"microseconds", whole::<1_000>),
    (c"milliseconds", whole::<1_000_000>),
    (c"seconds", fraction::<1_000_000_000>),
    (c"minutes", fraction::<60_000_000_000>),
    (c"hours", fraction::<3_600_000_000_000>),
];

const METAMETHODS: &Functions = &[
    (c"__tostring", tostring),
    (c"__add", add),
    (c"__sub", sub),
    (c"__unm", negate),
    (c"__mul", mul),
    (c"__div", div),
    (c"__eq", equal),
    (c"__lt", less),
    (c"__le", less_or_equal),
];

/// Registers the class.
pub(super) fn open(l: State) {
    let interpreter = interpreter(l);
    let mut classes = interpreter.classes.get();
    classes.duration = lua::class(l, CLASS, METHODS, METAMETHODS);
    l.pop(1);
    interpreter.classes.set(classes);
}

/// Pushes a Duration.
/// May raise.
pub(super) fn push(l: State, nanoseconds: i64) {
    interpreter(l)
        .classes
        .get()
        .duration
        .push(l, nanoseconds, 0);
}

/// The nanoseconds that argument `arg` means, which may be negative. `None`
/// where it is none or missing; then nil and an error were pushed.
pub(crate) fn signed(l: State, arg: c_int, unit: Unit, name: &str) -> Option<i64> {
    let value = match l.type_of(arg) {
        LUA_TNONE | LUA_TNIL => {
            errors::refuse(l, kind::INVALID, format_args!("{name} is missing"));
            return None;
        }
        LUA_TNUMBER if l.is_integer(arg) => l.to_integer(arg).checked_mul(unit.nanoseconds()),
        LUA_TNUMBER => whole_nanoseconds(l.to_number(arg) * unit.nanoseconds() as f64),
        LUA_TSTRING => l.with_bytes(arg, |text| text.and_then(parse)),
        _ => at(l, arg),
    };
    match value {
        Some(value) if unit == Unit::Milliseconds => {
            check_milliseconds(l, arg, value, name, format);
        }
        Some(_) => {}
        None => {
            errors::refuse(
                l,
                kind::INVALID,
                format_args!("{name} is not a duration such as \"1m30s\" or a number"),
            );
        }
    }
    value
}

/// The same where a negative duration makes no sense.
pub(crate) fn span(l: State, arg: c_int, unit: Unit, name: &str) -> Option<u64> {
    let value = u64::try_from(signed(l, arg, unit, name)?).ok();
    if value.is_none() {
        errors::refuse(l, kind::INVALID, format_args!("{name} is negative"));
    }
    value
}

/// Reads what Go's `time.ParseDuration` reads, in units from ns to h.
pub(super) fn parse(text: &[u8]) -> Option<i64> {
    let text = str::from_utf8(text).ok()?;
    let (negative, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut total: i128 = 0;
    while !rest.is_empty() {
        let digits = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        let (whole, after) = rest.split_at(digits);
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => after.split_at(
                after
                    .find(|c: char| !c.is_ascii_digit())
                    .unwrap_or(after.len()),
            ),
            None => ("", after),
        };
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let end = after
            .find(|c: char| c.is_ascii_digit() || c == '.')
            .unwrap_or(after.len());
        let (unit, after) = after.split_at(end);
        let unit: i128 = match unit {
            "ns" => 1,
            "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
            "ms" => 1_000_000,
            "s" => 1_000_000_000,
            "m" => 60_000_000_000,
            "h" => 3_600_000_000_000,
            _ => return None,
        };
        let whole: i128 = if whole.is_empty() {
            0
        } else {
            whole.parse().ok()?
        };
        total = total.checked_add(whole.checked_mul(unit)?)?;
        // Digits below a nanosecond of the largest unit do not matter.
        let (mut scale, mut part) = (1_i128, 0_i128);
        for digit in fraction.bytes().take(18) {
            scale *= 10;
            part = part * 10 + i128::from(digit - b'0');
        }
        total = total.checked_add(part * unit / scale)?;
        rest = after;
    }
    i64::try_from(if negative { -total } else { total }).ok()
}

/// Writes as Go does: `1h2m3.5s`, `250ms`, `0s`.
pub(super) fn format(nanoseconds: i64) -> String {
    let size = nanoseconds.unsigned_abs();
    let sign = if nanoseconds < 0 { "-" } else { "" };
    let decimal = |value: u64, unit: u64, digits: usize, name: &str| {
        let fraction = format!("{:0digits$}", value % unit);
        let fraction = fraction.trim_end_matches('0');
        let point = if fraction.is_empty() { "" } else { "." };
        format!("{}{point}{fraction}{name}", value / unit)
    };
    let text = match size {
        0 => "0s".to_owned(),
        1..1_000 => format!("{size}ns"),
        1_000..1_000_000 => decimal(size, 1_000, 3, "us"),
        1_000_000..1_000_000_000 => decimal(size, 1_000_000, 6, "ms"),
        _ => {
            let minutes = size / 60_000_000_000;
            let seconds = decimal(size % 60_000_000_000, 1_000_000_000, 9, "s");
            match (minutes / 60, minutes % 60) {
                (0, 0) => seconds,
                (0, minutes) => format!("{minutes}m{seconds}"),
                (hours, minutes) => format!("{hours}h{minutes}m{seconds}"),
            }
        }
    };
    format!("{sign}{text}")
}

fn whole_nanoseconds(value: f64) -> Option<i64> {
    // 2^63 itself is the first float out of range.
    (value.is_finite() && value.abs() < i64::MAX as f64).then_some(value as i64)
}

/// The Duration at `index`; `None` where there is anything else.
fn at(l: State, index: c_int) -> Option<i64> {
    interpreter(l).classes.get().duration.read(l, index)
}

fn check(l: State, arg: c_int) -> i64 {
    match at(l, arg) {
        Some(nanoseconds) => nanoseconds,
        None => l.wrong_type(arg, CLASS),
    }
}

extern "C-unwind" fn whole<const UNIT: i64>(l: State) -> c_int {
    l.push_integer(check(l, 1) / UNIT);
    1
}

extern "C-unwind" fn fraction<const UNIT: i64>(l: State) -> c_int {
    l.push_number(check(l, 1) as f64 / UNIT as f64);
    1
}

extern "C-unwind" fn tostring(l: State) -> c_int {
    let nanoseconds = check(l, 1);
    push_text(l, format(nanoseconds));
    1
}

/// Pushes the result of an operation, or raises where it is out of range.
fn push_result(l: State, result: Option<i64>) -> c_int {
    match result {
        Some(nanoseconds) => push(l, nanoseconds),
        None => l.raise("the result is out of the range of a duration"),
    }
    1
}

extern "C-unwind" fn add(l: State) -> c_int {
    push_result(l, check(l, 1).checked_add(check(l, 2)))
}

extern "C-unwind" fn sub(l: State) -> c_int {
    push_result(l, check(l, 1).checked_sub(check(l, 2)))
}

extern "C-unwind" fn negate(l: State) -> c_int {
    push_result(l, check(l, 1).checked_neg())
}

/// A duration times a number, in either order.
extern "C-unwind" fn mul(l: State) -> c_int {
    let (duration, factor) = if at(l, 1).is_some() {
        (check(l, 1), 2)
    } else {
        (check(l, 2), 1)
    };
    let result = if l.is_integer(factor) {
        duration.checked_mul(l.to_integer(factor))
    } else {
        whole_nanoseconds(duration as f64 * l.check_number(factor))
    };
    push_result(l, result)
}

/// A duration by a number is a duration; by a duration, a number.
extern "C-unwind" fn div(l: State) -> c_int {
    let dividend = check(l, 1);
    match at(l, 2) {
        Some(divisor) => {
            l.push_number(dividend as f64 / divisor as f64);
            1
        }
        None => push_result(l, whole_nanoseconds(dividend as f64 / l.check_number(2))),
    }
}

extern "C-unwind" fn equal(l: State) -> c_int {
    let same = matches!((at(l, 1), at(l, 2)), (Some(a), Some(b)) if a == b);
    l.push_boolean(same);
    1
}

extern "C-unwind" fn less(l: State) -> c_int {
    l.push_boolean(check(l, 1) < check(l, 2));
    1
}

extern "C-unwind" fn less_or_equal(l: State) -> c_int {
    l.push_boolean(check(l, 1) <= check(l, 2));
    1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_go_reads_is_read() {
        for (text, expected) in [
            ("250ms", 250_000_000),
            ("5s", 5_000_000_000),
            ("1m30s", 90_000_000_000),
            ("1.5h", 5_400_000_000_000),
            (".5us", 500),
            ("-3ns", -3),
            ("0", 0),
        ] {
            assert_eq!(parse(text.as_bytes()), Some(expected), "{text}");
        }
        for text in [
            "", "5", "s", "5 s", "1d", ".s", "-", "1e3s", "9999999h", "1s1",
        ] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn what_is_written_is_what_go_writes() {
        for (nanoseconds, expected) in [
            (0, "0s"),
            (1, "1ns"),
            (1_500, "1.5us"),
            (250_000_000, "250ms"),
            (1_050_000_000, "1.05s"),
            (90_000_000_000, "1m30s"),
            (-5_400_000_000_000, "-1h30m0s"),
        ] {
            assert_eq!(format(nanoseconds), expected);
            assert_eq!(parse(expected.as_bytes()), Some(nanoseconds));
        }
    }
}
