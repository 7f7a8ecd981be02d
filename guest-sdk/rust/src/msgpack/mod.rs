//! MessagePack as the guest ABI uses it: a fallible output and a checked input.
//!
//! The formats themselves come from the crate `rmp`; this module adds that
//! running out of memory is an error and that a claimed length never exceeds
//! what is there.

use std::io;

use rmp::Marker;
use rmp::encode;

/// The extension type of a structured error.
pub const ERROR_EXTENSION: i8 = 1;

/// How deep values may nest.
pub const MAX_DEPTH: usize = 100;

/// There is no memory for what is being encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OutOfMemory;

impl core::fmt::Display for OutOfMemory {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("not enough memory")
    }
}

impl core::error::Error for OutOfMemory {}

impl<E> From<encode::ValueWriteError<E>> for OutOfMemory
where
    E: encode::RmpWriteErr,
{
    // Memory is the only thing an `Output` can lack.
    fn from(_: encode::ValueWriteError<E>) -> Self {
        OutOfMemory
    }
}

/// Encoded bytes that grow without ever aborting.
#[derive(Debug, Default)]
pub struct Output {
    bytes: Vec<u8>,
}

/// A larger output is given back when it is cleared.
const KEPT_CAPACITY: usize = 64 * 1024;

impl Output {
    /// An empty output. Allocates nothing before its first use.
    pub const fn new() -> Self {
        Self { bytes: Vec::new() }
    }

    /// Empties it, keeping memory of ordinary size.
    pub fn clear(&mut self) {
        if self.bytes.capacity() > KEPT_CAPACITY {
            self.bytes = Vec::new();
        }
        self.bytes.clear();
    }

