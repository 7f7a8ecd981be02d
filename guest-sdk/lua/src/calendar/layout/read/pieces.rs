//! The pieces of a text that the elements of a layout are read from.

use super::Mismatch;
use crate::calendar::layout::element::Fill;

/// Reads one of the names, or the first `len` letters of it, in any case. Returns its
/// place, and the text behind it.
pub(super) fn name<'t>(
    text: &'t str,
    names: &[&str],
    len: usize,
) -> Result<(usize, &'t str), Mismatch> {
    names
        .iter()
        .enumerate()
        .find_map(|(place, name)| {
            let len = name.len().min(len);
            let start = text.get(..len)?;
            start
                .eq_ignore_ascii_case(&name[..len])
                .then(|| (place, &text[len..]))
        })
        .ok_or(Mismatch::Different)
}

/// Reads a number of two digits, or of one where the layout does not ask for two.
pub(super) fn up_to_two(text: &str, fill: Fill) -> Result<(u8, &str), Mismatch> {
    let text = match fill {
        Fill::Space => text.strip_prefix(' ').unwrap_or(text),
        _ => text,
    };
    let len = match (run(text), fill) {
        (0, _) | (1, Fill::Zero) => return Err(Mismatch::Different),
        (digits, _) => digits.min(2),
    };
    let (digits, rest) = text.split_at(len);
    Ok((number(digits)? as u8, rest))
}

/// Reads a number as [`up_to_two`] does, which is in a range.
pub(super) fn part<'t>(
    text: &'t str,
    fill: Fill,
    range: std::ops::RangeInclusive<u8>,
    part: &'static str,
) -> Result<(u8, &'t str), Mismatch> {
    let (value, rest) = up_to_two(text, fill)?;
    within(value, range, part)?;
    Ok((value, rest))
}

pub(super) fn within(
    value: u8,
    range: std::ops::RangeInclusive<u8>,
    part: &'static str,
) -> Result<(), Mismatch> {
    if range.contains(&value) {
        Ok(())
    } else {
        Err(Mismatch::OutOfRange(part))
    }
}

pub(super) fn split(text: &str, len: usize) -> Result<(&str, &str), Mismatch> {
    text.split_at_checked(len).ok_or(Mismatch::Different)
}

/// Returns the value of digits, and of nothing else; no more than nine.
// Not inlined: it is called in many places.
#[inline(never)]
pub(super) fn number(digits: &str) -> Result<u32, Mismatch> {
    if digits.is_empty() || run(digits) != digits.len() {
        return Err(Mismatch::Different);
    }
    digits.parse().map_err(|_| Mismatch::Different)
}

/// Returns the number of digits that a text begins with.
pub(super) fn run(text: &str) -> usize {
    text.bytes().take_while(u8::is_ascii_digit).count()
}

pub(super) fn is_fraction(text: &str) -> bool {
    text.starts_with(['.', ',']) && text.as_bytes().get(1).is_some_and(u8::is_ascii_digit)
}

/// Returns the length of the abbreviation that a text begins with.
pub(super) fn zone_len(text: &str) -> Option<usize> {
    // Abbreviations that are no three or four capitals ending in T.
    for zone in ["ChST", "MeST"] {
        if text.starts_with(zone) {
            return Some(zone.len());
        }
    }
    if let Some(rest) = text.strip_prefix("GMT") {
        return Some(3 + signed_hours(rest).unwrap_or(0));
    }
    if text.starts_with(['+', '-']) {
        return signed_hours(text);
    }
    let capitals = text.bytes().take(6).take_while(u8::is_ascii_uppercase);
    match capitals.count() {
        5 if text.as_bytes()[4] == b'T' => Some(5),
        4 if text.as_bytes()[3] == b'T' || text.starts_with("WITA") => Some(4),
        3 => Some(3),
        _ => None,
    }
}

/// Returns the length of a sign and hours, -23 to +23.
fn signed_hours(text: &str) -> Option<usize> {
    if !text.starts_with(['+', '-']) {
        return None;
    }
    let digits = run(&text[1..]);
    let hours = number(&text[1..1 + digits]).ok()?;
    (hours <= 23).then_some(1 + digits)
}
