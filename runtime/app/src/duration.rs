//! Durations in manifests and on command lines: `250ms`, `1m30s`, `1.5h`.
//!
//! Guests in Lua read durations with a parser of their own: `time.parse_duration`
//! takes a sign, as Go does. Both end at 63 bits of nanoseconds.

use std::time::Duration;

use thiserror::Error;
use warren_kernel::text;

/// The reason why a text is not a duration.
///
/// ```
/// use warren_app::{DurationError, parse_duration};
///
/// assert_eq!(parse_duration("5"), Err(DurationError::NoUnit("5".to_owned())));
/// let error = parse_duration("5d").unwrap_err();
/// assert_eq!(error.to_string(), "unknown unit `d`; write one of ns, us, ms, s, m, h");
/// ```
#[derive(Debug, Error, PartialEq, Eq)]
pub enum DurationError {
    /// The text is not a sequence of numbers with units.
    #[error("expected numbers with units, such as 250ms, 5s or 1m30s")]
    Form,
    /// This number has no unit.
    #[error("a unit is missing after `{}`; write one of ns, us, ms, s, m, h", shown(.0))]
    NoUnit(String),
    /// The unit does not exist.
    #[error("unknown unit `{}`; write one of ns, us, ms, s, m, h", shown(.0))]
    Unit(String),
    /// The duration does not fit 63 bits of nanoseconds.
    #[error("too long; the longest is {LONGEST}")]
    TooLong,
}

/// The longest duration, in whole hours: 292 years.
pub(crate) const LONGEST: &str = "2562047h";

/// Nanoseconds of the longest duration.
const MOST: u64 = i64::MAX.cast_unsigned();

/// Returns the part of a text that a message quotes; the text may be of any
/// length.
fn shown(text: &str) -> String {
    text::clipped(text, 40)
}

/// Units and their length in nanoseconds.
const UNITS: [(&str, u64); 7] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Reads a duration: decimal numbers, each with a unit (`ns`, `us`, `ms`, `s`,
/// `m`, `h`), added up; or `0`. Parts of nanoseconds are dropped.
///
/// # Errors
///
/// See [`DurationError`].
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    if text == "0" {
        return Ok(Duration::ZERO);
    }
    if text.is_empty() {
        return Err(DurationError::Form);
    }
    let mut total = 0_u64;
    let mut rest = text;
    while !rest.is_empty() {
        let (number, after) = split(rest, |c| c.is_ascii_digit() || c == '.');
        let (unit, after) = split(after, |c| !c.is_ascii_digit() && c != '.');
        rest = after;
        let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
        if (whole.is_empty() && fraction.is_empty()) || fraction.contains('.') {
            return Err(DurationError::Form);
        }
        if unit.is_empty() {
            return Err(DurationError::NoUnit(number.to_owned()));
        }
        let (_, nanos) = UNITS
            .iter()
            .find(|(name, _)| *name == unit)
            .ok_or_else(|| DurationError::Unit(unit.to_owned()))?;
        let part = part(whole, fraction, *nanos).ok_or(DurationError::TooLong)?;
        total = total.checked_add(part).ok_or(DurationError::TooLong)?;
        if total > MOST {
            return Err(DurationError::TooLong);
        }
    }
    Ok(Duration::from_nanos(total))
}

/// Returns `whole.fraction` units in nanoseconds, rounded down.
fn part(whole: &str, fraction: &str, unit: u64) -> Option<u64> {
    let whole: u64 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    let mut nanos = whole.checked_mul(unit)?;
    let mut scale = unit;
    // Digits below a nanosecond add nothing.
    for digit in fraction.bytes() {
        scale /= 10;
        nanos = nanos.checked_add(u64::from(digit - b'0') * scale)?;
    }
    Some(nanos)
}

fn split(text: &str, belongs: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(|c| !belongs(c)).unwrap_or(text.len()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations() {
        for (text, nanos) in [
            ("0", 0),
            ("0s", 0),
            ("5s", 5_000_000_000),
            ("250ms", 250_000_000),
            ("1m30s", 90_000_000_000),
            ("1.5h", 5_400_000_000_000),
            (".5s", 500_000_000),
            ("1.s", 1_000_000_000),
            ("3us", 3_000),
            ("3µs", 3_000),
            ("7ns", 7),
            ("0.0000000019s", 1),
        ] {
            assert_eq!(
                parse_duration(text),
                Ok(Duration::from_nanos(nanos)),
                "{text}"
            );
        }
    }

    #[test]
    fn invalid_durations_are_refused() {
        for text in ["", "s", ".s", "-5s", "1.2.3s", " 5s", "ms5"] {
            assert_eq!(parse_duration(text), Err(DurationError::Form), "{text:?}");
        }
        assert_eq!(parse_duration("5"), Err(DurationError::NoUnit("5".into())));
        assert_eq!(
            parse_duration("5s3"),
            Err(DurationError::NoUnit("3".into()))
        );
        assert_eq!(parse_duration("5d"), Err(DurationError::Unit("d".into())));
        assert_eq!(parse_duration("5 s"), Err(DurationError::Unit(" s".into())));
        assert!(parse_duration(LONGEST).is_ok());
        assert!(parse_duration("9223372036854775807ns").is_ok());
        let longer = parse_duration("9223372036854775808ns");
        assert_eq!(longer, Err(DurationError::TooLong));
        assert_eq!(parse_duration("2562048h"), Err(DurationError::TooLong));
        assert_eq!(parse_duration("99999999999h"), Err(DurationError::TooLong));
        let message = parse_duration(&"5\u{1b}".repeat(1_000))
            .unwrap_err()
            .to_string();
        assert!(
            message.len() < 200 && !message.contains('\u{1b}'),
            "{message}"
        );
        assert_eq!(
            parse_duration("99999999999999999999s"),
            Err(DurationError::TooLong)
        );
    }
}
