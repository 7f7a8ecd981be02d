//! Durations as text: `250ms`, `1m30s`, `-1.5h`.
//!
//! Manifests, command lines and Lua programs read durations with this one parser.

/// The reason why a text is not a duration.
///
/// ```
/// use warren_values::duration::{Fault, nanoseconds};
///
/// assert_eq!(nanoseconds("1m30s"), Ok(90_000_000_000));
/// assert_eq!(nanoseconds("1m30"), Err(Fault::NoUnit("30")));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault<'a> {
    /// The text is not a sequence of numbers with units.
    Form,
    /// This number has no unit.
    NoUnit(&'a str),
    /// The unit does not exist.
    Unit(&'a str),
    /// The duration does not fit 64 bits of nanoseconds with their sign.
    TooLong,
}

/// Units and their length in nanoseconds. The micro sign has two code points.
const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Reads a duration as Go's `time.ParseDuration` does: decimal numbers, each with a
/// unit (`ns`, `us`, `ms`, `s`, `m`, `h`), added up; or `0`. A sign may stand first.
/// Parts of nanoseconds are dropped.
///
/// # Errors
///
/// See [`Fault`].
pub fn nanoseconds(text: &str) -> Result<i64, Fault<'_>> {
    let (negative, text) = match text.strip_prefix('-') {
        Some(text) => (true, text),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let size = size(text)?;
    let signed = if negative {
        0_i64.checked_sub_unsigned(size)
    } else {
        i64::try_from(size).ok()
    };
    signed.ok_or(Fault::TooLong)
}

/// Returns the nanoseconds of a duration without a sign.
fn size(text: &str) -> Result<u64, Fault<'_>> {
    if text == "0" {
        return Ok(0);
    }
    if text.is_empty() {
        return Err(Fault::Form);
    }
    let mut total = 0_u64;
    let mut rest = text;
    while !rest.is_empty() {
        let (number, after) = split(rest, |c| c.is_ascii_digit() || c == '.');
        let (unit, after) = split(after, |c| !c.is_ascii_digit() && c != '.');
        rest = after;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return Err(Fault::Form);
        }
        if unit.is_empty() {
            return Err(Fault::NoUnit(number));
        }
        let known = UNITS.iter().find(|(name, _)| *name == unit);
        let (_, length) = known.ok_or(Fault::Unit(unit))?;
        let part = part(whole, fraction, *length).ok_or(Fault::TooLong)?;
        total = total.checked_add(part).ok_or(Fault::TooLong)?;
    }
    Ok(total)
}

/// Returns `whole.fraction` units in nanoseconds, rounded down.
fn part(whole: &str, fraction: &str, unit: u64) -> Option<u64> {
    let whole: u64 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    // Digits after the 18th are far below a nanosecond, even of an hour.
    let (mut scale, mut digits) = (1_u128, 0_u128);
    for digit in fraction.bytes().take(18) {
        scale *= 10;
        digits = digits * 10 + u128::from(digit - b'0');
    }
    let fraction = u64::try_from(digits * u128::from(unit) / scale).ok()?;
    whole.checked_mul(unit)?.checked_add(fraction)
}

fn split(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !belongs(c)).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_with_their_sign() {
        for (text, expected) in [
            ("0", 0),
            ("-0", 0),
            ("+5s", 5_000_000_000),
            ("-3ns", -3),
            ("1m30s", 90_000_000_000),
            ("-1.5h", -5_400_000_000_000),
            (".5us", 500),
            ("1.\u{3bc}s", 1_000),
            ("0.0000000000019h", 6),
            ("9223372036854775807ns", i64::MAX),
            ("-9223372036854775808ns", i64::MIN),
        ] {
            assert_eq!(nanoseconds(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn faults_name_their_part() {
        for (text, expected) in [
            ("", Fault::Form),
            ("-", Fault::Form),
            ("--5s", Fault::Form),
            ("1.2.3s", Fault::Form),
            ("s", Fault::Form),
            ("5s3", Fault::NoUnit("3")),
            ("5 s", Fault::Unit(" s")),
            ("1e3s", Fault::Unit("e")),
            ("9223372036854775808ns", Fault::TooLong),
            ("9999999h9999999h", Fault::TooLong),
            ("99999999999999999999s", Fault::TooLong),
        ] {
            assert_eq!(nanoseconds(text), Err(expected), "{text:?}");
        }
    }
}
