//! Sizes in bytes, as a manifest writes them.
//!
//! The crate `bytesize` reads another language: fractions, bare numbers, decimal
//! units (`1kb` is 1000 bytes); a size that does not fit becomes the largest that does.
//! Its errors are texts.

use std::fmt;

use thiserror::Error;

const UNITS: [(&str, u64); 5] = [
    ("TiB", 1 << 40),
    ("GiB", 1 << 30),
    ("MiB", 1 << 20),
    ("KiB", 1 << 10),
    ("B", 1),
];

/// The reason why a text is not a size. Worded as advice.
///
/// ```
/// use warren_app::{SizeError, parse_size};
///
/// assert_eq!(parse_size("32"), Err(SizeError::Form));
/// let error = parse_size("32MB").unwrap_err();
/// assert_eq!(error.to_string(), "unknown unit `MB`; write `MiB`");
/// ```
#[derive(Debug, Error, PartialEq, Eq)]
pub enum SizeError {
    /// The text is not a number with a unit.
    #[error("write a whole number and a unit, B, KiB, MiB, GiB or TiB")]
    Form,
    /// The unit does not exist.
    #[error("unknown unit `{found}`; write `{right}`")]
    Unit {
        /// The unit that was written.
        found: String,
        /// The unit that was probably meant.
        right: &'static str,
    },
    /// The size does not fit 64 bits.
    #[error("the size does not fit 64 bits")]
    TooLarge,
}

/// Reads a whole number followed by `B`, `KiB`, `MiB`, `GiB` or `TiB`, perhaps
/// with a space between.
///
/// # Errors
///
/// See [`SizeError`].
pub fn parse_size(text: &str) -> Result<u64, SizeError> {
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, unit) = text.split_at(digits);
    if number.is_empty() {
        return Err(SizeError::Form);
    }
    let unit = unit.strip_prefix(' ').unwrap_or(unit);
    let Some((_, factor)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err(meant(unit));
    };
    let number: u64 = number.parse().map_err(|_| SizeError::TooLarge)?;
    number.checked_mul(*factor).ok_or(SizeError::TooLarge)
}

/// A number of bytes, displayed in the largest unit that divides it.
pub(super) struct Bytes(pub(super) u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (unit, factor) = UNITS
            .into_iter()
            .find(|(_, factor)| self.0 > 0 && self.0.is_multiple_of(*factor))
            .unwrap_or(("B", 1));
        write!(f, "{} {unit}", self.0 / factor)
    }
}

fn meant(unit: &str) -> SizeError {
    let right = match unit.to_ascii_lowercase().as_str() {
        "b" | "byte" | "bytes" => "B",
        "k" | "kb" | "kib" => "KiB",
        "m" | "mb" | "mib" => "MiB",
        "g" | "gb" | "gib" => "GiB",
        "t" | "tb" | "tib" => "TiB",
        _ => return SizeError::Form,
    };
    SizeError::Unit {
        found: unit.to_owned(),
        right,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        assert_eq!(parse_size("32MiB"), Ok(32 << 20));
        assert_eq!(parse_size("4 KiB"), Ok(4096));
        assert_eq!(parse_size("1GiB"), Ok(1 << 30));
        assert_eq!(parse_size("2TiB"), Ok(2 << 40));
        assert_eq!(parse_size("7B"), Ok(7));
        assert_eq!(parse_size("0B"), Ok(0));
    }

    #[test]
    fn invalid_sizes_are_refused() {
        for text in [
            "", "MiB", "-1MiB", "1.5GiB", "1 000B", "1", "1PiB", "1  B", "1B ",
        ] {
            assert_eq!(parse_size(text), Err(SizeError::Form), "{text:?}");
        }
        for (text, right) in [("1kb", "KiB"), ("1MB", "MiB"), ("1g", "GiB"), ("1b", "B")] {
            assert!(
                matches!(parse_size(text), Err(SizeError::Unit { right: found, .. }) if found == right),
                "{text}"
            );
        }
        assert_eq!(
            parse_size("99999999999999999999B"),
            Err(SizeError::TooLarge)
        );
        assert_eq!(parse_size("99999999999999GiB"), Err(SizeError::TooLarge));
    }

    #[test]
    fn sizes_are_shown_in_their_largest_unit() {
        assert_eq!(Bytes(64 << 10).to_string(), "64 KiB");
        assert_eq!(Bytes(4 << 30).to_string(), "4 GiB");
        assert_eq!(Bytes(1).to_string(), "1 B");
        assert_eq!(Bytes(0).to_string(), "0 B");
        assert_eq!(Bytes(1025).to_string(), "1025 B");
    }
}
