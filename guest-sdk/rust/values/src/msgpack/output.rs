//! The output: bytes that are encoded.

use std::io;

use rmp::Marker;
use rmp::encode;

use super::{ERROR_EXTENSION, NULL_EXTENSION, text};

/// Encoded bytes that grow without ever aborting, up to [`MAX_MESSAGE`] unless
/// the limit is lifted.
///
/// ```
/// use warren_values::msgpack::Output;
///
/// let mut out = Output::new();
/// out.array(2)?;
/// out.integer(7)?;
/// out.string(b"seven")?;
/// assert_eq!(out.as_slice(), b"\x92\x07\xa5seven");
/// # Ok::<_, warren_values::msgpack::Full>(())
/// ```
#[derive(Debug)]
pub struct Output {
    bytes: Vec<u8>,
    /// Upper bound of the capacity, in bytes.
    limit: usize,
}

/// Bytes of the longest value that crosses: no host's `max_message` is more.
pub const MAX_MESSAGE: usize = 1 << 20;

/// Capacity above which an output is freed when it is cleared.
const KEPT_CAPACITY: usize = 64 * 1024;

/// Capacity at the first byte.
const FIRST_CAPACITY: usize = 64;

impl Output {
    /// Returns an empty output. Allocates nothing before its first use.
    pub const fn new() -> Self {
        Self {
            bytes: Vec::new(),
            limit: MAX_MESSAGE,
        }
    }

    /// Empties the output, keeping memory of ordinary size, and restores the
    /// limit.
    pub fn clear(&mut self) {
        if self.bytes.capacity() > KEPT_CAPACITY {
            self.bytes = Vec::new();
        }
        self.bytes.clear();
        self.limit = MAX_MESSAGE;
    }

    /// Lets the output grow beyond [`MAX_MESSAGE`], for content that is not a
    /// message: code, or text that stays in the process.
    pub fn lift_limit(&mut self) {
        self.limit = usize::MAX;
    }

    /// Sets the most bytes, in place of [`MAX_MESSAGE`], until the output is cleared.
    pub fn limit_to(&mut self, bytes: usize) {
        self.limit = bytes;
    }

    /// Returns the written bytes.
    pub fn as_slice(&self) -> &[u8] {
        &self.bytes
    }

    /// Drops all but the first `len` bytes.
    pub fn truncate(&mut self, len: usize) {
        self.bytes.truncate(len);
    }

    /// Appends bytes that are already encoded.
    #[inline]
    pub fn raw(&mut self, bytes: &[u8]) -> Result<(), Full> {
        if self.bytes.capacity() - self.bytes.len() < bytes.len() {
            self.grow(bytes.len())?;
        }
        self.bytes.extend_from_slice(bytes);
        Ok(())
    }

    /// Makes room for `more` bytes: doubles the room, or takes as much as is
    /// needed, but never more than the limit.
    #[cold]
    fn grow(&mut self, more: usize) -> Result<(), Full> {
        let len = self.bytes.len();
        let needed = len.checked_add(more).ok_or(Full::Limit)?;
        if needed > self.limit {
            return Err(Full::Limit);
        }
        let doubled = self.bytes.capacity().saturating_mul(2);
        let capacity = doubled.max(FIRST_CAPACITY).min(self.limit).max(needed);
        self.bytes
            .try_reserve_exact(capacity - len)
            .map_err(|_| Full::Memory)
    }

    /// Writes nil.
    pub fn nil(&mut self) -> Result<(), Full> {
        self.raw(&[Marker::Null.to_u8()])
    }

    /// Writes the null of JSON; nil for readers without a null.
    pub fn null(&mut self) -> Result<(), Full> {
        self.raw(&[Marker::Ext8.to_u8(), 0, NULL_EXTENSION as u8])
    }

    /// Writes a boolean.
    pub fn boolean(&mut self, value: bool) -> Result<(), Full> {
        self.raw(&[if value { Marker::True } else { Marker::False }.to_u8()])
    }

    /// Writes an integer in its shortest format.
    pub fn integer(&mut self, value: i64) -> Result<(), Full> {
        encode::write_sint(self, value)?;
        Ok(())
    }

    /// Writes a float, always as 64 bits.
    pub fn float(&mut self, value: f64) -> Result<(), Full> {
        Ok(encode::write_f64(self, value)?)
    }

