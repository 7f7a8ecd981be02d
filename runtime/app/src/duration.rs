//! Durations in manifests and on command lines: `250ms`, `1m30s`, `1.5h`.
//!
//! Guests in Lua read durations with the same parser, and may write a sign.

use std::time::Duration;

use thiserror::Error;
use warren_kernel::text;
use warren_values::duration::{self, Fault};

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

/// Returns the part of a text that a message quotes; the text may be of any
/// length.
fn shown(text: &str) -> String {
    text::clipped(text, 40)
}

/// Reads a duration: decimal numbers, each with a unit (`ns`, `us`, `ms`, `s`,
/// `m`, `h`), added up; or `0`. Parts of nanoseconds are dropped.
///
/// # Errors
///
/// See [`DurationError`].
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    if text.starts_with(['-', '+']) {
        return Err(DurationError::Form);
    }
    let nanoseconds = duration::nanoseconds(text).map_err(|fault| match fault {
        Fault::Form => DurationError::Form,
        Fault::NoUnit(number) => DurationError::NoUnit(number.to_owned()),
        Fault::Unit(unit) => DurationError::Unit(unit.to_owned()),
        Fault::TooLong => DurationError::TooLong,
    })?;
    Ok(Duration::from_nanos(nanoseconds.unsigned_abs()))
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
