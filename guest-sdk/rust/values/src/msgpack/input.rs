//! The input: bytes that are decoded.

use rmp::Marker;

use super::{ERROR_EXTENSION, MAX_READ_DEPTH, NULL_EXTENSION};

/// The head of a value. Strings and the contents of extensions are slices of
/// the input; the elements of arrays and maps follow.
///
/// ```
/// use warren_values::msgpack::{Input, Token};
///
/// assert_eq!(Input::new(b"\xc0").token(), Ok(Token::Nil));
/// assert_eq!(Input::new(b"\x92\x01\x02").token(), Ok(Token::Array(2)));
/// assert!(Token::String(b"id").is_key() && !Token::Array(2).is_key());
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Token<'a> {
    /// Nil.
    Nil,
    /// A boolean.
    Boolean(bool),
    /// An integer of 64 bits.
    Integer(i64),
    /// A float, or an integer above 2^63-1.
    Float(f64),
    /// `str` or `bin`.
    String(&'a [u8]),
    /// An array of so many values.
    Array(u32),
    /// A map of so many pairs.
    Map(u32),
    /// The payload of a structured error.
    Error(&'a [u8]),
    /// JSON's null; nil for readers without a null.
    Null,
}

/// The reason why the input is not a value of the guest ABI.
///
/// ```
/// use warren_values::msgpack::{Input, Malformed};
///
/// // An array that claims two values and has one.
/// assert_eq!(Input::new(b"\x92\x07").token(), Err(Malformed::Truncated));
/// assert_eq!(Malformed::Trailing(3).to_string(), "3 bytes after the value");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    /// The input ends too early, or claims more elements than it has bytes.
    Truncated,
    /// A format that the ABI does not use.
    Format(u8),
    /// The input nests deeper than [`MAX_READ_DEPTH`].
    TooDeep,
    /// Another token than the expected one.
    Unexpected,
    /// The input has this many bytes after its value.
    Trailing(usize),
}

impl core::fmt::Display for Malformed {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Malformed::Truncated => f.write_str("truncated"),
            Malformed::Format(byte) => write!(f, "unknown format 0x{byte:02x}"),
            Malformed::TooDeep => write!(f, "nested deeper than {MAX_READ_DEPTH}"),
            Malformed::Unexpected => f.write_str("not of the expected shape"),
            Malformed::Trailing(bytes) => write!(f, "{bytes} bytes after the value"),
        }
    }
}

impl core::error::Error for Malformed {}

impl Token<'_> {
    /// Returns true if the token can be the key of a map.
    pub fn is_key(&self) -> bool {
        match self {
            Token::Boolean(_) | Token::Integer(_) | Token::String(_) => true,
            Token::Float(number) => !number.is_nan(),
            _ => false,
        }
    }
}