    /// What was written.
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes
    }

    /// Takes back what was written after the first `len` bytes.
    pub fn truncate(&mut self, len: usize) {
        self.bytes.truncate(len);
    }

    /// Appends bytes that are already encoded.
    #[inline]
    pub fn raw(&mut self, bytes: &[u8]) -> Result<(), OutOfMemory> {
        if self.bytes.capacity() - self.bytes.len() < bytes.len() {
            self.bytes
                .try_reserve(bytes.len())
                .map_err(|_| OutOfMemory)?;
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// Writes nil.
    pub fn nil(&mut self) -> Result<(), OutOfMemory> {
        self.raw(&[Marker::Null.to_u8()])
    }

    /// Writes a boolean.
    pub fn boolean(&mut self, value: bool) -> Result<(), OutOfMemory> {
        self.raw(&[if value { Marker::True } else { Marker::False }.to_u8()])
    }

    /// Writes an integer in its shortest format.
    pub fn integer(&mut self, value: i64) -> Result<(), OutOfMemory> {
        encode::write_sint(self, value)?;
        Ok(())
    }

    /// Writes a float, always as 64 bits.
    pub fn float(&mut self, value: f64) -> Result<(), OutOfMemory> {
        Ok(encode::write_f64(self, value)?)
    }

    /// Writes a string: `str` where it is UTF-8, else `bin`.
    pub fn string(&mut self, bytes: &[u8]) -> Result<(), OutOfMemory> {
        let _ = match text(bytes) {
            Some(text) => encode::write_str_len(self, length(text.len())?)?,
            None => encode::write_bin_len(self, length(bytes.len())?)?,
        };
        self.raw(bytes)
    }

    /// Begins an array of `len` values.
    pub fn array(&mut self, len: u32) -> Result<(), OutOfMemory> {
        encode::write_array_len(self, len)?;
        Ok(())
    }

    /// Begins a map of `len` pairs.
    pub fn map(&mut self, len: u32) -> Result<(), OutOfMemory> {
        encode::write_map_len(self, len)?;
        Ok(())
    }

    /// Begins an array or map whose length is not known yet, and returns what
    /// [`finish_array`](Self::finish_array) or
    /// [`finish_map`](Self::finish_map) needs.
    pub fn open(&mut self) -> Result<Open, OutOfMemory> {
        let at = self.bytes.len();
        // Most are short: their header is this byte.
        self.raw(&[0])?;
        Ok(Open(at))
    }

    /// Ends an array begun with [`open`](Self::open).
    pub fn finish_array(&mut self, open: Open, len: u32) -> Result<(), OutOfMemory> {
        self.close(open, [0x90, 0xdc, 0xdd], len)
    }

    /// Ends a map begun with [`open`](Self::open).
    pub fn finish_map(&mut self, open: Open, len: u32) -> Result<(), OutOfMemory> {
        self.close(open, [0x80, 0xde, 0xdf], len)
    }

    /// Ends a structured error begun with [`open`](Self::open): everything
    /// written since becomes the payload of ext type 1.
    pub fn finish_error(&mut self, Open(at): Open) -> Result<(), OutOfMemory> {
        let len = length(self.bytes.len() - at - 1)?;
        match u8::try_from(len) {
            Ok(short) => {
                self.bytes[at] = Marker::Ext8.to_u8();
                self.insert(at + 1, &[short, ERROR_EXTENSION as u8])
            }
            Err(_) => {
                let [a, b, c, d] = len.to_be_bytes();
                self.bytes[at] = Marker::Ext32.to_u8();
                self.insert(at + 1, &[a, b, c, d, ERROR_EXTENSION as u8])
            }
        }
    }

    /// Completes the header of `len` elements at the open place, `formats`
    /// being those for 4, 16 and 32 bits.
    fn close(&mut self, Open(at): Open, formats: [u8; 3], len: u32) -> Result<(), OutOfMemory> {
        let [fix, short, long] = formats;
        match len {
            0..=15 => {
                self.bytes[at] = fix | len as u8;
                Ok(())
            }
            16..=0xffff => {
                self.bytes[at] = short;
                self.insert(at + 1, &(len as u16).to_be_bytes())
            }
            _ => {
                self.bytes[at] = long;
                self.insert(at + 1, &len.to_be_bytes())
            }
        }
    }

    /// Puts bytes in front of what was written from `at` on.
    fn insert(&mut self, at: usize, bytes: &[u8]) -> Result<(), OutOfMemory> {
        let end = self.bytes.len();
        self.raw(bytes)?;
        self.bytes.copy_within(at..end, at + bytes.len());
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }
}

impl io::Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.raw(bytes).map_err(|_| io::ErrorKind::OutOfMemory)?;
        Ok(bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        Ok(self.raw(bytes).map_err(|_| io::ErrorKind::OutOfMemory)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An array, map or error whose length is written when it is known.
#[derive(Debug)]
pub struct Open(usize);

/// MessagePack knows no longer strings, and no guest has memory for them.
fn length(len: usize) -> Result<u32, OutOfMemory> {
    u32::try_from(len).map_err(|_| OutOfMemory)
}

/// The bytes as text, where they are UTF-8. Most text that crosses is short
/// and ASCII, which is seen at eight bytes a time, without a call.
#[inline]
pub fn text(bytes: &[u8]) -> Option<&str> {
    const NOT_ASCII: u64 = 0x8080_8080_8080_8080;
    let (words, rest) = bytes.as_chunks();
    let mut seen = rest.iter().fold(0, |seen, byte| seen | u64::from(*byte));
    for word in words {
        seen |= u64::from_ne_bytes(*word);
    }
    if seen & NOT_ASCII == 0 {
        // SAFETY: bytes below 128 are UTF-8.
        Some(unsafe { core::str::from_utf8_unchecked(bytes) })
    } else {
        core::str::from_utf8(bytes).ok()
    }
}

/// What a value begins with. Strings and the contents of extensions are slices
/// of the input; the elements of arrays and maps follow.
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
}

/// The input is not a value of the guest ABI.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Malformed {
    /// It ends too early, or claims more elements than it has bytes.
    Truncated,
    /// A format that the ABI does not use.
    Format(u8),
    /// It nests deeper than [`MAX_DEPTH`].
    TooDeep,
    /// Something else than what must stand there.
    Unexpected,
}

impl core::fmt::Display for Malformed {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Malformed::Truncated => f.write_str("truncated"),
            Malformed::Format(byte) => write!(f, "unknown format 0x{byte:02x}"),
            Malformed::TooDeep => write!(f, "nested deeper than {MAX_DEPTH}"),
            Malformed::Unexpected => f.write_str("not of the expected shape"),
        }
    }
}

impl core::error::Error for Malformed {}

/// Encoded bytes that are read from front to back. They may come from anyone:
/// nothing about them is taken for granted.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    rest: &'a [u8],
}

