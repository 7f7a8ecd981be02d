//! The memory that SQLite takes.
//!
//! A statement may have as many large values at a time as its text has words, and SQLite asks
//! nobody in between. So all of it has a bound, at which a statement fails that wants more.

use std::sync::atomic::{AtomicU64, Ordering};

use rusqlite::ffi;

/// Memory of SQLite for all statements of the program, beside the databases in memory.
pub(crate) const MAX_HEAP: u64 = 512 << 20;

/// Memory of each database for its caches.
const OF_DATABASE: u64 = 16 << 20;

/// The memory of all databases that are open.
static ROOM: AtomicU64 = AtomicU64::new(0);

/// The room of one database, given back when dropped.
#[derive(Debug)]
pub(super) struct Room(u64);

impl Room {
    /// Makes room for a database. `in_memory` are the bytes of one that lies in memory.
    pub(super) fn take(in_memory: u64) -> Room {
        let bytes = OF_DATABASE.saturating_add(in_memory);
        bound(ROOM.fetch_add(bytes, Ordering::SeqCst) + bytes);
        Room(bytes)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        bound(ROOM.fetch_sub(self.0, Ordering::SeqCst) - self.0);
    }
}

/// Sets the bound. Of two calls at a time either may come last: the next one sets it right.
fn bound(room: u64) {
    let most = i64::try_from(MAX_HEAP.saturating_add(room)).unwrap_or(i64::MAX);
    // SAFETY: the function may be called at any time on any thread, and takes a number.
    unsafe { ffi::sqlite3_hard_heap_limit64(most) };
}
