//! The parts that every guest that makes calls in turn has: texts and results.

use std::collections::BTreeMap;

use crate::support::escaped;

/// The texts that calls pass, and the number of results.
pub(super) struct Frame {
    /// The address of the results: an array of MessagePack with one number a call.
    results: u32,
    data: String,
    texts: BTreeMap<String, u32>,
    /// The address of the next text.
    end: u32,
    count: u32,
}

impl Frame {
    /// Returns a frame whose texts begin at the one address, and its results at the other.
    pub(super) fn new(texts: u32, results: u32) -> Frame {
        Frame {
            results,
            data: String::new(),
            texts: BTreeMap::new(),
            end: texts,
            count: 0,
        }
    }

    /// Stores a text; returns its address and length.
    pub(super) fn text(&mut self, text: &str) -> (u32, u32) {
        let (end, len) = (self.end, u32::try_from(text.len()).unwrap());
        let at = *self.texts.entry(text.to_owned()).or_insert(end);
        if at == end {
            self.put(at, text.as_bytes());
            self.end += len;
            assert!(self.end < self.results, "too many texts");
        }
        (at, len)
    }

    /// Stores bytes at an address.
    pub(super) fn put(&mut self, at: u32, bytes: &[u8]) {
        self.data += &format!("(data (i32.const {at}) \"{}\")", escaped(bytes));
    }

    /// Returns the address of the result of the next call.
    pub(super) fn next_result(&mut self) -> u32 {
        let at = self.results + 3 + self.count;
        self.count += 1;
        at
    }

    /// Returns the data of the module: the texts, and the head of the results.
    pub(super) fn data(&self) -> String {
        let [high, low] = u16::try_from(self.count).unwrap().to_be_bytes();
        format!(
            "{}\n(data (i32.const {}) \"\\dc\\{high:02x}\\{low:02x}\")",
            self.data, self.results
        )
    }

    /// Returns the address and the length of the results as two operands.
    pub(super) fn finished(&self) -> String {
        format!(
            "(i32.const {}) (i32.const {})",
            self.results,
            3 + self.count
        )
    }
}

/// Returns the types of parameters: `i` has 32 bits, `l` has 64.
pub(super) fn types(letters: &str) -> String {
    letters
        .chars()
        .map(|c| if c == 'i' { " i32" } else { " i64" })
        .collect()
}
