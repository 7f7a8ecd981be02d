//! Numbers of nanoseconds that were meant in another unit.

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
    use super::message;

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
