//! Patterns of LIKE and GLOB. SQLite's own cannot be interrupted in the middle of a text.

/// A pattern, in pieces.
pub(super) struct Pattern {
    pieces: Vec<Piece>,
    /// True if letters of ASCII are the same in both cases.
    folds: bool,
}

enum Piece {
    /// Any characters, also none.
    Any,
    /// One character, whatever it is.
    One,
    /// This character.
    Is(u32),
    /// One of these ranges, or none of them.
    OneOf {
        is_inverted: bool,
        ranges: Vec<(u32, u32)>,
    },
    /// No character: the pattern is cut off.
    Never,
}

/// The reason why a match has no result.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stopped;

/// Steps of a match between two looks at the time.
const BETWEEN_LOOKS: u32 = 1 << 16;

impl Pattern {
    /// Reads a pattern of LIKE: `%` are any characters, `_` is one, and `escape` stands before
    /// a character that is itself.
    pub(super) fn like(text: &[u8], escape: Option<u32>) -> Pattern {
        let mut rest = Characters(text);
        let mut pieces = Vec::new();
        while let Some(character) = rest.next() {
            pieces.push(if Some(character) == escape {
                rest.next()
                    .map_or(Piece::Never, |next| Piece::Is(folded(next)))
            } else if character == u32::from('%') {
                Piece::Any
            } else if character == u32::from('_') {
                Piece::One
            } else {
                Piece::Is(folded(character))
            });
        }
        Pattern {
            pieces,
            folds: true,
        }
    }

    /// Reads a pattern of GLOB: `*` are any characters, `?` is one, and `[a-z]` or `[^a-z]`
    /// is one of these or of all others.
    pub(super) fn glob(text: &[u8]) -> Pattern {
        let mut rest = Characters(text);
        let mut pieces = Vec::new();
        while let Some(character) = rest.next() {
            pieces.push(match char::from_u32(character) {
                Some('*') => Piece::Any,
                Some('?') => Piece::One,
                Some('[') => set(&mut rest),
                _ => Piece::Is(character),
            });
        }
        Pattern {
            pieces,
            folds: false,
        }
    }

    /// Returns true if the whole text is as the pattern. `goes_on` is asked now and then.
    ///
    /// # Errors
    ///
    /// [`Stopped`] once `goes_on` returns false.
    pub(super) fn matches(&self, text: &[u8], goes_on: impl Fn() -> bool) -> Result<bool, Stopped> {
        let (mut rest, mut place) = (Characters(text), 0);
        // The place behind the last `Any`, and the text that it leaves.
        let mut last: Option<(usize, Characters<'_>)> = None;
        let mut steps = 0_u32;
        loop {
            steps = steps.wrapping_add(1);
            if steps.is_multiple_of(BETWEEN_LOOKS) && !goes_on() {
                return Err(Stopped);
            }
            let piece = self.pieces.get(place);
            if matches!(piece, Some(Piece::Any)) {
                place += 1;
                last = Some((place, rest));
                continue;
            }
            let mut behind = rest;
            let Some(character) = behind.next() else {
                let left = self.pieces.get(place..).unwrap_or_default();
                return Ok(left.iter().all(|piece| matches!(piece, Piece::Any)));
            };
            if piece.is_some_and(|piece| self.is(piece, character)) {
                (rest, place) = (behind, place + 1);
                continue;
            }
            // The last `Any` takes one character more.
            let Some((behind_any, left)) = &mut last else {
                return Ok(false);
            };
            left.next();
            (rest, place) = (*left, *behind_any);
        }
    }

    fn is(&self, piece: &Piece, character: u32) -> bool {
        match piece {
            Piece::Any | Piece::One => true,
            Piece::Is(wanted) if self.folds => folded(character) == *wanted,
            Piece::Is(wanted) => character == *wanted,
            Piece::OneOf {
                is_inverted,
                ranges,
            } => {
                let mut ranges = ranges.iter();
                let is_in = ranges.any(|(first, last)| (*first..=*last).contains(&character));
                is_in != *is_inverted
            }
            Piece::Never => false,
        }
    }
}

/// Reads the set behind a `[`.
fn set(rest: &mut Characters<'_>) -> Piece {
    let is = |character: Option<u32>, wanted: char| character == Some(u32::from(wanted));
    let mut ranges = Vec::new();
    let mut next = rest.next();
    let is_inverted = is(next, '^');
    if is_inverted {
        next = rest.next();
    }
    if is(next, ']') {
        ranges.push((u32::from(']'), u32::from(']')));
        next = rest.next();
    }
    let mut before = None;
    while let Some(character) = next {
        if character == u32::from(']') {
            return Piece::OneOf {
                is_inverted,
                ranges,
            };
        }
        let mut ahead = *rest;
        let end = ahead.next();
        match (before, end) {
            (Some(first), Some(last)) if character == u32::from('-') && last != u32::from(']') => {
                ranges.push((first, last));
                *rest = ahead;
                before = None;
            }
            _ => {
                ranges.push((character, character));
                before = Some(character);
            }
        }
        next = rest.next();
    }
    Piece::Never
}

/// Returns a letter of ASCII in its lower case, and others as they are.
fn folded(character: u32) -> u32 {
    let lower = u8::try_from(character).map(|byte| byte.to_ascii_lowercase());
    lower.map_or(character, u32::from)
}

/// The characters of a text that are left. Bytes that are no UTF-8 are characters, too.
#[derive(Clone, Copy)]
struct Characters<'a>(&'a [u8]);

impl Iterator for Characters<'_> {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        let mut character = u32::from(*first);
        if *first >= 0xc0 {
            let bits = 0x7f_u8 >> first.leading_ones().min(7);
            character = u32::from(first & bits);
            while let Some((next, rest)) = self.0.split_first()
                && next & 0xc0 == 0x80
            {
                character = character << 6 | u32::from(next & 0x3f);
                self.0 = rest;
            }
        }
        Some(character)
    }
}

/// Returns the one character of a text; `None` for any other text.
pub(super) fn one_character(text: &[u8]) -> Option<u32> {
    let mut characters = Characters(text);
    let first = characters.next()?;
    characters.next().is_none().then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_match_can_be_stopped_in_the_middle() {
        let text = vec![b'a'; 1 << 20];
        let pattern = Pattern::like(format!("%{}b", "a".repeat(200)).as_bytes(), None);
        assert_eq!(pattern.matches(&text, || false), Err(Stopped));
        assert_eq!(pattern.matches(&text[..1_000], || true), Ok(false));
    }

    #[test]
    fn any_text_is_a_pattern() {
        for text in [
            "", "%", "[", "[^", "[]", "[a", "[a-", "[a-]", "[^]]", "\\", "é", "*?*",
        ] {
            for bytes in [text.as_bytes(), b"\xff\xc3", b"\x80["] {
                let _ = Pattern::glob(bytes).matches(b"a\xc3\xa9\xff", || true);
                let _ = Pattern::like(bytes, Some(0x5c)).matches(b"a\xff", || true);
            }
        }
    }
}
