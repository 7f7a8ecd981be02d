//! The way through all matches of a text, as RE2 goes it.
//!
//! An empty match stands between two characters, never between the bytes of one, and not
//! at the end of the match before it. A byte that belongs to no character is stepped over
//! alone.

use std::ops::Range;

use regex::bytes::{Captures, Match};
use warren_engine::capability::Progress;
use warren_kernel::Error;

/// Searches between two checks.
const BETWEEN_CHECKS: usize = 64;

/// The way through a text.
pub(super) struct Walk<'t, 'p> {
    text: &'t [u8],
    progress: Option<&'p Progress<'p>>,
    /// The place where the next search begins.
    place: usize,
    /// The end of the match before.
    end: Option<usize>,
    searches: usize,
}

/// A match, with or without its groups.
pub(super) trait Found {
    /// Returns the places of the bytes of the match.
    fn places(&self) -> Range<usize>;
}

impl Found for Match<'_> {
    fn places(&self) -> Range<usize> {
        self.range()
    }
}

impl Found for Captures<'_> {
    fn places(&self) -> Range<usize> {
        // Group 0 is the whole match.
        self.get(0).map_or(0..0, |found| found.range())
    }
}

impl<'t, 'p> Walk<'t, 'p> {
    pub(super) fn new(text: &'t [u8], progress: Option<&'p Progress<'p>>) -> Walk<'t, 'p> {
        Walk {
            text,
            progress,
            place: 0,
            end: None,
            searches: 0,
        }
    }

    /// Returns the next match. `search` finds the first one from a place on.
    ///
    /// # Errors
    ///
    /// The reason for which the work ends early.
    pub(super) fn next<M: Found>(
        &mut self,
        search: impl Fn(&'t [u8], usize) -> Option<M>,
    ) -> Result<Option<M>, Error> {
        while self.place <= self.text.len() {
            self.searches += 1;
            if let Some(progress) = self.progress
                && self.searches.is_multiple_of(BETWEEN_CHECKS)
            {
                progress.check()?;
            }
            let Some(found) = search(self.text, self.place) else {
                break;
            };
            let Range { start, end } = found.places();
            if start < end {
                self.place = end;
            } else {
                self.place = end + rest(self.text, end);
                if self.end == Some(end) || is_within(self.text, end) {
                    continue;
                }
            }
            self.end = Some(end);
            return Ok(Some(found));
        }
        Ok(None)
    }
}

/// Returns the bytes of the character at a place; 1 for a byte that belongs to none, and at
/// the end.
fn width(text: &[u8], place: usize) -> usize {
    let width = match text.get(place) {
        Some(0xc2..=0xdf) => 2,
        Some(0xe0..=0xef) => 3,
        Some(0xf0..=0xf4) => 4,
        _ => return 1,
    };
    match text.get(place..place + width).map(std::str::from_utf8) {
        Some(Ok(_)) => width,
        _ => 1,
    }
}

/// Returns the place of the first byte of the character that this place is within.
fn character(text: &[u8], place: usize) -> Option<usize> {
    text.get(place).filter(|byte| **byte & 0xc0 == 0x80)?;
    (place.saturating_sub(3)..place).find(|start| start + width(text, *start) > place)
}

fn is_within(text: &[u8], place: usize) -> bool {
    character(text, place).is_some()
}

/// Returns the bytes from a place to the next character.
fn rest(text: &[u8], place: usize) -> usize {
    match character(text, place) {
        Some(start) => start + width(text, start) - place,
        None => width(text, place),
    }
}

#[cfg(test)]
mod tests {
    use regex::bytes::Regex;

    use super::*;

    fn places(pattern: &str, text: &[u8]) -> Vec<(usize, usize)> {
        let regex = Regex::new(pattern).unwrap();
        let mut walk = Walk::new(text, None);
        let mut places = Vec::new();
        while let Some(found) = walk.next(|text, place| regex.find_at(text, place)).unwrap() {
            places.push((found.start(), found.end()));
        }
        places
    }

    #[test]
    fn empty_matches_stand_between_characters() {
        assert_eq!(places("", "né".as_bytes()), [(0, 0), (1, 1), (3, 3)]);
        assert_eq!(places("x*", "éx😀".as_bytes()), [(0, 0), (2, 3), (7, 7)]);
        assert_eq!(places("a|", "baé".as_bytes()), [(0, 0), (1, 2), (4, 4)]);
        assert_eq!(places(r"(?-u:\B)", "aéa".as_bytes()), []);
        assert_eq!(
            places(r"(?-u:\B)", "éé".as_bytes()),
            [(0, 0), (2, 2), (4, 4)]
        );
        assert_eq!(places(r"(?-u:\b)", "éa".as_bytes()), [(2, 2), (3, 3)]);
        assert_eq!(places("", b""), [(0, 0)]);
        assert_eq!(places("b*", b"abc"), [(0, 0), (1, 2), (3, 3)]);
    }

    #[test]
    fn bytes_of_no_character_are_stepped_over_alone() {
        let all = |text: &[u8]| -> Vec<usize> {
            places("", text)
                .into_iter()
                .map(|(start, _)| start)
                .collect()
        };
        assert_eq!(all(b"\xff\xfe"), [0, 1, 2]);
        assert_eq!(all(b"\x80\xc3\xa9\xa9"), [0, 1, 3, 4]);
        assert_eq!(all(b"\xe2\x82"), [0, 1, 2]);
        assert_eq!(all(b"\xe2\x82\xac"), [0, 3]);
        // A surrogate, an overlong form and a number beyond Unicode.
        assert_eq!(all(b"\xed\xa0\x80"), [0, 1, 2, 3]);
        assert_eq!(all(b"\xe0\x80\x80"), [0, 1, 2, 3]);
        assert_eq!(all(b"\xf4\x90\x80\x80"), [0, 1, 2, 3, 4]);
    }
}
