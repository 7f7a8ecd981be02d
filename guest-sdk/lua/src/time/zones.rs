//! Time zones. Their data are the runtime's; a zone keeps the last answer.

use std::ffi::c_int;

use warren_guest::capability::{self, Called};
use warren_guest::msgpack::{Full, Input, Malformed, Output, Token};

use super::location;
use crate::exchange;
use crate::interpreter::interpreter;
use crate::lua::State;

/// An offset, and the time for which it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Span {
    /// Unix seconds, both inclusive.
    pub(super) first: i64,
    pub(super) last: i64,
    /// Seconds east of UTC.
    pub(super) offset: i32,
    pub(super) abbreviation: Abbreviation,
}

/// A short text.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Abbreviation {
    bytes: [u8; 11],
    len: u8,
}

impl Span {
    pub(super) fn holds(&self, at: i64) -> bool {
        (self.first..=self.last).contains(&at)
    }

    /// Reads the answer of the operation.
    pub(super) fn read(bytes: &[u8]) -> Result<Span, Malformed> {
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

    pub(super) fn as_str(&self) -> &str {
        str::from_utf8(&self.bytes[..usize::from(self.len)]).unwrap_or_default()
    }
}

/// Pushes a location without a name with the span of a zone at an instant; or nil and an
/// error, NOT_FOUND where there is no such zone. Returns the number of these values.
pub(super) fn push(l: State, name: &str, at: i64) -> c_int {
    exchange::call(l, Some(location::build), |buffer| {
        let mut request = Output::new();
        // A request that is not whole is refused by the runtime.
        let _ = write(&mut request, name, at);
        match capability::call(OPERATION, request.as_slice(), buffer)? {
            Called::Value(bytes) => Ok(bytes),
            Called::Handle(_) => Ok(&[]),
        }
    })
}

/// Returns the span of a zone at an instant; `None` where the runtime does not say.
pub(super) fn lookup(l: State, name: &str, at: i64) -> Option<Span> {
    let interpreter = interpreter(l);
    let mut buffer = interpreter.buffer.take();
    let mut request = Output::new();
    let _ = write(&mut request, name, at);
    let span = match capability::call(OPERATION, request.as_slice(), &mut buffer) {
        Ok(Called::Value(bytes)) => Span::read(bytes).ok(),
        _ => None,
    };
    interpreter.buffer.set(buffer);
    span
}

const OPERATION: &str = "time.zone";

fn write(request: &mut Output, name: &str, at: i64) -> Result<(), Full> {
    request.array(2)?;
    request.string(name.as_bytes())?;
    request.integer(at)
}