impl<'a> Input<'a> {
    /// Reads `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Whether everything was read.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// What was not read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next token. An array or map never claims more elements than there
    /// are bytes left, so that its length can be trusted for an allocation.
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
            Marker::FixExt1 => self.error(1)?,
            Marker::FixExt2 => self.error(2)?,
            Marker::FixExt4 => self.error(4)?,
            Marker::FixExt8 => self.error(8)?,
            Marker::FixExt16 => self.error(16)?,
            Marker::Ext8 => {
                let n = self.len8()?;
                self.error(n)?
            }
            Marker::Ext16 => {
                let n = self.len16()?;
                self.error(n)?
            }
            Marker::Ext32 => {
                let n = self.len32()?;
                self.error(n)?
            }
            Marker::Reserved => return Err(Malformed::Format(byte)),
        })
    }

    /// One whole value, still encoded.
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

    fn error(&mut self, len: usize) -> Result<Token<'a>, Malformed> {
        match self.fixed()? {
            [kind] if kind as i8 == ERROR_EXTENSION => Ok(Token::Error(self.bytes(len)?)),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let mut out = Output::new();
        let whole = out.open().unwrap();
        for n in [0, 127, 128, -1, -33, i64::MAX, i64::MIN] {
            out.integer(n).unwrap();
        }
        out.float(1.0).unwrap();
        out.string("grün".as_bytes()).unwrap();
        out.string(b"\xff\xfe").unwrap();
        out.finish_array(whole, 10).unwrap();
        let mut input = Input::new(out.as_slice());
        assert_eq!(input.token(), Ok(Token::Array(10)));
        for n in [0, 127, 128, -1, -33, i64::MAX, i64::MIN] {
            assert_eq!(input.token(), Ok(Token::Integer(n)));
        }
        assert_eq!(input.token(), Ok(Token::Float(1.0)));
        assert_eq!(input.token(), Ok(Token::String("grün".as_bytes())));
        assert_eq!(input.token(), Ok(Token::String(b"\xff\xfe")));
        assert!(input.is_empty());
    }

    #[test]
    fn text_is_what_is_utf8() {
        for len in 0..40 {
            let ascii = vec![b'x'; len];
            assert_eq!(text(&ascii), core::str::from_utf8(&ascii).ok());
            for at in 0..len {
                for (byte, and_next) in [(0xff, None), (0xc3, None), (0xc3, Some(0xbc))] {
                    let mut bytes = ascii.clone();
                    bytes[at] = byte;
                    if let (Some(next), Some(place)) = (and_next, bytes.get_mut(at + 1)) {
                        *place = next;
                    }
                    assert_eq!(text(&bytes), core::str::from_utf8(&bytes).ok());
                }
            }
        }
    }

    #[test]
    fn open_lengths_take_the_shortest_header() {
        for (len, header) in [(3_u32, 1_usize), (16, 3), (70_000, 5)] {
            let mut out = Output::new();
            let open = out.open().unwrap();
            for _ in 0..len {
                out.nil().unwrap();
            }
            out.finish_array(open, len).unwrap();
            assert_eq!(out.as_slice().len(), header + len as usize);
            assert_eq!(Input::new(out.as_slice()).token(), Ok(Token::Array(len)));
        }
    }

    #[test]
    fn errors_of_every_length_are_extensions() {
        for len in [10_usize, 300] {
            let mut out = Output::new();
            let open = out.open().unwrap();
            out.string(&vec![b'x'; len]).unwrap();
            out.finish_error(open).unwrap();
            let Ok(Token::Error(payload)) = Input::new(out.as_slice()).token() else {
                panic!("no error")
            };
            assert_eq!(
                Input::new(payload).token(),
                Ok(Token::String(vec![b'x'; len].as_slice()))
            );
        }
    }

    #[test]
    fn a_length_beyond_the_input_is_refused() {
        assert_eq!(
            Input::new(b"\xdd\xff\xff\xff\xff\x00").token(),
            Err(Malformed::Truncated)
        );
        assert_eq!(
            Input::new(b"\xdb\x00\x00\x00\x09abc").token(),
            Err(Malformed::Truncated)
        );
        assert_eq!(Input::new(b"").token(), Err(Malformed::Truncated));
        assert_eq!(
            Input::new(b"\xd4\x05\x00").token(),
            Err(Malformed::Format(5))
        );
        assert_eq!(Input::new(b"\xc1").token(), Err(Malformed::Format(0xc1)));
    }

    #[test]
    fn a_value_is_skipped_whole() {
        let bytes = b"\x82\xa1a\x93\x01\x02\x03\xa1b\xc0\x05";
        let mut input = Input::new(bytes);
        assert_eq!(input.value(), Ok(&bytes[..bytes.len() - 1]));
        assert_eq!(input.token(), Ok(Token::Integer(5)));
    }
}
