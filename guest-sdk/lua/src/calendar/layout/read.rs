//! From text to a time. The steps are those of `time.Parse` of Go.

mod pieces;
mod reader;
#[cfg(test)]
mod tests;

use super::element;
use crate::calendar::Parts;
use reader::Reader;

/// The outcome of [`read`].
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Reading<'t> {
    /// The date and time of day; each part is in its range.
    pub(crate) parts: Parts,
    /// The zone in which the text states them.
    pub(crate) zone: Zone<'t>,
}

/// The zone that a text states for its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Zone<'t> {
    /// Nothing.
    Unsaid,
    /// `Z` or `UTC`.
    Utc,
    /// Seconds east of UTC, perhaps with an abbreviation.
    Offset(i32, &'t str),
    /// An abbreviation.
    Name(&'t str),
}

/// The reason why a text is not of a layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mismatch {
    /// The text does not go on as the layout does.
    Different,
    /// A part has a value that it cannot have.
    OutOfRange(&'static str),
    /// Text is left over.
    Longer,
}

/// Reads a text by a layout.
pub(crate) fn read<'t>(layout: &str, text: &'t str) -> Result<Reading<'t>, Mismatch> {
    let mut reader = Reader::default();
    let (mut layout, mut text) = (layout, text);
    while let Some((before, element, after)) = element::next(layout) {
        text = skip(text, before)?;
        text = reader.element(element, after, text)?;
        layout = after;
    }
    match skip(text, layout)? {
        "" => reader.finish(),
        _ => Err(Mismatch::Longer),
    }
}

/// Skips a text of the layout. Spaces stand for any number of spaces.
fn skip<'t>(mut text: &'t str, mut expected: &str) -> Result<&'t str, Mismatch> {
    while let Some(first) = expected.chars().next() {
        if first == ' ' {
            if !text.is_empty() && !text.starts_with(' ') {
                return Err(Mismatch::Different);
            }
            expected = expected.trim_start_matches(' ');
            text = text.trim_start_matches(' ');
        } else {
            text = text.strip_prefix(first).ok_or(Mismatch::Different)?;
            expected = &expected[first.len_utf8()..];
        }
    }
    Ok(text)
}