    /// Writes a string: `str` if it is UTF-8, else `bin`.
    pub fn string(&mut self, bytes: &[u8]) -> Result<(), Full> {
        // Checked before every byte is scanned.
        if bytes.len() > self.limit {
            return Err(Full::Limit);
        }
        let _ = match text(bytes) {
            Some(text) => encode::write_str_len(self, length(text.len())?)?,
            None => encode::write_bin_len(self, length(bytes.len())?)?,
        };
        self.raw(bytes)
    }

    /// Begins an array of `len` values.
    pub fn array(&mut self, len: u32) -> Result<(), Full> {
        encode::write_array_len(self, len)?;
        Ok(())
    }

    /// Begins a map of `len` pairs.
    pub fn map(&mut self, len: u32) -> Result<(), Full> {
        encode::write_map_len(self, len)?;
        Ok(())
    }

    /// Begins an array or map whose length is not known yet. Returns the value
    /// that [`finish_array`](Self::finish_array) or
    /// [`finish_map`](Self::finish_map) needs.
    pub fn open(&mut self) -> Result<Open, Full> {
        let at = self.bytes.len();
        // Most are short: their header is this byte.
        self.raw(&[0])?;
        Ok(Open(at))
    }

    /// Ends an array begun with [`open`](Self::open).
    pub fn finish_array(&mut self, open: Open, len: u32) -> Result<(), Full> {
        self.close(open, [0x90, 0xdc, 0xdd], len)
    }

    /// Ends a map begun with [`open`](Self::open).
    pub fn finish_map(&mut self, open: Open, len: u32) -> Result<(), Full> {
        self.close(open, [0x80, 0xde, 0xdf], len)
    }

    /// Ends a structured error begun with [`open`](Self::open): everything
    /// written since becomes the payload of ext type 1.
    pub fn finish_error(&mut self, Open(at): Open) -> Result<(), Full> {
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

    /// Completes the header of `len` elements at the open position; `formats`
    /// are those for 4, 16 and 32 bits.
    fn close(&mut self, Open(at): Open, formats: [u8; 3], len: u32) -> Result<(), Full> {
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

    /// Inserts bytes before those written from `at` on.
    fn insert(&mut self, at: usize, bytes: &[u8]) -> Result<(), Full> {
        let end = self.bytes.len();
        self.raw(bytes)?;
        self.bytes.copy_within(at..end, at + bytes.len());
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }
}

impl Default for Output {
    fn default() -> Self {
        Output::new()
    }
}

impl io::Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.raw(bytes)?;
        Ok(bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        Ok(self.raw(bytes)?)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// An array, map or error whose length is written when it is known.
///
/// ```
/// use warren_values::msgpack::Output;
///
/// let mut out = Output::new();
/// let open = out.open()?;
/// let mut len = 0;
/// for number in (1..10_i64).filter(|number| number % 4 == 0) {
///     out.integer(number)?;
///     len += 1;
/// }
/// out.finish_array(open, len)?;
/// assert_eq!(out.as_slice(), b"\x92\x04\x08");
/// # Ok::<_, warren_values::msgpack::Full>(())
/// ```
#[derive(Debug)]
pub struct Open(usize);

/// Converts a length. MessagePack has no longer strings, and no guest has
/// memory for them.
fn length(len: usize) -> Result<u32, Full> {
    u32::try_from(len).map_err(|_| Full::Limit)
}

/// The reason why an [`Output`] takes no more bytes.
///
/// ```
/// use warren_values::msgpack::{Full, Output};
///
/// let mut out = Output::new();
/// out.limit_to(4);
/// assert_eq!(out.string(b"too long"), Err(Full::Limit));
/// assert_eq!(out.integer(7), Ok(()));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Full {
    /// There is no memory left.
    Memory,
    /// The output would have more than [`MAX_MESSAGE`] bytes.
    Limit,
}

impl core::fmt::Display for Full {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Full::Memory => f.write_str("not enough memory"),
            Full::Limit => write!(f, "more than {MAX_MESSAGE} bytes (max_message)"),
        }
    }
}

impl core::error::Error for Full {}

impl From<Full> for io::Error {
    fn from(full: Full) -> Self {
        match full {
            Full::Memory => io::ErrorKind::OutOfMemory.into(),
            Full::Limit => io::ErrorKind::FileTooLarge.into(),
        }
    }
}

impl From<io::Error> for Full {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::FileTooLarge => Full::Limit,
            _ => Full::Memory,
        }
    }
}

impl From<encode::ValueWriteError<io::Error>> for Full {
    fn from(error: encode::ValueWriteError<io::Error>) -> Self {
        match error {
            encode::ValueWriteError::InvalidMarkerWrite(error)
            | encode::ValueWriteError::InvalidDataWrite(error) => error.into(),
        }
    }
}
