//! Numbers that were meant in another unit: of nanoseconds that are too small, and of
//! milliseconds that are too large.

use std::ffi::c_int;

use mlua_sys::LUA_TNUMBER;

use super::place::Call;
use crate::lua::State;

/// Nanoseconds from which on a number is taken for what was meant. No shorter time can
/// be waited for: a switch to another process takes longer.
const LEAST: f64 = 1_000.0;

/// Warns where an argument that `time` reads as nanoseconds is a number so small that
/// another unit was meant. Raises without memory.
#[inline]
pub(crate) fn check_unit(l: State, arg: c_int, nanoseconds: u64, function: &str) {
    if nanoseconds < LEAST as u64 && l.type_of(arg) == LUA_TNUMBER {
        warn(l, arg, function);
    }
}

// Never inlined: the frames of its callers are on the one page of the stack that a
// process writes to.
#[cold]
#[inline(never)]
fn warn(l: State, arg: c_int, function: &str) {
    let number = l.to_number(arg);
    if number <= 0.0 || number >= LEAST {
        return;
    }
    if let Some(call) = Call::find(l, false) {
        call.warn(&message(function, number));
    }
}

/// Nanoseconds from which on a number of milliseconds may be one of nanoseconds: those of
/// `time.MILLISECOND` milliseconds.
const LONG: i64 = 1_000_000_000_000;

/// Warns where an argument that is read as milliseconds, which are so many nanoseconds, is a
/// number that looks like one of nanoseconds, as `50 * time.MILLISECOND` is. `name` is that of
/// the argument, and `write` writes a duration. Raises without memory.
#[inline]
pub(crate) fn check_milliseconds(
    l: State,
    arg: c_int,
    nanoseconds: i64,
    name: &str,
    write: fn(i64) -> String,
) {
    if nanoseconds >= LONG && l.type_of(arg) == LUA_TNUMBER {
        warn_of_milliseconds(l, nanoseconds, name, write);
    }
}

#[cold]
#[inline(never)]
fn warn_of_milliseconds(l: State, nanoseconds: i64, name: &str, write: fn(i64) -> String) {
    let number = nanoseconds / MILLISECOND;
    if nanoseconds % MILLISECOND != 0 || !looks_like_nanoseconds(number) {
        return;
    }
    if let Some(call) = Call::find(l, false) {
        call.warn(&message_of_milliseconds(name, number, write));
    }
}

/// Nanoseconds of a millisecond.
const MILLISECOND: i64 = 1_000_000;

/// Returns true for a number of milliseconds that is a multiple of `time.MILLISECOND`. Round
/// times are none: hours of up to eleven days, and days of up to three years.
fn looks_like_nanoseconds(milliseconds: i64) -> bool {
    const HOUR: i64 = 3_600_000;
    let is_multiple_of = |unit| milliseconds % unit == 0;
    let is_round = match milliseconds {
        ..1_000_000_000 => is_multiple_of(HOUR),
        1_000_000_000..100_000_000_000 => is_multiple_of(24 * HOUR),
        _ => false,
    };
    is_multiple_of(MILLISECOND) && !is_round
}

fn message_of_milliseconds(name: &str, number: i64, write: fn(i64) -> String) -> String {
    let (long, meant) = (write(number.saturating_mul(MILLISECOND)), write(number));
    let milliseconds = number / MILLISECOND;
    format!(
        "{name} {number} means {number} milliseconds, {long}; write \"{meant}\" or {milliseconds}"
    )
}

fn message(function: &str, number: f64) -> String {
    let s = if number == 1.0 { "" } else { "s" };
    let (unit, constant) = if number < 100.0 {
        ("s", "SECOND")
    } else {
        ("ms", "MILLISECOND")
    };
    format!(
        "{function}({number}) means {number} nanosecond{s}; write \"{number}{unit}\" or \
         {number} * time.{constant}"
    )
}

#[cfg(test)]
mod tests {
    use super::{looks_like_nanoseconds, message, message_of_milliseconds};

    #[test]
    fn numbers_of_nanoseconds_are_known() {
        let (ms, s) = (1_000_000, 1_000_000_000);
        for number in [
            ms,
            50 * ms,
            250 * ms,
            s,
            5 * s,
            30 * s,
            60 * s,
            600 * s,
            3_600 * s,
        ] {
            assert!(looks_like_nanoseconds(number), "{number}");
        }
        let (hour, day) = (3_600_000, 86_400_000);
        for number in [
            999_999,
            1_234_567,
            hour,
            5 * hour,
            day,
            5 * day,
            7 * day,
            30 * day,
            365 * day,
        ] {
            assert!(!looks_like_nanoseconds(number), "{number}");
        }
        assert_eq!(
            message_of_milliseconds("timeout", 50_000_000, |nanoseconds| format!(
                "<{nanoseconds}>"
            )),
            "timeout 50000000 means 50000000 milliseconds, <50000000000000>; write \"<50000000>\" or 50"
        );
    }

    #[test]
    fn the_message_has_the_number() {
        assert_eq!(
            message("time.sleep", 1.0),
            "time.sleep(1) means 1 nanosecond; write \"1s\" or 1 * time.SECOND"
        );
        assert_eq!(
            message("time.after", 0.5),
            "time.after(0.5) means 0.5 nanoseconds; write \"0.5s\" or 0.5 * time.SECOND"
        );
        assert_eq!(
            message("time.timer", 250.0),
            "time.timer(250) means 250 nanoseconds; write \"250ms\" or 250 * time.MILLISECOND"
        );
    }
}
