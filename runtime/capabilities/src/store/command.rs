//! The commands that every backend of a store carries out, and their outcomes.

use std::sync::Arc;

use super::entry::{Condition, Entry};

/// A command, after all checks but those of the entries.
#[derive(Debug)]
pub(super) enum Command {
    /// Reads one entry.
    Get {
        /// Its key.
        key: Arc<str>,
    },
    /// Reads entries in the order of their keys.
    List {
        /// The beginning of the keys.
        prefix: String,
        /// The key that the first one comes after.
        after: String,
        /// The most entries.
        limit: usize,
    },
    /// Sets a value.
    Put {
        /// Its key.
        key: Arc<str>,
        /// The value, encoded.
        value: Arc<[u8]>,
        /// Nanoseconds until its end; `None` for ever.
        lifetime: Option<u64>,
        /// The state that the entry must have.
        condition: Condition,
    },
    /// Adds to a number, and leaves the end of the entry alone.
    Add {
        /// Its key.
        key: Arc<str>,
        /// The number to add.
        by: i64,
    },
    /// Removes an entry.
    Delete {
        /// Its key.
        key: Arc<str>,
    },
}

/// The outcome of a command.
#[derive(Debug)]
pub(super) enum Outcome {
    /// The entry of a `Get`; `None` if it is absent or has ended.
    Found(Option<Entry>),
    /// The entries of a `List`.
    Page(Page),
    /// The version that a `Put` has made.
    Made(u64),
    /// The sum of an `Add`, and its version.
    Sum(i64, u64),
    /// True if a `Delete` has removed an entry.
    Deleted(bool),
}

/// Entries of a list.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) entries: Vec<Entry>,
    /// True if further entries may follow.
    pub(super) has_more: bool,
    /// The key that was looked at last.
    pub(super) cursor: Option<Arc<str>>,
    bytes: usize,
}

/// The most bytes of the keys and values of one list; one entry is always there.
pub(crate) const MAX_LISTED: usize = 1 << 20;

impl Page {
    /// Adds the next entry. Returns false if the page is full: the entry is left out.
    pub(super) fn add(&mut self, entry: Entry, limit: usize) -> bool {
        let bytes = self.bytes + entry.bytes();
        let is_full = self.entries.len() >= limit || bytes > MAX_LISTED;
        if is_full && !self.entries.is_empty() {
            self.has_more = true;
            return false;
        }
        self.bytes = bytes;
        self.cursor = Some(Arc::clone(&entry.key));
        self.entries.push(entry);
        true
    }
}

impl Outcome {
    /// Bytes of the keys and values.
    pub(super) fn bytes(&self) -> usize {
        match self {
            Outcome::Found(entry) => entry.as_ref().map_or(0, Entry::bytes),
            Outcome::Page(page) => page.bytes,
            Outcome::Made(_) | Outcome::Sum(..) | Outcome::Deleted(_) => 0,
        }
    }
}