/// Encoded bytes that are read from front to back. They may come from anyone:
/// the reader trusts none of them.
///
/// ```
/// use warren_values::msgpack::{Input, Token};
///
/// let mut input = Input::new(b"\x92\x07\xa5seven");
/// assert_eq!(input.token()?, Token::Array(2));
/// assert_eq!(input.token()?, Token::Integer(7));
/// assert_eq!(input.token()?, Token::String(b"seven"));
/// input.end()?;
/// # Ok::<_, warren_values::msgpack::Malformed>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    /// Reads `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Returns whether everything was read.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Checks that no byte is left.
    ///
    /// # Errors
    ///
    /// [`Malformed::Trailing`].
    pub fn end(&self) -> Result<(), Malformed> {
        match self.rest.len() {
            0 => Ok(()),
            bytes => Err(Malformed::Trailing(bytes)),
        }
    }

    /// Returns the unread bytes.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Reads the next token. An array or map never claims more elements than
    /// there are bytes left, so that its length can be trusted for an
    /// allocation.
    pub fn token(&mut self) -> Result<Token<'a>, Malformed> {
        let [byte] = self.fixed()?;
        Ok(match Marker::from_u8(byte) {
            Marker::Null => Token::Nil,
            Marker::True => Token::Boolean(true),
            Marker::False => Token::Boolean(false),
            Marker::FixPos(n) => Token::Integer(n.into()),
            Marker::FixNeg(n) => Token::Integer(n.into()),
            Marker::U8 => Token::Integer(u8::from_be_bytes(self.fixed()?).into()),
            Marker::U16 => Token::Integer(u16::from_be_bytes(self.fixed()?).into()),
            Marker::U32 => Token::Integer(u32::from_be_bytes(self.fixed()?).into()),
            Marker::U64 => {
                let n = u64::from_be_bytes(self.fixed()?);
                i64::try_from(n).map_or(Token::Float(n as f64), Token::Integer)
            }
            Marker::I8 => Token::Integer(i8::from_be_bytes(self.fixed()?).into()),
            Marker::I16 => Token::Integer(i16::from_be_bytes(self.fixed()?).into()),
            Marker::I32 => Token::Integer(i32::from_be_bytes(self.fixed()?).into()),
            Marker::I64 => Token::Integer(i64::from_be_bytes(self.fixed()?)),
            Marker::F32 => Token::Float(f32::from_be_bytes(self.fixed()?).into()),
            Marker::F64 => Token::Float(f64::from_be_bytes(self.fixed()?)),
            Marker::FixStr(n) => Token::String(self.bytes(n.into())?),
            Marker::Str8 | Marker::Bin8 => {
                let n = self.len8()?;
                Token::String(self.bytes(n)?)
            }
            Marker::Str16 | Marker::Bin16 => {
                let n = self.len16()?;
                Token::String(self.bytes(n)?)
            }
            Marker::Str32 | Marker::Bin32 => {
                let n = self.len32()?;
                Token::String(self.bytes(n)?)
            }
            Marker::FixArray(n) => Token::Array(self.elements(n.into(), 1)?),
            Marker::Array16 => {
                let n = self.len16()?;
                Token::Array(self.elements(n, 1)?)
            }
            Marker::Array32 => {
                let n = self.len32()?;
                Token::Array(self.elements(n, 1)?)
            }
            Marker::FixMap(n) => Token::Map(self.elements(n.into(), 2)?),
            Marker::Map16 => {
                let n = self.len16()?;
                Token::Map(self.elements(n, 2)?)
            }
            Marker::Map32 => {
                let n = self.len32()?;
                Token::Map(self.elements(n, 2)?)
            }
            Marker::FixExt1 => self.extension(1)?,
            Marker::FixExt2 => self.extension(2)?,
            Marker::FixExt4 => self.extension(4)?,
            Marker::FixExt8 => self.extension(8)?,
            Marker::FixExt16 => self.extension(16)?,
            Marker::Ext8 => {
                let n = self.len8()?;
                self.extension(n)?
            }
            Marker::Ext16 => {
                let n = self.len16()?;
                self.extension(n)?
            }
            Marker::Ext32 => {
                let n = self.len32()?;
                self.extension(n)?
            }
            Marker::Reserved => return Err(Malformed::Format(byte)),
        })
    }

    /// Returns one whole value, still encoded.
    pub fn value(&mut self) -> Result<&'a [u8], Malformed> {
        let from = self.rest;
        let mut open = 1_u64;
        while open > 0 {
            open -= 1;
            open += match self.token()? {
                Token::Array(n) => u64::from(n),
                Token::Map(n) => 2 * u64::from(n),
                _ => 0,
            };
        }
        Ok(&from[..from.len() - self.rest.len()])
    }

    /// Returns one whole value, still encoded, that nests at most `depth` deep. Checks
    /// the keys of maps and the parts of errors.
    pub fn value_within(&mut self, depth: usize) -> Result<&'a [u8], Malformed> {
        let from = self.rest;
        self.pass_over(depth)?;
        Ok(&from[..from.len() - self.rest.len()])
    }

    fn pass_over(&mut self, depth: usize) -> Result<(), Malformed> {
        let within = || depth.checked_sub(1).ok_or(Malformed::TooDeep);
        match self.token()? {
            Token::Array(len) => {
                let depth = within()?;
                (0..len).try_for_each(|_| self.pass_over(depth))
            }
            Token::Map(len) => {
                let depth = within()?;
                (0..len).try_for_each(|_| {
                    self.pass_over_key()?;
                    self.pass_over(depth)
                })
            }
            Token::Error(payload) => Input::new(payload).pass_over_error(within()?),
            _ => Ok(()),
        }
    }

    fn pass_over_key(&mut self) -> Result<(), Malformed> {
        if self.token()?.is_key() {
            Ok(())
        } else {
            Err(Malformed::Unexpected)
        }
    }

    fn pass_over_error(&mut self, depth: usize) -> Result<(), Malformed> {
        let Token::Array(len @ 2..) = self.token()? else {
            return Err(Malformed::Unexpected);
        };
        for place in 0..len {
            let mut part = *self;
            self.pass_over(depth)?;
            let fits = match (place, part.token()?) {
                (0 | 1 | 4, Token::String(_)) | (2, Token::Boolean(_)) => true,
                (2 | 4, Token::Nil | Token::Null) => true,
                (0 | 1 | 2 | 4, _) => false,
                _ => true,
            };
            if !fits {
                return Err(Malformed::Unexpected);
            }
        }
        self.end()
    }

    fn extension(&mut self, len: usize) -> Result<Token<'a>, Malformed> {
        match self.fixed()? {
            [kind] if kind as i8 == ERROR_EXTENSION => Ok(Token::Error(self.bytes(len)?)),
            [kind] if kind as i8 == NULL_EXTENSION => {
                self.bytes(len)?;
                Ok(Token::Null)
            }
            [kind] => Err(Malformed::Format(kind)),
        }
    }

    fn elements(&self, count: usize, least_bytes: usize) -> Result<u32, Malformed> {
        match count.checked_mul(least_bytes) {
            Some(bytes) if bytes <= self.rest.len() => {
                u32::try_from(count).map_err(|_| Malformed::Truncated)
            }
            _ => Err(Malformed::Truncated),
        }
    }

    fn len8(&mut self) -> Result<usize, Malformed> {
        self.fixed().map(|b| u8::from_be_bytes(b).into())
    }

    fn len16(&mut self) -> Result<usize, Malformed> {
        self.fixed().map(|b| u16::from_be_bytes(b).into())
    }

    fn len32(&mut self) -> Result<usize, Malformed> {
        let n = u32::from_be_bytes(self.fixed()?);
        usize::try_from(n).map_err(|_| Malformed::Truncated)
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(Malformed::Truncated)?;
        self.rest = rest;
        Ok(*bytes)
    }

    fn bytes(&mut self, len: usize) -> Result<&'a [u8], Malformed> {
        let (bytes, rest) = self
            .rest
            .split_at_checked(len)
            .ok_or(Malformed::Truncated)?;
        self.rest = rest;
        Ok(bytes)
    }
}
