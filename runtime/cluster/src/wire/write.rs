//! Writing MessagePack into memory.

use bytes::Bytes;
use rmp::encode;

/// Bytes that grow. Writing into memory cannot fail.
#[derive(Debug, Default)]
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn new() -> Self {
        Writer::default()
    }

    pub(crate) fn into_bytes(self) -> Bytes {
        self.0.into()
    }

    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    /// Begins an array of so many values.
    pub(crate) fn array(&mut self, len: usize) -> &mut Self {
        let _ = encode::write_array_len(&mut self.0, u32::try_from(len).unwrap_or(u32::MAX));
        self
    }

    pub(crate) fn uint(&mut self, number: u64) -> &mut Self {
        let _ = encode::write_uint(&mut self.0, number);
        self
    }

    pub(crate) fn int(&mut self, number: i64) -> &mut Self {
        let _ = encode::write_sint(&mut self.0, number);
        self
    }

    pub(crate) fn bool(&mut self, value: bool) -> &mut Self {
        let _ = encode::write_bool(&mut self.0, value);
        self
    }

    pub(crate) fn text(&mut self, text: &str) -> &mut Self {
        let _ = encode::write_str(&mut self.0, text);
        self
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        let _ = encode::write_bin(&mut self.0, bytes);
        self
    }

    pub(crate) fn nil(&mut self) -> &mut Self {
        let _ = encode::write_nil(&mut self.0);
        self
    }

    /// Begins a map of so many pairs.
    pub(crate) fn map(&mut self, len: usize) -> &mut Self {
        let _ = encode::write_map_len(&mut self.0, u32::try_from(len).unwrap_or(u32::MAX));
        self
    }

    /// Writes a value, or nil for none.
    pub(crate) fn option<T>(
        &mut self,
        value: Option<T>,
        write: impl FnOnce(&mut Self, T),
    ) -> &mut Self {
        match value {
            Some(value) => write(self, value),
            None => {
                self.nil();
            }
        }
        self
    }

    /// Appends bytes that are encoded already.
    pub(crate) fn encoded(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }
}
