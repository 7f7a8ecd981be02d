//! The offset of a location from UTC, as long as it holds.

use std::cell::Cell;

use warren_guest::msgpack::{Input, Malformed, Token};

/// The rule by which a location knows its offset from UTC.
#[derive(Debug)]
pub(crate) enum Rule {
    /// Always the same, in seconds east.
    Fixed(i32),
    /// That of a zone, by its name. The span is that of the last question.
    Zone(Cell<Span>),
}

/// An offset, and the time for which it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// Unix seconds, both inclusive.
    pub(crate) first: i64,
    pub(crate) last: i64,
    /// Seconds east of UTC.
    pub(crate) offset: i32,
    pub(crate) abbreviation: Abbreviation,
}

/// A short text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Abbreviation {
    bytes: [u8; 11],
    len: u8,
}

impl Span {
    pub(crate) fn holds(&self, at: i64) -> bool {
        (self.first..=self.last).contains(&at)
    }

    /// Reads the answer of the operation.
    pub(crate) fn read(bytes: &[u8]) -> Result<Span, Malformed> {
        let mut input = Input::new(bytes);
        let Token::Map(len) = input.token()? else {
            return Err(Malformed::Unexpected);
        };
        let mut span = Span {
            first: i64::MIN,
            last: i64::MAX,
            offset: 0,
            abbreviation: Abbreviation::default(),
        };
        for _ in 0..len {
            match (input.token()?, input.token()?) {
                (Token::String(b"offset"), Token::Integer(offset)) => {
                    span.offset = i32::try_from(offset).map_err(|_| Malformed::Unexpected)?;
                }
                (Token::String(b"abbreviation"), Token::String(text)) => {
                    span.abbreviation = Abbreviation::new(text).ok_or(Malformed::Unexpected)?;
                }
                (Token::String(b"first"), Token::Integer(first)) => span.first = first,
                (Token::String(b"last"), Token::Integer(last)) => span.last = last,
                _ => return Err(Malformed::Unexpected),
            }
        }
        Ok(span)
    }
}

impl Abbreviation {
    /// Returns `None` for what is no abbreviation: those of the world's zones have six
    /// characters at most.
    fn new(text: &[u8]) -> Option<Self> {
        let mut bytes = [0; 11];
        bytes.get_mut(..text.len())?.copy_from_slice(text);
        text.is_ascii().then_some(Self {
            bytes,
            len: text.len() as u8,
        })
    }

    pub(crate) fn as_str(&self) -> &str {
        str::from_utf8(&self.bytes[..usize::from(self.len)]).unwrap_or_default()
    }
}
